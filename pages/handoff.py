"""What becomes of the leads that marketing hands over, and who has to be called now?"""

from __future__ import annotations

import streamlit as st

from alignment.worklist import breaking
from pages import _handoffs as pictures
from pages import _page as page
from pages import _speed_to_lead as delays
from pages import _verdicts as ledger
from pages import _worklist as lists
from pages._panels import opening

seen = page.view(__file__)
found, waiting = pictures.read(seen), breaking(seen.session)

opening("Hand-off", pictures.says(seen, found, waiting), page.dates(seen, found.counted))
pictures.tiles(seen, found)
owner = lists.choose_owner(waiting)
lists.worklist(seen, breaking(seen.session, owner) if owner else waiting)
ledger.verdicts(seen)
origin = pictures.choose_origin()
left, right = st.columns(2, gap="small")
with left:
    pictures.rejected_why(seen)
with right:
    pictures.rejected_by(seen, origin)
delays.delays(seen)
page.notes([found.counted, found.lagging])
