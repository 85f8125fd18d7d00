"""The screen: page setup, shared filters, navigation. Owns no numbers."""

from __future__ import annotations

import logging
import secrets
import time
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from data.company import company_folder
from data.errors import RefreshRunning, TandemError
from data.generations import current
from data.refresh import ensure_generation, refresh_due
from metrics import OpenCompany
from pages import _choices, _theme
from pages._filters import view_from_sidebar, written_out
from pages._health import announce
from pages._page import address
from pages._sealed_beside import beside_sealed
from pages._server import opened, warmed
from pages._words import escape

# Kept for a viewer whose page could not be prepared: what went wrong.
IN_VAIN = "prepared_in_vain"
# The one page whose numbers are not live.
SEALED = "Snapshots"
ICON = Path(__file__).parent / "pages" / "_icon.svg"


def navigation() -> StreamlitPage:
    """The pages, by what one does with them, and the one that is asked for."""
    return st.navigation(
        {
            "Meet": [st.Page("pages/this_week.py", title="This week", icon=":material/today:", default=True)],
            "Understand": [
                st.Page("pages/funnel.py", title="Funnel", icon=":material/filter_alt:"),
                st.Page("pages/campaigns.py", title="Campaigns", icon=":material/campaign:"),
                st.Page("pages/sources.py", title="Sources", icon=":material/alt_route:"),
                st.Page("pages/content.py", title="Content", icon=":material/article:"),
                st.Page("pages/paths.py", title="Paths", icon=":material/route:"),
                st.Page("pages/journey.py", title="Journey of a deal", icon=":material/timeline:"),
                st.Page("pages/why.py", title="Why did it move?", icon=":material/waterfall_chart:"),
                st.Page("pages/ask.py", title="Ask", icon=":material/question_answer:"),
            ],
            "Agree": [
                st.Page("pages/agreement.py", title="Agreement", icon=":material/handshake:"),
                st.Page("pages/handoff.py", title="Hand-off", icon=":material/swap_horiz:"),
                st.Page("pages/qualified_lead.py", title="Qualified lead", icon=":material/verified:"),
                st.Page("pages/personas.py", title="Personas", icon=":material/groups:"),
                st.Page("pages/strategy.py", title="Strategy", icon=":material/flag:"),
                st.Page("pages/aligned.py", title="Alignment", icon=":material/sync_alt:"),
                st.Page("pages/definitions.py", title="Definitions", icon=":material/menu_book:"),
                st.Page("pages/snapshots.py", title=SEALED, icon=":material/inventory_2:"),
                st.Page("pages/data_health.py", title="Data health", icon=":material/health_and_safety:"),
            ],
        },
        expanded=True,
    )


def prepare(company: OpenCompany) -> None:
    """Refresh a company that must be before it is read, with progress on the screen.

    Where that fails and there is data, it is shown as it is, under what went wrong.
    """
    why = refresh_due(company.company)
    if why is None or IN_VAIN in st.session_state:
        return
    # Here, since the ledger's libraries come with it, and no page that is ready waits for those.
    from alignment.verdicts import deliver_verdicts

    with st.container(key="preparing"):
        st.title(escape(company.company.name), anchor=False)
        bar = st.progress(0.0, text=escape(f"{company.company.name} {why}: preparing it"))
        try:
            ensure_generation(
                company.company, lambda doing, share: bar.progress(share, text=escape(doing)), deliver_verdicts
            )
        except RefreshRunning:
            bar.progress(0.5, text="Somebody else has opened it first: the data is being prepared")
            time.sleep(1)
        except TandemError as error:
            if current(company.company) is None:
                raise
            st.session_state[IN_VAIN] = f"{company.company.name} {why}, and could not be refreshed. {error}"
    st.rerun()


def main() -> None:
    st.set_page_config(page_title="Tandem", page_icon=str(ICON), layout="wide")
    page = navigation()
    words = written_out()
    if words is not None or "on_the_way_to" in st.session_state:
        st.switch_page(st.session_state.pop("on_the_way_to", page), query_params=words or address())
    theme = _theme.apply()
    company = opened(str(company_folder()))
    prepare(company)
    session = company.at()
    if (labels := _choices.written_out(session)) is not None:
        st.switch_page(page, query_params=labels)
    if company.problems is not None:
        lines = "  \n".join(escape(problem) for problem in company.problems.problems)
        st.warning(f"A definition file is broken, so the last good definitions are shown:  \n{lines}")
    if IN_VAIN in st.session_state:
        st.warning("  \n".join(escape(line) for line in st.session_state[IN_VAIN].splitlines()))
    if company.damaged is not None:
        st.warning(escape(company.damaged))
    if company.is_outdated:
        st.info("stages.yaml has changed since this data was loaded. It counts after: python tandem.py refresh")
    announce(session)
    seen = st.session_state["view"] = view_from_sidebar(session, theme)
    with beside_sealed(seen, is_live=page.title != SEALED):
        page.run()


def shown() -> None:
    """The screen of one viewer, or in its place what went wrong."""
    try:
        main()
    except TandemError as error:
        st.error("  \n".join(escape(line) for line in str(error).splitlines()))
    except Exception:  # the screen is the one place of its kind that catches everything: it logs it with an id
        fault = secrets.token_hex(4)
        logging.exception("fault %s", fault)
        st.error(f"Something went wrong inside Tandem. The server's log has it under fault {fault}.")


if __name__ == "__main__":  # Streamlit runs this file for each viewer, anew after each click,
    shown()
else:  # and imports it once, as the server starts.
    app = st.App(__file__, lifespan=warmed)
