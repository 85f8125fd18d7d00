-- The pass that each deal belongs to: the one that had last started when the deal was created.
-- #key(deal_id)
-- #order(deal_id)
select
    d.deal_id, -- #unique #not_null #link(deal: deals.deal_id) #needs(deals.deal_id)
    d.contact_id, -- #link(contact: contacts.contact_id) #needs(deal_contacts.contact_id)
    -- A deal older than its contact's first pass belongs to that one.
    coalesce(
        max(l.pass) filter (where l.started_at <= coalesce(d.created_at, d.closed_at)),
        min(l.pass)
    ) as pass -- #needs(deal_contacts.contact_id)
from deal_outcomes as d
left join leads as l on l.contact_id = d.contact_id
group by d.deal_id, d.contact_id
