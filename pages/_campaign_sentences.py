"""What campaigns earn, in sentences: Markdown whose text from data is escaped. Computes nothing."""

from __future__ import annotations

import polars as pl

from metrics.findings import Earner, paid_back
from metrics.model_ranges import always_first, sometimes_first
from pages._campaign_credit import Credited
from pages._campaign_pictures import PER_LEAD, Campaigns
from pages._page import View, words
from pages._words import count, escape, strong

__all__ = ["campaigns", "models"]

FIRST, MOST_NAMED = 3, 3


def campaigns(seen: View, found: Campaigns) -> str:
    """How many earned back what they cost, and who is farthest from the average on either side."""
    said = [] if found.reason is None else [f"{escape(found.reason)} Channels stand in their place."]
    if not found.earners:
        reasons = [found.to_date.reasons.get(name) for name in ("sourced_revenue", "leads")]
        said.append(escape(next((reason for reason in reasons if reason), f"No lead has a {found.dimension} yet.")))
        return " ".join([*said, _most_leads(found)]).strip()
    below = next((earner for earner in found.earners if earner.surplus < 0), None)
    above = next((earner for earner in found.earners if earner.surplus > 0), None)
    said.append(_paid_back(found))
    said += [_below(seen, found, below)] if below else []
    said += [_above(seen, found, above)] if above else []
    return " ".join(sentence for sentence in said if sentence)


def models(found: Campaigns, credit: Credited) -> str:
    """Whether the model decides who is first, and on which side of 1 a return is."""
    ranges = credit.revenue
    if not ranges.found:
        return escape(ranges.reason or "Nothing is credited yet.")
    return " ".join(sentence for sentence in (_first(found, credit), _sides(found, credit)) if sentence)


def _first(found: Campaigns, credit: Credited) -> str:
    every = f"whichever of the {len(credit.revenue.models)} models shares out revenue"
    always = _names(found, always_first(credit.revenue.found, FIRST))
    some = _names(found, sometimes_first(credit.revenue.found, FIRST))
    if not some:
        return f"The first are {always}, {every}." if always else ""
    if not always:
        return f"Who is among the first {FIRST} {strong('depends on the model')}: {some}."
    return (
        f"{always} {'is' if ' and ' not in always else 'are'} among the first {FIRST} {every}; {some} by some of them."
    )


def _sides(found: Campaigns, credit: Credited) -> str:
    paid = [one for one in credit.revenue.found if one.group is not None and one.earned_back is not None]
    turning = [one for one in paid if one.return_depends]
    if not paid:
        return ""
    if not turning:
        return f"Each return is {strong('on the same side of 1')} under every model."
    names = _names(found, [str(one.group) for one in turning])
    have = "has" if len(turning) == 1 else "have"
    return f"Whether {names} {have} earned back what was spent {strong('depends on the model')}."


def _names(found: Campaigns, groups: list[str]) -> str:
    """Up to three by name, and how many more."""
    said = [strong(found.name(group)) for group in groups[:MOST_NAMED]]
    said += [f"{len(groups) - MOST_NAMED} more"] if len(groups) > MOST_NAMED else []
    return " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else "".join(said)


def _most_leads(found: Campaigns) -> str:
    """Where nothing is known of money, what is known."""
    named = found.to_date.frame.filter(pl.col(found.dimension).is_not_null() & (pl.col("leads").fill_null(0) > 0))
    if named.is_empty():
        return ""
    group, leads = (
        named.sort("leads", found.dimension, descending=[True, False]).select(found.dimension, "leads").row(0)
    )
    return f"{strong(found.name(group))} brought the most leads to date ({escape(count(leads))})."


def _paid_back(found: Campaigns) -> str:
    paid, of = paid_back(found.earners)
    if not of:
        return ""
    if of == 1:
        return f"The one {found.dimension} with spend has {'' if paid else 'not '}earned back what it cost."
    many = "All" if paid == of else "None" if not paid else count(paid)
    have = "has" if many in ("None", "1") else "have"
    return f"{strong(f'{many} of {of} {found.dimension}s with spend {have} earned back what they cost')}."


def _below(seen: View, found: Campaigns, earner: Earner) -> str:
    name, leads = strong(found.name(earner.group)), _leads(earner)
    since = f" since {escape(found.since[earner.group])}" if earner.group in found.since else ""
    usual = escape(words(seen, PER_LEAD, earner.expected))
    if not earner.revenue:
        return f"{name} brought {leads} and {strong('no revenue')}{since}, where as many usually bring {usual}."
    revenue = strong(words(seen, "sourced_revenue", earner.revenue))
    return f"{name} brought {leads} and only {revenue}{since}, where as many usually bring {usual}."


def _above(seen: View, found: Campaigns, earner: Earner) -> str:
    name, leads = strong(found.name(earner.group)), _leads(earner)
    revenue, usual = strong(words(seen, "sourced_revenue", earner.revenue)), words(seen, PER_LEAD, earner.expected)
    return f"{name} is the other way round: {leads} and {revenue}, where as many usually bring {escape(usual)}."


def _leads(earner: Earner) -> str:
    return f"{escape(count(earner.leads))} {'lead' if earner.leads == 1 else 'leads'}"
