-- One row per touch in the path of a deal: the path to its creation, and of a closed deal the path to its close.
-- #key(deal_id, goal, touch_id)
-- #order(goal, deal_id, place)
with wins as (
    select
        d.account_id,
        o.closed_at
    from deal_outcomes as o
    join deals as d on d.deal_id = o.deal_id
    where o.is_won and d.account_id is not null and o.closed_at is not null
),
begun as (
    -- A deal of which no creation is known is as old as its close.
    select
        o.deal_id,
        d.account_id,
        coalesce(o.created_at, o.closed_at) as begun_at,
        coalesce(o.created_on, o.closed_on) as begun_on,
        coalesce(o.closed_at, o.created_at) as ended_at,
        coalesce(o.closed_on, o.created_on) as ended_on,
        o.is_won or o.is_closed as is_decided
    from deal_outcomes as o
    join deals as d on d.deal_id = o.deal_id
),
since as (
    -- What led to an earlier win of the same account has had its credit.
    select
        b.deal_id,
        max(w.closed_at) as won_at
    from begun as b
    join wins as w on w.account_id = b.account_id and w.closed_at < b.begun_at
    group by b.deal_id
),
members as (
    -- The contacts of the deal; in the scope of the account, or without any, those of its account.
    select
        dc.deal_id,
        dc.contact_id,
        false as is_of_account
    from deal_contacts as dc
    where dc.contact_id is not null
    union all
    select
        b.deal_id,
        c.contact_id,
        true
    from begun as b
    join contacts as c on c.account_id = b.account_id
    cross join attribution as a
    where
        not exists (select 1 from deal_contacts as dc where dc.deal_id = b.deal_id and dc.contact_id is not null)
        or a.is_account_wide
        and not exists (
            select 1 from deal_contacts as dc where dc.deal_id = b.deal_id and dc.contact_id = c.contact_id
        )
),
first_known as (
    select
        m.deal_id,
        min(c.created_at) as created_at
    from members as m
    join contacts as c on c.contact_id = m.contact_id
    group by m.deal_id
),
goals as (
    select deal_id, 'creation' as goal, begun_at as ends_at, begun_on as ends_on
    from begun
    union all
    select deal_id, 'close', ended_at, ended_on
    from begun
    where is_decided
),
touched as (
    select
        g.deal_id,
        g.goal,
        t.touch_id,
        t.contact_id,
        m.is_of_account,
        t.happened_at,
        t.happened_on,
        t.kind,
        t.touch_order,
        t.channel,
        t.source,
        t.campaign_id,
        t.content_id,
        t.happened_at <= k.created_at as is_before_lead,
        t.happened_at <= b.begun_at as is_before_deal,
        g.ends_on - t.happened_on as days_before,
        -- Told apart by the row before, so that a row that repeats its campaign is a run of one.
        lag(t.campaign_id) over (
            partition by g.deal_id, g.goal order by t.happened_at, t.touch_order, t.touch_id
        ) as campaign_before
    from goals as g
    join begun as b on b.deal_id = g.deal_id
    join members as m on m.deal_id = g.deal_id
    join path_touches as t on t.contact_id = m.contact_id and t.happened_at <= g.ends_at
    cross join attribution as a
    left join since as s on s.deal_id = g.deal_id
    left join first_known as k on k.deal_id = g.deal_id
    where
        -- Whole days: a touch on the day that lies exactly `days` back is still inside.
        (a.days is null or t.happened_on >= b.begun_on - a.days)
        and (s.won_at is null or t.happened_at > s.won_at)
),
kept as (
    select t.*
    from touched as t
    cross join attribution as a
    where not a.is_collapsed or t.campaign_id is null or t.campaign_id is distinct from t.campaign_before
),
placed as (
    select
        *,
        row_number() over path as place,
        count(*) over (partition by deal_id, goal) as touches
    from kept
    window path as (partition by deal_id, goal order by happened_at, touch_order, touch_id)
)
select
    deal_id, -- #not_null #link(deal: deals.deal_id) #needs(deals.deal_id)
    goal, -- #not_null #one_of('creation', 'close') #needs(deals.deal_id)
    touch_id, -- #not_null #needs(touches.touch_id)
    contact_id, -- #not_null #link(contact: contacts.contact_id) #needs(touches.contact_id)
    is_of_account, -- #not_null #needs(touches.contact_id)
    happened_at, -- #not_null #needs(touches.happened_at)
    happened_on, -- #not_null #needs(touches.happened_at)
    kind, -- #not_null #needs(touches.kind)
    channel, -- #needs(touches.channel | campaigns.channel)
    source, -- #needs(touches.source | campaigns.source)
    campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    content_id, -- #link(content: content.content_id) #needs(touches.content_id)
    place, -- #not_null #needs(touches.touch_id)
    touches, -- #not_null #needs(touches.touch_id)
    days_before, -- #not_null #needs(touches.happened_at)
    place = 1 as is_first, -- #not_null #needs(touches.touch_id)
    place = touches as is_last, -- #not_null #needs(touches.touch_id)
    -- The last touch at or before the first of the deal's contacts was known, and at or before the deal itself was.
    coalesce(
        place = max(case when is_before_lead then place end) over (partition by deal_id, goal), false
    ) as is_lead_creation, -- #not_null #needs(contacts.created_at)
    coalesce(
        place = max(case when is_before_deal then place end) over (partition by deal_id, goal), false
    ) as is_deal_creation -- #not_null #needs(deals.created_at)
from placed
