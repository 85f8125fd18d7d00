"""How long work tells what it is doing. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "part_of"]

# Told before each piece of work: what is being done, and the share of the whole that is done already.
Progress = Callable[[str, float], None]


def part_of(progress: Progress, begins: float, ends: float) -> Progress:
    """The progress of a part of the whole, from the share that is done before it to the share that is done after."""
    return lambda doing, done: progress(doing, begins + done * (ends - begins))
