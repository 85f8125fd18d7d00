"""What led to this deal?"""

from __future__ import annotations

import streamlit as st

from pages import _journey_pictures as pictures
from pages import _page as page
from pages._panels import opening

seen = page.view(__file__)
words, chooser = st.container(), st.container()
with chooser:
    found, reason = pictures.choose(seen)
with words:
    opening("What led to this deal?", pictures.says(seen, found, reason), pictures.about(found))
if found is not None:
    pictures.timeline(seen, found)
    left, right = st.columns(2, gap="small")
    with left:
        pictures.seen_before(found)
    with right:
        pictures.activities(found)
    pictures.touches(seen, found)
