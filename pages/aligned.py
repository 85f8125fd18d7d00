"""Do the two teams work together as they agreed, and what should they do next?"""

from __future__ import annotations

import streamlit as st

from alignment.colleagues import people_of
from alignment.habit import growth_of, habit_of
from alignment.ledger import Ledger
from alignment.monthly_answers import answers_of
from pages import _habit_pictures as pictures
from pages import _page as page
from pages._monthly_answers import monthly_answers
from pages._panels import opening

seen = page.view(__file__)
ledger = Ledger.open(seen.session.company)
answers, through = answers_of(ledger), seen.session.through
month = f"{through:%Y-%m}" if through is not None else ""
found = habit_of(seen.session, [entry.content for entry in answers.entries], month)
growth = growth_of(seen.session)

opening("Alignment", pictures.says(found), pictures.dates(seen, found))
if found is not None and growth is not None:
    pictures.tiles(seen, found)
    left, right = st.columns(2, gap="small")
    with left:
        pictures.next_steps(found)
    with right:
        pictures.growth(seen, growth)
    monthly_answers(ledger, people_of(seen.session), answers, month)
