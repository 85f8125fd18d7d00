"""The tokens of the look, light and dark, that pages, pictures, sheets, slides and documents share. Only data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["DARK", "LIGHT", "Owner", "Theme"]

Owner = Literal["marketing", "sales", "both"]


@dataclass(frozen=True)
class Theme:
    """The colours of one scheme. Marketing is blue and sales is orange wherever a number has an owner."""

    name: Literal["light", "dark"]
    paper: str
    panel: str
    line: str
    ink: str
    quiet: str
    quiet_on_panel: str  # quiet ink on the panel colour would miss a contrast of 4.5
    marketing: str
    marketing_pale: str
    sales: str
    sales_pale: str
    both_pale: str
    good: str
    good_tint: str
    bad: str
    bad_tint: str

    def color(self, owner: Owner) -> str:
        """The colour of a number by the team it belongs to."""
        return {"marketing": self.marketing, "sales": self.sales, "both": self.ink}[owner]

    def pale(self, owner: Owner) -> str:
        """The same colour stepped back, for what stands beside the highlighted one."""
        return {"marketing": self.marketing_pale, "sales": self.sales_pale, "both": self.both_pale}[owner]


LIGHT = Theme(
    name="light",
    paper="#FCFBF8",
    panel="#F3F1EC",
    line="#E3DFD6",
    ink="#1F2933",
    quiet="#6B7280",
    quiet_on_panel="#5F6773",
    marketing="#2B5C8A",
    marketing_pale="#7A9CC0",
    sales="#C8702A",
    sales_pale="#E0A878",
    both_pale="#9AA0A6",
    good="#2F7D5B",
    good_tint="#E4EFE8",
    bad="#B4483A",
    bad_tint="#F7E6E2",
)

DARK = Theme(
    name="dark",
    paper="#14181D",
    panel="#1C2229",
    line="#2E363F",
    ink="#E8E6E1",
    quiet="#9AA3AD",
    quiet_on_panel="#9AA3AD",
    marketing="#7FB0DD",
    marketing_pale="#466A8B",
    sales="#E8A266",
    sales_pale="#8D6543",
    both_pale="#6F7780",
    good="#5CE488",
    good_tint="#12301F",
    bad="#FF6C6C",
    bad_tint="#3A1A1C",
)
