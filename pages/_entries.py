"""Entries of a quiet list: a name or a count, a sentence, facts below. Asks nothing, computes nothing.

Every text is escaped here, so that callers hand over what they have.
"""

from __future__ import annotations

from collections.abc import Sequence

from pages._words import escape

__all__ = ["OWNERS", "count_html", "entry_html", "facts_html", "joined", "notice_html"]

OWNERS = {"marketing": "Marketing", "sales": "Sales", "both": "Both teams"}


def entry_html(
    name: str, says: str, *, owner: str | None = None, more: Sequence[str] = (), is_large: bool = False
) -> str:
    """A word and its sentence for `st.html`, with its owner in the owner's colour; `more` are quiet lines."""
    owned = f'<p class="tandem-owner {owner}">{escape(OWNERS[owner])}</p>' if owner else ""
    lines = "".join(f'<p class="more">{escape(line)}</p>' for line in more if line)
    # Below the page's own title where it stands alone, below the title of its section in a list.
    heading, large = ("h2", " large") if is_large else ("h3", "")
    left = f"<div><{heading}>{escape(name)}</{heading}>{owned}</div>"
    return f'<article class="tandem-entry{large}">{left}<div><p class="says">{escape(says)}</p>{lines}</div></article>'


def count_html(count: str, name: str, says: str) -> str:
    """How many there are of something, what it is and what follows from it."""
    right = f'<div><h3>{escape(name)}</h3><p class="says">{escape(says)}</p></div>'
    return f'<article class="tandem-entry counted"><p class="count">{escape(count)}</p>{right}</article>'


def facts_html(facts: Sequence[tuple[str, str]]) -> str:
    """Pairs of a word and what it is here; those that are empty are left out."""
    rows = "".join(f"<dt>{escape(word)}</dt><dd>{escape(fact)}</dd>" for word, fact in facts if fact)
    return f'<dl class="tandem-facts">{rows}</dl>'


def joined(parts: Sequence[str]) -> str:
    """Parts of a sentence with commas and, before the last, an and."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def notice_html(text: str) -> str:
    """A line that is read before the page is."""
    return f'<p class="tandem-notice" role="status">{escape(text)}</p>'
