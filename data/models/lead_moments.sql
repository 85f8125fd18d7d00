-- One row per instant of a pass at which a touch or a fact changed something: what was true of the lead after it.
-- #key(contact_id, pass, happened_at)
with runs as (
    select
        -- A number for each pass: windows over integers are cheaper than over text.
        row_number() over (order by p.contact_id, p.pass) as place,
        p.contact_id,
        p.pass,
        p.started_at,
        p.started_on,
        p.ended_at,
        lag(p.ended_at) over (partition by p.contact_id order by p.pass) as ended_before_at,
        greatest(p.started_at, p.lead_stamped_at) as anchored_at,
        greatest(p.started_on, p.lead_stamped_on) as anchored_on
    from passes as p
    where p.started_at is not null
),
creating as (
    -- The creating touch stands at the start of its pass, also where it is older, unless an earlier pass has it.
    select
        r.place,
        arg_max(
            t.kind, {'happened_at': t.happened_at, 'touch_order': t.touch_order, 'touch_id': t.touch_id}
        ) as kind,
        max(t.happened_at) as happened_at
    from runs as r
    join path_touches as t on t.contact_id = r.contact_id
    cross join look_back as b
    where
        t.happened_at <= r.anchored_at
        and (b.days is null or t.happened_on >= r.anchored_on - b.days)
        and (r.ended_before_at is null or t.happened_at > r.ended_before_at)
    group by r.place
),
facts as (
    -- stages.yaml gives is_readable: whether a value is of the kind that its fact is declared to be.
    select f.contact_id, f.name, f.happened_at, f.happened_on, f.value
    from contact_facts as f
    join rule_facts as d on d.name = f.name
    where f.value is not null and f.happened_at is not null
),
changes as (
    -- What happens in a pass. The recycling that ends it is the last of its instant.
    select place, started_at as happened_at, started_on as happened_on, null as kind, null as fact, null as value
    from runs
    union all
    select r.place, r.started_at, r.started_on, c.kind, null, null
    from creating as c
    join runs as r on r.place = c.place
    where c.happened_at < r.started_at
    union all
    select r.place, t.happened_at, t.happened_on, t.kind, null, null
    from path_touches as t
    join runs as r on r.contact_id = t.contact_id
    where t.happened_at >= r.started_at and (r.ended_at is null or t.happened_at <= r.ended_at)
    union all
    -- A fact that was known before is known at the start.
    select r.place, r.started_at, r.started_on, null, f.name,
        arg_max(f.value, f.happened_at) filter (where f.is_readable)
    from facts as f
    join runs as r on r.contact_id = f.contact_id
    where f.happened_at <= r.started_at
    group by r.place, r.started_at, r.started_on, f.name
    union all
    select r.place, f.happened_at, f.happened_on, null, f.name, f.value
    from facts as f
    join runs as r on r.contact_id = f.contact_id
    where f.happened_at > r.started_at and (r.ended_at is null or f.happened_at <= r.ended_at)
),
counted as (
    -- stages.yaml gives rule_facts and look_back, and a column for each of its facts.
    select
        place,
        happened_at,
        happened_on,
        cast(count(*) filter (where kind = 'visit') over so_far as integer) as visits,
        cast(count(*) filter (where kind = 'ad_click') over so_far as integer) as ad_clicks,
        cast(count(*) filter (where kind = 'email_click') over so_far as integer) as email_clicks,
        cast(count(*) filter (where kind = 'content') over so_far as integer) as content_views,
        cast(count(*) filter (where kind = 'event') over so_far as integer) as events,
        cast(count(*) filter (where kind = 'form') over so_far as integer) as forms,
        lead(happened_at) over so_far as next_at
    from changes
    -- Of one instant the last row has it all; it carries the earliest date that was written for it.
    window so_far as (
        partition by place order by happened_at, happened_on desc rows between unbounded preceding and current row
    )
)
select
    r.contact_id, -- #not_null #link(contact: contacts.contact_id)
    r.pass, -- #not_null
    m.happened_at, -- #not_null
    m.happened_on, -- #not_null
    m.visits, -- #not_null #needs(touches.kind)
    m.ad_clicks, -- #not_null #needs(touches.kind)
    m.email_clicks, -- #not_null #needs(touches.kind)
    m.content_views, -- #not_null #needs(touches.kind)
    m.events, -- #not_null #needs(touches.kind)
    m.forms -- #not_null #needs(touches.kind)
from counted as m
join runs as r on r.place = m.place
where m.next_at is null or m.next_at > m.happened_at
