"""What matters most this quarter, does it come about, and where do the numbers suggest more?"""

from __future__ import annotations

import streamlit as st

from metrics.unknown_names import unknown_in_priorities
from pages import _page as page
from pages import _strategy_pictures as pictures
from pages._panels import opening, show_warnings
from pages._workshops import workshops

seen = page.view(__file__)
head, chooser = st.container(), st.container()
with chooser:
    found = pictures.choose(seen)
areas, reason = pictures.gaps(seen)

with head:
    opening("Strategy", pictures.says(seen, found, areas), pictures.dates(seen, found))
show_warnings(unknown_in_priorities(seen.session))
if found is not None:
    pictures.tiles(seen, found)
    pictures.served(seen, found)
    pictures.campaigns(seen, found)
pictures.areas(seen, areas, reason)
workshops(seen)
