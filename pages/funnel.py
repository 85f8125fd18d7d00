"""Where do leads stop?"""

from __future__ import annotations

import streamlit as st

from pages import _page as page
from pages import _pictures as pictures
from pages import _sentences as sentences
from pages._panels import opening
from pages._survival_pictures import how_long

seen = page.view(__file__)
cohort = pictures.step_cohort(seen)

opening("Where do leads stop?", sentences.funnel(seen, cohort), sentences.cohort_dates(seen, cohort))
chosen, by = st.columns([3, 1], gap="small")
with chosen:
    step = pictures.choose_step(cohort)
with by:
    dimension = pictures.choose_dimension(seen)
left, right = st.columns(2, gap="small")
with left:
    pictures.stages(seen, cohort, "Stage by stage")
with right:
    pictures.rate_by(seen, cohort, step, dimension)
left, right = st.columns(2, gap="small")
with left:
    pictures.rate_over_time(seen, cohort, step)
with right:
    how_long(seen, cohort)
pictures.volumes(seen)
page.notes([cohort.answer])
