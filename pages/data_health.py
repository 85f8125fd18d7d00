"""Can we trust today's data?"""

from __future__ import annotations

import streamlit as st

from metrics.gaps import gaps
from metrics.health import overview
from pages import _health as health
from pages import _page as page
from pages._attribution_health import attribution
from pages._gone_records import gone_records
from pages._panels import opening

seen = page.view(__file__)
found, lacking = overview(seen.session), gaps(seen.session)

opening(
    "Can we trust today's data?",
    health.said(found, lacking),
    health.dates(seen.session),
)
health.tiles(seen, found, lacking)
health.sources(seen.session)
health.in_quarantine(seen.session)
health.missing(seen, lacking)
attribution(seen)
gone_records(seen)
left, middle, right = st.columns(3, gap="small")
with left:
    health.campaigns(seen.session)
with middle:
    health.left_out(seen.session)
with right:
    health.checked(seen.session)
