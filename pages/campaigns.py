"""Which campaigns earn their money, and does that hang on the attribution model?"""

from __future__ import annotations

import streamlit as st

from pages import _campaign_credit as credits
from pages import _campaign_leads as who
from pages import _campaign_pictures as pictures
from pages import _campaign_sentences as sentences
from pages import _campaign_table as numbers
from pages import _campaign_tiles as tiles
from pages import _page as page
from pages._panels import opening
from pages._sales_says import sales_says

seen = page.view(__file__)
found = pictures.campaigns(seen)
answer, cost = page.ask(seen, pictures.TILES), tiles.cost(seen)

opening("Which campaigns earn their money?", sentences.campaigns(seen, found), page.dates(seen, answer))
page.tiles(seen, answer, [tiles.return_tile(seen, found), tiles.cost_tile(seen, cost)])
left, right = st.columns(2, gap="small")
with left:
    pictures.leads_and_revenue(seen, found)
with right:
    pictures.revenue_and_cost(seen, found)
narrow, wide = st.columns([1, 2], gap="small", vertical_alignment="bottom")
with narrow:
    model = credits.choose_model(seen)
credit = credits.credited(seen, found, model)
with wide:
    st.markdown(sentences.models(found, credit))
left, right = st.columns(2, gap="small")
with left:
    credits.range_picture(seen, found, credit, credits.REVENUE)
with right:
    credits.range_picture(seen, found, credit, credits.PIPELINE)
numbers.everything(seen, found, credit)
sales_says(seen, found.dimension, found.names, None)
who.leads(seen, found)
page.notes([found.to_date, cost, credit.answer])
