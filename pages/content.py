"""Which content do buyers see before they buy, and what is missing?"""

from __future__ import annotations

import streamlit as st

from pages import _content_pictures as pictures
from pages import _content_sentences as sentences
from pages import _page as page
from pages._content_requests import requests
from pages._panels import opening

seen = page.view(__file__)
words, chooser = st.container(), st.container()
with chooser:
    model = pictures.choose_model(seen)
found = pictures.pieces(seen, model)

with words:
    title = "Which content do buyers see before they buy?"
    opening(title, sentences.content(seen, found), page.dates_of(seen, found.period, None))
left, right = st.columns(2, gap="small")
with left:
    pictures.credit(seen, found)
with right:
    pictures.readers_of(seen, found)
left, right = st.columns(2, gap="small")
with left:
    pictures.sent(seen, found)
with right:
    pictures.missing(seen, found)
requests(seen, found.coverage)
pictures.everything(seen, found)
page.notes([found.credited])
