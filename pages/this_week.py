"""How did the period go, and where did it come from?"""

from __future__ import annotations

import streamlit as st

from pages import _page as page
from pages import _pictures as pictures
from pages import _sentences as sentences
from pages import _week as week
from pages._dates import span
from pages._panels import opening

seen = page.view(__file__)
answer, origins = week.numbers(seen), week.origins(seen)

opening(sentences.period_title(seen), sentences.week(seen, answer, origins), page.dates(seen, answer))
page.tiles(seen, answer)
left, right = st.columns(2, gap="small")
with left:
    pictures.stages(seen, pictures.step_cohort(seen), "Where do leads stop?")
with right:
    pictures.ranked(seen, origins, f"Where did the leads of {span(seen.period)} come from?")
page.notes([answer, *([answer.before] if answer.before else [])])
