"""An empty deck of wide slides in the look: its theme has the font and the colours, so that added slides have them.

A presentation cannot carry Source Sans. Its font is Arial: computers that show slides have it, or one of its widths.
"""

from __future__ import annotations

import re
from typing import Any

from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.util import Pt

from alignment.tokens import LIGHT

__all__ = ["SLIDE", "empty_deck"]

SLIDE = (960.0, 540.0)  # in points
SLIDE_FONT = "Arial"
# Which colour of a theme is which token: the first two of charts are those of the teams.
_COLORS = {
    "dk1": LIGHT.ink, "lt1": "#FFFFFF", "dk2": LIGHT.quiet, "lt2": LIGHT.panel, "accent1": LIGHT.marketing,
    "accent2": LIGHT.sales, "accent3": LIGHT.marketing_pale, "accent4": LIGHT.sales_pale, "accent5": LIGHT.good,
    "accent6": LIGHT.bad, "hlink": LIGHT.marketing, "folHlink": LIGHT.quiet,
}  # fmt: skip


def empty_deck() -> Any:
    """A presentation without slides."""
    deck = Presentation()
    stretched = Pt(SLIDE[0]) / (deck.slide_width or 1)
    deck.slide_width, deck.slide_height = (Pt(length) for length in SLIDE)
    master = deck.slide_masters[0]
    for page in (master, *master.slide_layouts):
        for shape in page.placeholders:
            # One without a place of its own has that of the master.
            if shape.element.spPr.find("{*}xfrm") is not None:
                shape.left, shape.width = round(shape.left * stretched), round(shape.width * stretched)
    theme = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme._blob = _in_the_look(theme.blob)  # the library has no other way to write a theme
    return deck


def _in_the_look(theme: bytes) -> bytes:
    """The theme with the font of slides and the colours of the look in place of its own."""
    text = re.sub(r'<a:latin typeface="[^"]*"/>', f'<a:latin typeface="{SLIDE_FONT}"/>', theme.decode("utf-8"))
    for name, color in _COLORS.items():
        value = f'<a:{name}><a:srgbClr val="{color.removeprefix("#")}"/></a:{name}>'
        text = re.sub(rf"<a:{name}>.*?</a:{name}>", value, text)
    return text.encode("utf-8")
