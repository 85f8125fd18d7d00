"""Who buys from us, how well do our leads fit, and what comes of each persona?"""

from __future__ import annotations

from alignment.ledger import Key
from pages import _page as page
from pages import _persona_pictures as pictures
from pages._field_notes import field_notes
from pages._panels import opening

seen = page.view(__file__)
found = pictures.numbers(seen)

opening("Personas", pictures.says(seen, found), pictures.dates(seen))
pictures.together(found)
persona = pictures.choose(seen)
if persona is not None:
    pictures.profile(seen, persona)
    pictures.rejections(seen, persona)
    field_notes(seen, Key("persona", persona.value), persona.label)
