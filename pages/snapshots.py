"""What did we say of each month when it was closed, and is it still so?"""

from __future__ import annotations

import streamlit as st

from pages import _page as page
from pages import _snapshot_list as months
from pages import _snapshot_reading as reading
from pages import _snapshot_restated as became
from pages._panels import opening
from pages._snapshot_exports import exports
from pages._snapshot_sealing import seal

seen = page.view(__file__)
snapshot = reading.chosen(seen)

if snapshot is None:
    found = months.read(seen)
    opening("Snapshots", months.says(seen, found), months.dates(seen))
    months.show(seen, found)
    months.one_by_one(seen)
    seal(seen, found)
else:
    reading.back()
    opening(reading.title(snapshot), reading.says(snapshot), reading.dates(snapshot))
    st.html(reading.notice(snapshot))
    exports(seen, snapshot)
    reading.tiles(seen, snapshot)
    reading.words_of(snapshot)
    reading.cut(snapshot)
    reading.numbers(snapshot)
    reading.promises(snapshot)
    reading.decided(snapshot)
    became.restated(seen, snapshot)
    became.carried(snapshot)
    reading.definitions_of(snapshot)
