"""Why did it move?"""

from __future__ import annotations

import streamlit as st

from pages import _page as page
from pages import _why_pictures as pictures
from pages._panels import opening

seen = page.view(__file__)
words, chooser = st.container(), st.container()
with chooser:
    metric, split, model = pictures.choose(seen)
found = pictures.movement(seen, metric, split, model)

with words:
    opening("Why did it move?", pictures.says(seen, found), page.dates_of(seen, found.period, found.compared))
left, right = st.columns([2, 1], gap="small")
with left:
    pictures.waterfall(seen, found)
with right:
    pictures.others(seen, found)
page.said(found.notes)
