"""What makes a qualified lead, does the CRM follow it, and what would another rule change?"""

from __future__ import annotations

import streamlit as st

from pages import _page as page
from pages import _proposals as proposals
from pages import _rule_comparison as comparison
from pages import _rule_pictures as pictures
from pages._panels import opening

seen = page.view(__file__)
words, chooser = st.container(), st.container()
with chooser:
    stage = pictures.choose_stage(seen)
drift = pictures.drift_of(seen, stage)

with words:
    opening("Qualified lead", pictures.says(seen, stage, drift), pictures.dates(seen))
if stage is not None:
    pictures.history(seen, stage)
    pictures.scores(seen)
    pictures.drift(seen, drift)
    comparison.show(seen, stage)
    proposals.of_the_rule(seen, stage)
