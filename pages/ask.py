"""What is any number, by anything?"""

from __future__ import annotations

import streamlit as st

from pages import _ask_pictures as pictures
from pages import _page as page
from pages import _question as question
from pages._panels import opening

seen = page.view(__file__)
words, chooser = st.container(), st.container()
with chooser:
    query = question.choose(seen)
if query is None:
    with words:
        opening("Ask", "Choose a metric to ask for.", page.dates_of(seen, seen.period, None))
else:
    answer = seen.session.answer(query)
    with words:
        opening("Ask", pictures.says(seen, answer), page.dates_of(seen, seen.period, None))
    pictures.picture(seen, answer)
    question.how_asked(seen, answer)
    page.notes([answer])
