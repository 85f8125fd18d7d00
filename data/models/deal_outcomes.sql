-- Each deal with its contact (the primary one, else the one created earliest), its type and how it stands.
-- #key(deal_id)
-- #order(deal_id)
with ranked as (
    select
        dc.deal_id,
        dc.contact_id,
        row_number() over (
            partition by dc.deal_id
            order by
                case when dc.is_primary then 0 else 1 end,
                c.created_at nulls last,
                dc.contact_id
        ) as place
    from deal_contacts as dc
    left join contacts as c on c.contact_id = dc.contact_id
    where dc.contact_id is not null
),
judged as (
    select
        d.*,
        coalesce(d.is_won, false) as known_won,
        -- Without a word on it, a deal is closed once it has a close date or is won.
        coalesce(d.is_closed, d.closed_at is not null) or coalesce(d.is_won, false) as known_closed
    from deals as d
)
select
    j.deal_id, -- #unique #not_null #link(deal: deals.deal_id) #needs(deals.deal_id)
    r.contact_id, -- #link(contact: contacts.contact_id) #needs(deal_contacts.contact_id)
    coalesce(j.type, 'new') as deal_type, -- #not_null #needs(deals.deal_id)
    j.created_at, -- #needs(deals.created_at)
    j.created_on, -- #needs(deals.created_at)
    -- An open deal's close date is a plan, not a close.
    case when j.known_closed then j.closed_at end as closed_at, -- #needs(deals.closed_at)
    case when j.known_closed then j.closed_on end as closed_on, -- #needs(deals.closed_at)
    j.known_won as is_won, -- #not_null #needs(deals.is_won)
    j.known_closed as is_closed, -- #not_null #needs(deals.is_closed | deals.closed_at | deals.is_won)
    -- A closed deal of which nobody says whether it was won is neither won nor lost.
    j.known_closed and not coalesce(j.is_won, true) as is_lost, -- #not_null #needs(lost deals)
    j.loss_reason -- #needs(deals.loss_reason)
from judged as j
left join ranked as r on r.deal_id = j.deal_id and r.place = 1
