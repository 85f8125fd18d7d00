-- One row per deal and piece of content in its path to the close: when it was first seen, and how far the deal was then.
-- #key(deal_id, content_id)
-- #order(deal_id, content_id)
with seen as (
    select j.deal_id, j.content_id, min(j.happened_on) as first_seen_on
    from journeys as j
    where j.goal = 'close' and j.content_id is not null
    group by j.deal_id, j.content_id
),
qualified as (
    select s.contact_id, s.pass, s.entered_on from lead_stages as s where s.stage = 'mql'
)
select
    s.deal_id, -- #not_null #link(deal: pipeline.deal_id)
    s.content_id, -- #not_null #link(content: content.content_id)
    s.first_seen_on,
    case
        when s.first_seen_on >= d.created_on then 'BOFU'
        when s.first_seen_on >= q.entered_on then 'MOFU'
        else 'TOFU'
    end as band -- #not_null
from seen as s
join pipeline as d on d.deal_id = s.deal_id
left join qualified as q on q.contact_id = d.contact_id and q.pass = d.pass
