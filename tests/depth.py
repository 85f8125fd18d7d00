"""How deep a run looks: the plain one samples, `TANDEM_TESTS=deep` tries everything. Asserts nothing."""

from __future__ import annotations

import os
from typing import TypeVar

__all__ = ["IS_DEEP", "deep"]

IS_DEEP = os.environ.get("TANDEM_TESTS") == "deep"
T = TypeVar("T")


def deep(plain: T, whole: T) -> T:
    """`plain` in the plain run, `whole` in the deep one."""
    return whole if IS_DEEP else plain
