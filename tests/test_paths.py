"""Credit of a plain list of paths: known answers, a simulated chain, another exact route, and what is refused."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidFiles, InvalidQuestion
from metrics import markov
from metrics.path_lists import LIST_MODELS, CountedPath, credit_of, read_paths

NINE = [("A",), ("A", "B"), ("A", "B", "C"), ("B",), ("B", "A"), ("B", "C", "A"), ("C",), ("C", "A"), ("C", "B", "A")]
Paths = tuple[CountedPath, ...]


def counted(paths: list[tuple[str, ...]], conversions: float = 3, nulls: float = 0) -> Paths:
    return tuple(CountedPath(path, conversions, conversions, nulls) for path in paths)


def credits_of(paths: Paths, model: str, **more: bool) -> dict[str, float]:
    return {channel: conversions for channel, conversions, _ in credit_of(paths, model, **more).iter_rows()}


@pytest.mark.parametrize(
    ("model", "wanted"),
    [("first", (9, 9, 9)), ("last", (15, 6, 6)), ("linear", (10.5, 9, 7.5)), ("position_based", (11.1, 8.4, 7.5))],
)
def test_the_worked_paths_give_the_worked_credit(model: str, wanted: tuple[float, ...]) -> None:
    assert credits_of(counted(NINE), model) == {
        channel: pytest.approx(value) for channel, value in zip("ABC", wanted, strict=True)
    }


def test_direct_gives_way_to_what_came_before_it() -> None:
    paths = counted([("search", "Direct"), ("direct",), ("direct", "social", "direct", "direct")], 1)
    assert credits_of(paths, "last_non_direct") == {"search": 1, "direct": 1, "social": 1, "Direct": 0}


def test_a_channel_without_which_nothing_converts_takes_what_is_lost_with_it() -> None:
    # Start -> A -> B -> conversion always: without either nothing converts, so both effects are 1.
    assert credits_of(counted([("A", "B")], 10), "markov") == {"A": 5, "B": 5}


def test_nulls_lower_what_a_channel_is_worth() -> None:
    paths = (CountedPath(("A",), 5, 5, 0), CountedPath(("B",), 5, 5, 5))
    # P = 10/15. Without A or without B it is 5/15: paths of one touch share by conversions.
    assert credits_of(paths, "markov") == {"A": pytest.approx(5), "B": pytest.approx(5)}
    mixed = (CountedPath(("A", "B"), 4, 4, 0), CountedPath(("A",), 0, 0, 6), CountedPath(("B",), 2, 2, 2))
    # From A: 4/10 to B, 6/10 to null; from B: 6/8 converts. P = 10/14 * 4/10 * 6/8 + 4/14 * 6/8 = 3/7.
    # Without A: 4/14 * 6/8 = 3/14, effect 1/2. Without B: 0, effect 1.
    assert credits_of(mixed, "markov") == {"B": pytest.approx(4), "A": pytest.approx(2)}


# -- another exact route, and a simulation ---------------------------------------------------------------------------

_channel = st.sampled_from("ABCD")
_lists = st.lists(
    st.tuples(st.lists(_channel, min_size=1, max_size=5), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=6
)


def by_elimination(paths: Paths, removed: str | None) -> Fraction:
    """The probability of a conversion by Gaussian elimination of states in whole fractions."""
    counts: dict[tuple[str, str], Fraction] = {}
    for one in paths:
        weight = Fraction(one.conversions) + Fraction(one.nulls)
        for before, after in pairwise(("<", *one.channels)):
            counts[before, after] = counts.get((before, after), Fraction(0)) + weight
        for end, count in (("+", one.conversions), ("-", one.nulls)):
            counts[one.channels[-1], end] = counts.get((one.channels[-1], end), Fraction(0)) + Fraction(count)
    totals: dict[str, Fraction] = {}
    for (before, _), count in counts.items():
        totals[before] = totals.get(before, Fraction(0)) + count
    chance: dict[tuple[str, str], Fraction] = {}
    for (before, after), count in counts.items():
        if not totals[before]:
            continue
        end = "-" if after == removed else after
        chance[before, end] = chance.get((before, end), Fraction(0)) + count / totals[before]
    for state in {channel for one in paths for channel in one.channels}:
        chance = without(chance, state)
    return chance.get(("<", "+"), Fraction(0))


def without(chance: dict[tuple[str, str], Fraction], state: str) -> dict[tuple[str, str], Fraction]:
    """The same chain with one state passed through at once, its loops included."""
    stays = chance.get((state, state), Fraction(0))
    found = {pair: value for pair, value in chance.items() if state not in pair}
    for (before, after), entering in chance.items():
        if after == state and before != state:
            for (through, end), leaving in chance.items():
                if through == state and end != state:
                    found[before, end] = found.get((before, end), Fraction(0)) + entering * leaving / (1 - stays)
    return found


@settings(max_examples=120, deadline=None, database=None, derandomize=True)
@given(_lists)
def test_removal_effects_equal_another_exact_route(given_paths: list[tuple[list[str], int, int]]) -> None:
    paths = tuple(CountedPath(tuple(path), won, won, lost) for path, won, lost in given_paths if won + lost)
    counts = markov.transitions((one.channels, one.conversions, one.nulls) for one in paths)
    full = by_elimination(paths, None)
    for channel, effect in markov.removal_effects(counts).items():
        lost = 1 - by_elimination(paths, str(channel)) / full if full else Fraction(0)
        assert effect == pytest.approx(float(lost), abs=1e-9)


def test_removal_effects_equal_a_simulated_chain() -> None:
    paths = (
        CountedPath(("A", "B", "A", "C"), 5, 5, 2), CountedPath(("B", "B"), 3, 3, 9), CountedPath(("C", "A"), 1, 1, 4),
    )  # fmt: skip
    # A step is drawn out of the list of all that followed, written out one by one.
    following: dict[str, list[str]] = {}
    for one in paths:
        for end, times in (("won", int(one.conversions)), ("lost", int(one.nulls))):
            for before, after in pairwise(("start", *one.channels, end)):
                following.setdefault(before, []).extend([after] * times)
    chance, runs = random.Random(7), 20_000

    def converted(removed: str | None) -> float:
        won = 0
        for _ in range(runs):
            state = "start"
            while state not in ("won", "lost"):
                state = chance.choice(following[state])
                state = "lost" if state == removed else state
            won += state == "won"
        return won / runs

    full = converted(None)
    counts = markov.transitions((one.channels, one.conversions, one.nulls) for one in paths)
    effects = markov.removal_effects(counts)
    assert effects.keys() == {"A", "B", "C"}
    for channel, effect in effects.items():
        left = converted(str(channel))
        # The standard error of a quotient of two shares; four of them hold nearly always.
        error = left / full * sqrt((1 - left) / (runs * left) + (1 - full) / (runs * full))
        assert 0 < error < 0.02
        assert abs(effect - (1 - left / full)) <= 4 * error


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(_lists, st.sampled_from(LIST_MODELS), st.booleans())
def test_all_conversions_and_all_value_are_shared_out(
    given_paths: list[tuple[list[str], int, int]], model: str, collapse: bool
) -> None:
    paths = tuple(CountedPath(tuple(path), won, 10.5 * won, lost) for path, won, lost in given_paths if won + lost)
    frame = credit_of(paths, model, collapse=collapse)
    assert frame["conversions"].sum() == pytest.approx(sum(one.conversions for one in paths))
    assert frame["value"].sum() == pytest.approx(sum(one.value for one in paths))


def test_repeats_count_once_where_they_are_collapsed() -> None:
    paths = counted([("A", "B", "B", "C")], 1)
    assert credits_of(paths, "linear") == {"B": 0.5, "A": 0.25, "C": 0.25}
    assert credits_of(paths, "linear", collapse=True) == {name: pytest.approx(1 / 3) for name in "ABC"}


# -- files -----------------------------------------------------------------------------------------------------------


def write(folder: Path, text: str) -> Path:
    path = folder / "paths.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_with_its_optional_columns(tmp_path: Path) -> None:
    found = read_paths(write(tmp_path, "path,conversions,value,nulls\nsearch > social,2,30.5,4\nsearch,1,,\n"))
    assert found == (CountedPath(("search", "social"), 2, 30.5, 4), CountedPath(("search",), 1, 0, 0))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "way,conversions\nA,1\n",
            ":1:1: the column 'path' is missing. A list of paths has: path, conversions, value, nulls.",
        ),
        (
            "path,conversions\nA > > B,1\n",
            ":2:1: 'path' is 'A > > B'; write channels joined by ' > ', such as search > social.",
        ),
        ("path,conversions\nA,one\n", ":2:1: 'conversions' is 'one'; write a number from 0, such as 12 or 340.5."),
        ("path,conversions\nA,1\nB,-1\n", ":3:1: 'conversions' is '-1'; write a number from 0, such as 12 or 340.5."),
        ("path,conversions,nulls\nA,1,nan\n", ":2:1: 'nulls' is 'nan'; write a number from 0, such as 12 or 340.5."),
    ],
)
def test_a_wrong_file_says_where_and_what(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidFiles) as told:
        read_paths(write(tmp_path, text))
    assert str(told.value).endswith(says)


def test_a_model_that_needs_more_than_a_list_names_those_that_do_not() -> None:
    with pytest.raises(InvalidQuestion, match="'w_shaped': a list of paths knows no milestones and no days"):
        credit_of(counted(NINE), "w_shaped")
    with pytest.raises(InvalidQuestion, match="'marcov': a list of paths has no such model"):
        credit_of(counted(NINE), "marcov")
