"""What do our words mean?"""

from __future__ import annotations

import streamlit as st

from metrics.dictionary import entries, find
from pages import _glossary as glossary
from pages import _page as page
from pages._entries import notice_html
from pages._panels import opening

seen = page.view(__file__)
found = entries(seen.session)

opening(
    "What do our words mean?",
    glossary.says(found, seen.session.company.name),
    glossary.whose(seen.session),
)
section, words = glossary.choose()
name = st.query_params.get("name")
wanted = find(found, name) if name else None
if isinstance(wanted, str):
    st.html(notice_html(wanted))
if wanted is None or isinstance(wanted, str):
    glossary.listed(seen.session, found, section, words)
else:
    glossary.alone(seen.session, wanted)
