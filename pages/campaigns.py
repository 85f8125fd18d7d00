"""Which campaigns earn their money?"""

from __future__ import annotations

import streamlit as st

from pages import _campaign_leads as who
from pages import _campaign_pictures as pictures
from pages import _campaign_sentences as sentences
from pages import _page as page
from pages._panels import opening

seen = page.view(__file__)
found = pictures.campaigns(seen)
answer = page.ask(seen, pictures.TILES)

opening("Which campaigns earn their money?", sentences.campaigns(seen, found), page.dates(seen, answer))
page.tiles(seen, answer, [pictures.return_tile(seen, found)])
left, right = st.columns(2, gap="small")
with left:
    pictures.leads_and_revenue(seen, found)
with right:
    pictures.revenue_and_cost(seen, found)
pictures.everything(seen, found)
who.leads(seen, found)
page.notes([found.to_date])
