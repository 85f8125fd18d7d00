"""Which sources bring the most customers, and the best?"""

from __future__ import annotations

import streamlit as st

from pages import _deal_origins
from pages import _page as page
from pages import _source_pictures as pictures
from pages import _source_sentences as sentences
from pages._panels import opening
from pages._sales_says import sales_says

seen = page.view(__file__)
words, chooser = st.container(), st.container()
with chooser:
    dimension = pictures.choose_dimension()
found = pictures.quality(seen, dimension)
customers = page.ask(seen, ("customers",), by=(dimension,))

with words:
    title = "Which sources bring the most customers, and the best?"
    opening(title, sentences.sources(seen, customers, found), page.dates(seen, customers) + sentences.dates(found))
left, right = st.columns(2, gap="small")
with left:
    pictures.brought(seen, dimension, "customers", "Which bring the most customers?")
with right:
    pictures.brought(seen, dimension, "leads", "Which bring the most leads?")
left, right = st.columns(2, gap="small")
with left:
    pictures.converts(seen, found)
with right:
    pictures.earns(seen, found)
sales_says(seen, dimension, found.names, pictures.year(seen))
_deal_origins.origins(seen)
page.notes([customers, found.answer])
