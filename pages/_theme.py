"""The style sheet of the pages, made of the tokens, and which scheme a viewer sees. Draws nothing.

Only `current` and `apply` need Streamlit.
"""

from __future__ import annotations

from alignment.tokens import DARK, LIGHT, Owner, Theme

__all__ = ["DARK", "FONT", "ICON", "LIGHT", "Owner", "Theme", "apply", "current", "style_sheet"]

# Two circles that overlap: what the teams share. Streamlit fetches named icons from another host, but not this one.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="12" cy="16" r="9" fill="#2B5C8A"/>'
    '<circle cx="20" cy="16" r="9" fill="#C8702A" fill-opacity="0.85"/></svg>'
)
FONT = "Source Sans"  # the name under which Streamlit serves its own face

# One grammar for all of it: what Streamlit's own theme options cannot say.
_RULES = """
.stMainBlockContainer {{ max-width: 1280px; }}
.stApp {{ font-variant-numeric: tabular-nums; }}
[data-testid="stCaptionContainer"] {{ opacity: 1; }}
.stMain [data-testid="stCaptionContainer"], .stMain [data-testid="stCaptionContainer"] p {{ color: {quiet}; }}
.stSidebar [data-testid="stCaptionContainer"], .stSidebar [data-testid="stCaptionContainer"] p {{
  color: {quiet_on_panel};
}}
.stMain .stHeading h1 {{ padding: 0 0 0.75rem; }}
.stMain .stHeading h2 {{ padding: 0 0 0.6rem; }}
.stMain .stButton button[kind="tertiary"] {{
  color: {quiet}; min-height: 0; padding: 0; font-weight: 400;
}}
.stMain .stButton button[kind="tertiary"] p {{ font-size: 0.87rem; }}
.stMain .stButton button[kind="tertiary"]:hover {{ color: {ink}; text-decoration: underline; }}
.stMain .stExpander summary {{ opacity: 1; }}
.stMain .stExpander summary :is(p, span) {{ color: {quiet}; }}
.stMain .stExpander summary:hover :is(p, span) {{ color: {ink}; }}
.tandem-tile {{
  display: grid; grid-template: auto auto 1fr auto / auto minmax(0, 1fr); column-gap: 1rem; color: {ink};
}}
.tandem-tile p {{ margin: 0; overflow-wrap: anywhere; }}
.tandem-tile .label {{ grid-column: 1 / -1; font-size: 0.93rem; line-height: 1.35; }}
.tandem-tile .value {{ font-size: 1.87rem; font-weight: 600; line-height: 1.25; white-space: nowrap; }}
.tandem-tile .value.none {{ color: {quiet}; }}
.tandem-tile .change {{
  grid-column: 1; place-self: start; margin-top: 0.25rem; font-size: 0.87rem; line-height: 1.55; color: {quiet};
}}
.tandem-tile .change.good, .tandem-tile .change.bad {{ padding: 0 0.55rem; border-radius: 1rem; color: {ink}; }}
.tandem-tile .change.good {{ background: {good_tint}; }}
.tandem-tile .change.bad {{ background: {bad_tint}; }}
.tandem-tile .change.good .arrow {{ color: {good}; font-weight: 600; }}
.tandem-tile .change.bad .arrow {{ color: {bad}; font-weight: 600; }}
.tandem-tile .history {{ grid-area: 2 / 2 / span 2; place-self: center end; display: block; max-width: 100%; }}
.tandem-tile .target {{ grid-row: 4; grid-column: 1 / -1; margin-top: 0.6rem; font-size: 0.87rem; line-height: 1.45; }}
.tandem-tile .target + .foot {{ margin-top: 0.15rem; }}
.tandem-tile .foot {{
  grid-row: 5; grid-column: 1 / -1; margin-top: 0.6rem; padding-right: 6rem;
  font-size: 0.87rem; line-height: 1.45; color: {quiet};
}}
[class*="st-key-tile_"]:not(:has(.stButton)) .tandem-tile .foot {{ padding-right: 0; }}
.tandem-tile .foot.reason {{ grid-row: 3; margin-top: 0.25rem; padding-right: 0; }}
.st-key-tiles .stGridCell {{ position: relative; }}
[class*="st-key-tile_"] {{ position: static; }}
[class*="st-key-tile_"] > :has(.tandem-tile), :has(> .tandem-tile), .tandem-tile {{ flex: 1; height: 100%; }}
[class*="st-key-tile_"] > :has(.stButton) {{
  position: absolute; right: calc(1rem - 1px); bottom: calc(1rem - 1px); width: auto;
}}
[class*="st-key-rows_"] p span, [class*="st-key-why_"] p span, [class*="st-key-more_"] summary p span {{
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}}
@media (min-width: 640px) {{ .st-key-tiles {{ grid-auto-rows: 1fr; }} }}
[class*="st-key-panel_"] {{ position: relative; }}
[class*="st-key-panel_"] > :has(.stPlotlyChart) {{ margin-block: auto; }}
.stHorizontalBlock:has(details[open]) [class*="st-key-panel_"] > :has(.stPlotlyChart) {{ margin-block: 0 auto; }}
[class*="st-key-panel_"]:not(:has(details[open])) > :has(> .stButton) {{
  position: absolute; right: calc(1rem - 1px); bottom: calc(1rem + 1px); width: auto;
}}
.tandem-entry {{
  display: grid; grid-template-columns: minmax(0, 15rem) minmax(0, 1fr); column-gap: 2rem;
  border-top: 1px solid {line}; padding-top: 1rem; color: {ink};
}}
.tandem-entry :is(p, h2, h3) {{ margin: 0; padding: 0; overflow-wrap: anywhere; }}
.tandem-entry h3 {{ font-size: 1rem; font-weight: 600; line-height: 1.5; }}
.tandem-entry .says {{ font-size: 1rem; line-height: 1.5; max-width: 44rem; }}
.tandem-entry .more {{ margin-top: 0.2rem; font-size: 0.87rem; line-height: 1.5; color: {quiet}; max-width: 44rem; }}
.tandem-entry.counted {{ grid-template-columns: minmax(0, 11rem) minmax(0, 1fr); }}
.tandem-entry .count {{ font-size: 1.27rem; font-weight: 600; line-height: 1.25; }}
.tandem-entry.large {{ display: block; border-top: 0; padding-top: 0; }}
.tandem-entry h2 {{ font-size: 1.4rem; font-weight: 600; line-height: 1.5; }}
.tandem-entry.large .says {{ font-size: 1.27rem; margin-top: 0.75rem; }}
.tandem-entry.large .more {{ margin-top: 0.6rem; font-size: 1rem; }}
.tandem-owner {{ display: flex; align-items: center; gap: 0.45rem; font-size: 0.87rem; color: {quiet}; }}
.tandem-owner::before {{ content: ""; width: 0.6rem; height: 0.6rem; border-radius: 50%; background: {ink}; }}
.tandem-owner.marketing::before {{ background: {marketing}; }}
.tandem-owner.sales::before {{ background: {sales}; }}
.tandem-facts {{
  display: grid; grid-template-columns: minmax(0, 9rem) minmax(0, 1fr); gap: 0.35rem 1.25rem; margin: 0;
  font-size: 0.93rem; line-height: 1.5; color: {ink}; max-width: 60rem;
}}
.stHtml .tandem-facts {{ padding: 0; }}
.tandem-facts dt {{ margin: 0; font-weight: 400; color: {quiet}; }}
.tandem-facts dd {{ margin: 0; overflow-wrap: anywhere; }}
.tandem-notice {{
  margin: 0; padding: 0.5rem 0.9rem; border: 1px solid {line}; border-radius: 0.5rem; background: {panel};
  font-size: 0.93rem; line-height: 1.5; color: {ink};
}}
[class*="st-key-entry_"], [class*="st-key-gap_"] {{ padding-bottom: 0.9rem; }}
:is(.st-key-definitions, .st-key-lacking, .st-key-quality) .stHeading {{ margin-top: 1.25rem; }}
:is(.st-key-lacking, .st-key-quality) .stHeading {{ margin-bottom: 0.6rem; }}
/* The way to the rest of an entry stands at its right end; what it opens stands below. */
[class*="st-key-entry_"] {{ position: relative; }}
[class*="st-key-entry_"] :is(.stLayoutWrapper, .stElementContainer, .stExpander, details) {{ position: static; }}
[class*="st-key-entry_"] summary {{ position: absolute; top: 1rem; right: 0; width: auto; padding: 0; min-height: 0; }}
[class*="st-key-entry_"] .tandem-entry {{ padding-right: 5rem; }}
[class*="st-key-path_"] {{ border-top: 1px solid {line}; padding-top: 0.4rem; }}
[class*="st-key-path_"] .stMarkdownBadge {{
  color: {ink} !important; background: {panel} !important; border: 1px solid {marketing}; line-height: 1.7;
  white-space: normal;
}}
[class*="st-key-path_"] .stHorizontalBlock {{ row-gap: 0.25rem; }}
[class*="st-key-numbers_"] {{ flex-wrap: nowrap; }}
/* White, as Streamlit has it, is too faint on the light blue of the dark scheme. */
[data-testid="stMultiSelectTagsContainer"] [data-tag], [data-testid="stMultiSelectTagsContainer"] [data-tag] * {{
  color: {paper} !important;
}}
@media (min-width: 640px) {{
  [class*="st-key-entry_"] > :not(:has(.tandem-entry)) {{ margin-left: 17rem; width: auto; }}
  [class*="st-key-gap_"] > :not(:has(.tandem-entry)) {{ margin-left: 13rem; width: auto; }}
}}
@media (max-width: 640px) {{
  .tandem-entry, [class*="st-key-entry_"] .tandem-entry {{ display: block; padding-right: 0; }}
  [class*="st-key-entry_"] .tandem-entry h3 {{ padding-right: 5rem; }}
  .tandem-entry .says {{ margin-top: 0.35rem; }}
  .tandem-facts {{ display: block; }}
  .stMain .stButtonGroup [role="radiogroup"] button {{ padding-inline: 0.5rem; }}
  .tandem-facts dd {{ margin: 0 0 0.5rem; }}
}}
@media print {{
  .stSidebar, .stAppHeader, .stMain .stButton {{ display: none !important; }}
  .stApp, .stMain {{ position: static !important; overflow: visible !important; }}
  .stMainBlockContainer {{ max-width: none; padding-top: 0; }}
  .stLayoutWrapper, .stPlotlyChart {{ break-inside: avoid; }}
  * {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
}}
"""


def style_sheet(theme: Theme) -> str:
    """The CSS of every page, coloured by the tokens."""
    return _RULES.format_map(vars(theme))


def current() -> Theme:
    """The scheme the viewer's browser shows; light where it has not said."""
    import streamlit as st

    return DARK if st.context.theme.type == "dark" else LIGHT


def apply() -> Theme:
    """Put the style sheet on the page, once per run, and return the theme it was made of."""
    import streamlit as st

    theme = current()
    st.html(f"<style>{style_sheet(theme)}</style>")
    return theme
