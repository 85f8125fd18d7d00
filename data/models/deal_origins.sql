-- One row per deal that something led to: marketing, sales or partner, by the first qualifying event.
-- #key(deal_id)
with events as (
    -- A marketing touch is a touch that is in a path.
    select
        c.deal_id,
        t.happened_at,
        'marketing' as origin,
        1 as event_order
    from deal_contacts as c
    join path_touches as t on t.contact_id = c.contact_id
    union all
    -- What a person does of their own accord: outbound, and not sent by a machine.
    select
        c.deal_id,
        a.happened_at,
        case when p.team = 'partner' then 'partner' else 'sales' end,
        2
    from deal_contacts as c
    join activity_contacts as ac on ac.contact_id = c.contact_id
    join activities as a on a.activity_id = ac.activity_id
    join people as p on p.person_id = a.person_id
    where a.direction = 'outbound' and not coalesce(a.is_automatic, false)
)
select
    o.deal_id, -- #unique #not_null
    arg_min(
        e.origin, {'happened_at': e.happened_at, 'event_order': e.event_order}
    ) as origin -- #one_of('marketing', 'sales', 'partner') #needs(activities)
from deal_outcomes as o
join events as e on e.deal_id = o.deal_id and e.happened_at <= coalesce(o.created_at, o.closed_at)
group by o.deal_id
