-- Contacts of whom no touch is known, found once instead of at each look at them.
-- #key(contact_id)
select contact_id -- #not_null #link(contact: contacts.contact_id) #needs(touches.contact_id)
from contacts as c
where not exists (select 1 from touches as t where t.contact_id = c.contact_id)
