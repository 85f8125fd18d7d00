-- One row per touch that has a share in a deal of type new, and one for a deal in which no touch has: its conversion, shared out.
-- #key(deal_id, goal, touch_id)
-- #order(goal, credited_on, deal_id)
with conversions as (
    select
        o.deal_id,
        'creation' as goal,
        p.created_on as credited_on,
        p.amount,
        cast(null as decimal(18, 2)) as margin,
        p.rate_missing,
        false as is_new_customer
    from deal_outcomes as o
    join pipeline as p on p.deal_id = o.deal_id
    where o.deal_type = 'new'
    union all
    select
        r.deal_id,
        'close',
        r.won_on,
        r.amount,
        r.margin,
        r.rate_missing,
        r.new_customer_id is not null
    from revenue as r
    where r.deal_type = 'new'
),
reached as (
    -- Whether anything at all is known of the people behind a deal, which tells why its path is empty.
    select
        dc.deal_id,
        count(t.touch_id) as touches
    from deal_contacts as dc
    left join path_touches as t on t.contact_id = dc.contact_id
    where dc.contact_id is not null
    group by dc.deal_id
),
cycle as (
    select median(closed_on - created_on) / 2 as half
    from deal_outcomes
    where is_won and deal_type = 'new' and closed_on >= created_on
),
marked as (
    select
        j.*,
        lower(coalesce(j.channel, '')) = 'direct' as is_direct,
        -- Without a sales cycle there is nothing to halve: every touch counts alike.
        coalesce(
            power(2, -j.days_before / nullif(coalesce(a.half_life, c.half), 0)), 1
        ) as freshness
    from journeys as j
    cross join attribution as a
    cross join cycle as c
),
-- stages.yaml gives the models: a column of weights for each, which sum to 1 over the path of a deal.
weighed as (
    select
        deal_id,
        goal,
        touch_id,
        contact_id,
        kind,
        channel,
        source,
        campaign_id,
        content_id
    from marked
)
select
    v.deal_id, -- #not_null #link(deal: deals.deal_id) #needs(deals.deal_id)
    v.goal, -- #not_null #one_of('creation', 'close') #needs(deals.deal_id)
    w.touch_id, -- #needs(touches.touch_id)
    v.credited_on, -- #needs(deals.created_at | deals.closed_at)
    v.amount, -- #needs(deals.amount)
    v.margin, -- #needs(deals.amount) #needs(company.gross_margin)
    v.rate_missing, -- #needs(deals.amount)
    v.is_new_customer, -- #not_null #needs(deals.deal_id)
    row_number() over (partition by v.deal_id, v.goal order by w.touch_id) = 1 as is_whole, -- #not_null #needs(deals.deal_id)
    w.contact_id, -- #link(contact: contacts.contact_id) #needs(touches.contact_id)
    d.account_id, -- #link(account: accounts.account_id) #needs(deals.account_id)
    d.owner_id, -- #link(owner: people.person_id) #needs(deals.owner_id)
    w.kind, -- #needs(touches.kind)
    w.channel, -- #needs(touches.channel | campaigns.channel)
    w.source, -- #needs(touches.source | campaigns.source)
    w.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    w.content_id, -- #link(content: content.content_id) #needs(touches.content_id)
    c.persona, -- #needs(contacts.persona)
    case
        when w.touch_id is not null then null
        when g.origin = 'sales' then 'sales_origin'
        when g.origin = 'partner' then 'partner_origin'
        when n.deal_id is null then 'no contact'
        when n.touches = 0 then 'no touch'
        else 'outside the look-back'
    end as cause, -- #needs(touches.touch_id)
    -- Why a row of the empty group is there, by the dimension that is empty.
    case when w.channel is null then coalesce(cause, 'touch without this value') end
        as cause_channel, -- #needs(touches.channel | campaigns.channel)
    case when w.source is null then coalesce(cause, 'touch without this value') end
        as cause_source, -- #needs(touches.source | campaigns.source)
    case when w.campaign_id is null then coalesce(cause, 'touch without this value') end
        as cause_campaign, -- #needs(touches.campaign_id)
    case when k.priority is null then coalesce(cause, 'touch without this value') end
        as cause_priority, -- #needs(touches.campaign_id) #needs(campaigns.priority)
    case when w.content_id is null then coalesce(cause, 'touch without this value') end
        as cause_content, -- #needs(touches.content_id)
    case when c.persona is null then coalesce(cause, 'touch without this value') end
        as cause_persona -- #needs(contacts.persona)
from conversions as v
join deals as d on d.deal_id = v.deal_id
left join weighed as w on w.deal_id = v.deal_id and w.goal = v.goal
left join reached as n on n.deal_id = v.deal_id
left join deal_origins as g on g.deal_id = v.deal_id
left join campaigns as k on k.campaign_id = w.campaign_id
left join contacts as c on c.contact_id = w.contact_id
