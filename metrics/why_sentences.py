"""Why a metric moved, in a sentence or three. Computes nothing; how numbers and names are written is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from data.calendar import Period
from metrics.contributions import MOST_NAMED, Effect
from metrics.why import Movement, Split

__all__ = ["Wording", "sentence"]

# A group is named if it has at least this part of all movement.
_WORTH_NAMING = 0.1


@dataclass(frozen=True)
class Wording:
    """How a front end writes: a value, a difference without its sign, a fraction, days, text and what matters most."""

    number: Callable[[float], str]
    difference: Callable[[float], str]
    share: Callable[[float], str]
    span: Callable[[Period], str]
    text: Callable[[str], str] = str
    strong: Callable[[str], str] = str
    minus: str = "-"

    def signed(self, value: float) -> str:
        return f"{'+' if value > 0 else self.minus if value < 0 else ''}{self.difference(abs(value))}"


def sentence(found: Movement, label: str, dimension: str, names: Mapping[str, str], wording: Wording) -> str:
    """How far the metric moved, whether chance would do that, and who moved it; or the reason why nobody can tell.

    `label` and `dimension` are the words for the metric and the chosen dimension, `names` those for its values.
    """
    if found.reason is not None or found.chosen is None:
        return wording.text(found.reason or "")
    said = [_headline(found, label, wording)]
    if found.is_chance and found.change:
        said.append("A difference this small also comes by chance.")
    if found.is_ratio and found.change:
        said.append(_rate_and_mix(found.chosen, dimension, wording))
    said.append(_who(found, found.chosen, dimension, names, wording))
    return " ".join(part for part in said if part)


def _headline(found: Movement, label: str, wording: Wording) -> str:
    before, after, change = found.before or 0, found.after or 0, found.change
    against = f"against {wording.text(wording.span(found.compared))}"
    if not change:
        return f"{wording.text(label)} stayed at {wording.strong(wording.number(after))} {against}."
    verb = "rose" if change > 0 else "fell"
    size = wording.difference(abs(change))
    by_share = f" ({wording.text(wording.share(abs(change / before)))})" if before > 0 and not _is_rate(found) else ""
    ends = f"from {wording.text(wording.number(before))} to {wording.text(wording.number(after))}"
    return f"{wording.strong(f'{label} {verb} by {size}')}{by_share} {against}, {ends}."


def _is_rate(found: Movement) -> bool:
    return found.unit == "ratio"


def _rate_and_mix(split: Split, dimension: str, wording: Wording) -> str:
    rate, mix = sum(effect.rate or 0 for effect in split.effects), sum(effect.mix or 0 for effect in split.effects)
    inside, between = wording.text(wording.signed(rate)), wording.text(wording.signed(mix))
    word = wording.text(dimension.lower())
    return f"Of this, {inside} come from within each {word} and {between} from their mix."


def _who(found: Movement, split: Split, dimension: str, names: Mapping[str, str], wording: Wording) -> str:
    word = wording.text(dimension.lower())
    if not split.stands_out:
        return f"By {word} nothing stands out: the groups moved about as their size would have it."
    movement = sum(abs(effect.effect) for effect in split.effects)
    direction = 1 if found.change >= 0 else -1
    large = [effect for effect in split.effects if abs(effect.effect) >= _WORTH_NAMING * movement]
    along = [effect for effect in large if effect.effect * direction > 0][:MOST_NAMED]
    against = [effect for effect in large if effect.effect * direction < 0][: MOST_NAMED - 1]

    def named(effects: list[Effect]) -> str:
        told = [
            f"{wording.strong(_name(effect, dimension, names))} ({wording.text(wording.signed(effect.effect))})"
            for effect in effects
        ]
        return " and ".join(part for part in (", ".join(told[:-1]), *told[-1:]) if part)

    if not found.change:
        return f"By {word}, {named([*along, *against])} even out."
    verb = "accounts" if len(along) == 1 else "account"
    covered = sum(effect.effect for effect in along) / found.change
    much = "for all of it" if covered >= 1 else "for most of it" if covered > 0.5 else "for a part of it"
    other = f"; {named(against)} went the other way" if against else ""
    if not along:
        return f"By {word} it is spread over many groups{other}."
    return f"By {word}, {named(along)} {verb} {much}{other}."


def _name(effect: Effect, dimension: str, names: Mapping[str, str]) -> str:
    return f"no {dimension.lower()}" if effect.group is None else names.get(effect.group, str(effect.group))
