"""What have marketing and sales promised each other, do both keep it, and what does the goal need?"""

from __future__ import annotations

from metrics.unknown_names import unknown_in_agreement
from pages import _goal_calculator as calculator
from pages import _page as page
from pages import _promise_pictures as pictures
from pages import _promises as promises
from pages import _proposals as proposals
from pages._panels import opening, show_warnings

seen = page.view(__file__)
found = promises.read(seen)

opening("Agreement", promises.says(seen, found), promises.dates(found))
show_warnings(unknown_in_agreement(seen.session))
if found is not None:
    promises.tiles(seen, found)
    pictures.over_time(seen, found)
    pictures.people(seen, found)
    calculator.show(seen, found)
    pictures.what_would_change(seen, found)
    proposals.of_the_agreement(seen)
    pictures.protocol(found)
    pictures.versions(seen)
