"""Which journeys lead to a deal?"""

from __future__ import annotations

import streamlit as st

from pages import _page as page
from pages import _path_list as listed
from pages import _path_pictures as pictures
from pages import _path_sentences as sentences
from pages._panels import opening

seen = page.view(__file__)
found = pictures.paths(seen)

opening("Which journeys lead to a deal?", sentences.paths(found), page.dates_of(seen, found.period, None))
listed.journeys(seen, found)
left, right = st.columns(2, gap="small")
with left:
    pictures.role(seen, found, "opens")
with right:
    pictures.role(seen, found, "closes")
left, right = st.columns(2, gap="small")
with left:
    pictures.role(seen, found, "helps")
with right:
    pictures.removals(seen, found)
left, right = st.columns(2, gap="small")
with left:
    pictures.length(seen, found, "touches")
with right:
    pictures.length(seen, found, "days")
page.said(sentences.left_out(seen, found))
