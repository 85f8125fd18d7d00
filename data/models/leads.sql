-- One row per contact and pass (a run through the funnel): when it entered each stage, and where it came from.
-- #key(contact_id, pass)
-- #order(started_on, contact_id, pass)
with signs as (
    -- Whatever may say something of a contact's stage. A sign without a date is none.
    select
        contact_id,
        'contact' as object,
        'created' as value,
        created_at as happened_at,
        created_on as happened_on,
        cast(null as timestamp) as deal_created_at,
        cast(null as varchar) as reason
    from contacts
    union all
    select object_id, 'crm', stage, happened_at, happened_on, null, reason
    from stage_changes
    where object = 'contact'
    union all
    select d.contact_id, 'crm', s.stage, s.happened_at, s.happened_on, d.created_at, s.reason
    from stage_changes as s
    join deal_outcomes as d on d.deal_id = s.object_id
    where s.object = 'deal' and d.deal_type = 'new'
    union all
    select contact_id, 'verdict', decision, happened_at, happened_on, null, reason
    from lead_decisions
    union all
    select contact_id, 'deal', 'created', created_at, created_on, created_at, null
    from deal_outcomes
    where deal_type = 'new'
    union all
    select contact_id, 'deal', 'won', closed_at, closed_on, created_at, null
    from deal_outcomes
    where deal_type = 'new' and is_won
    union all
    select contact_id, 'deal', 'lost', closed_at, closed_on, created_at, loss_reason
    from deal_outcomes
    where deal_type = 'new' and is_lost
),
moves as (
    -- stages.yaml gives stage_signs and look_back, and the columns of the stages.
    select
        s.contact_id,
        s.object,
        s.value,
        s.happened_at,
        s.happened_on,
        s.reason,
        m.move,
        m.stage_rank,
        -- The end of a deal ends the pass that the deal was created in, even when another has started since.
        case when m.move = 'end' then coalesce(s.deal_created_at, s.happened_at) else s.happened_at end as placed_at
    from signs as s
    join stage_signs as m on m.object = s.object and m.value = s.value
    where s.contact_id is not null and s.happened_at is not null
),
first_moves as (
    select contact_id, min(happened_at) as first_at
    from moves
    where move = 'enter' and object <> 'contact'
    group by contact_id
),
counted as (
    select
        m.*,
        -- Of one instant, stages come in their order and recycling last.
        count(*) filter (where m.move = 'recycle') over (
            partition by m.contact_id
            -- The creation belongs to the first pass, however late the contact was created.
            order by case when m.object = 'contact' then least(m.placed_at, f.first_at) else m.placed_at end, m.stage_rank
            rows between unbounded preceding and 1 preceding
        ) as recycled_before
    from moves as m
    left join first_moves as f on f.contact_id = m.contact_id
    where m.move in ('enter', 'recycle')
),
stamped as (
    select
        contact_id,
        recycled_before,
        min(happened_at) filter (where move = 'enter') as first_at,
        min(happened_on) filter (where move = 'enter') as first_on,
        min(happened_on) filter (where move = 'recycle') as ended_on
    from counted
    group by contact_id, recycled_before
    -- A further sign of the same recycling starts nothing.
    having count(*) filter (where move = 'enter') > 0
),
numbered as (
    select
        s.*,
        row_number() over (partition by s.contact_id order by s.recycled_before) as pass
    from stamped as s
),
people_in_funnel as (
    select contact_id, account_id, owner_id, created_at, created_on, original_channel, original_source
    from contacts
    union all
    -- Whoever is only named by a sign or a deal has a pass too, so that nothing vanishes.
    select named.contact_id, null, null, null, null, null, null
    from (
        select contact_id from moves
        union
        select contact_id from deal_outcomes where contact_id is not null
    ) as named
    where not exists (select 1 from contacts as c where c.contact_id = named.contact_id)
),
passes as (
    select
        c.contact_id as person,
        c.account_id,
        c.owner_id,
        c.original_channel,
        c.original_source,
        coalesce(n.pass, 1) as pass_number,
        case when coalesce(n.pass, 1) = 1 then least(c.created_at, n.first_at) else n.first_at end as started_at,
        case when coalesce(n.pass, 1) = 1 then least(c.created_on, n.first_on) else n.first_on end as started_on,
        n.*
    from people_in_funnel as c
    left join numbered as n on n.contact_id = c.contact_id
),
ends as (
    -- An end belongs to the pass that had last started by then.
    select
        m.contact_id,
        m.happened_at,
        m.happened_on,
        m.object,
        m.value,
        m.reason,
        coalesce(max(p.pass_number) filter (where p.started_at <= m.placed_at), 1) as pass_number
    from moves as m
    join passes as p on p.person = m.contact_id
    where m.move = 'end'
    group by m.contact_id, m.placed_at, m.happened_at, m.happened_on, m.object, m.value, m.reason
),
losses as (
    select
        contact_id,
        pass_number,
        min(happened_on) as lost_on,
        arg_min(
            {'reason': reason},
            {'happened_at': happened_at, 'object': object, 'value': value, 'reason': reason}
        ) as first_end
    from ends
    group by contact_id, pass_number
),
touched as (
    -- The creating touch is the last at or before the pass's start, or its own lead stamp if that is later.
    select
        p.person,
        p.pass_number,
        arg_max(
            {'channel': t.channel, 'source': t.source, 'campaign_id': t.campaign_id, 'content_id': t.content_id},
            {'happened_at': t.happened_at, 'touch_order': t.touch_order, 'touch_id': t.touch_id}
        ) as creating,
        arg_min(
            {'channel': t.channel, 'source': t.source, 'campaign_id': t.campaign_id, 'content_id': t.content_id},
            {'happened_at': t.happened_at, 'touch_order': t.touch_order, 'touch_id': t.touch_id}
        ) as first,
        min(t.happened_at) as first_at,
        min(t.happened_on) as first_on
    from passes as p
    join path_touches as t on t.contact_id = p.person
    cross join look_back as b
    where
        t.happened_at <= greatest(p.started_at, p.lead_stamped_at)
        -- Whole days: a touch on the day that lies exactly `days` back is still inside.
        and (b.days is null or t.happened_on >= greatest(p.started_on, p.lead_stamped_on) - b.days)
    group by p.person, p.pass_number
)
select
    p.person as contact_id, -- #not_null #link(contact: contacts.contact_id)
    p.pass_number as pass, -- #not_null
    p.pass_number = 1 as is_first_pass, -- #not_null
    p.pass_number > 1 as is_recycled, -- #not_null #needs(stage_changes.stage | lead_decisions.decision)
    p.started_at,
    p.started_on,
    p.ended_on, -- #needs(stage_changes.stage | lead_decisions.decision)
    l.lost_on, -- #needs(lost deals | stage_changes.stage | lead_decisions.decision)
    l.first_end.reason as lost_reason, -- #needs(deals.loss_reason | stage_changes.reason | lead_decisions.reason)
    -- The CRM's original channel speaks only where no touch does: a touch without a channel stays without one.
    case when t.creating is null then p.original_channel else t.creating.channel end
        as channel, -- #needs(touches.channel | campaigns.channel | contacts.original_source)
    case when t.creating is null then p.original_source else t.creating.source end
        as source, -- #needs(touches.source | campaigns.source | contacts.original_source)
    t.creating.campaign_id as campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    t.creating.content_id as content_id, -- #link(content: content.content_id) #needs(touches.content_id)
    t.first.channel as first_channel, -- #needs(touches.channel | campaigns.channel)
    t.first.source as first_source, -- #needs(touches.source | campaigns.source)
    t.first.campaign_id as first_campaign_id, -- #link(first_campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    t.first.content_id as first_content_id, -- #link(first_content: content.content_id) #needs(touches.content_id)
    t.first_at as first_marketing_touch_at, -- #needs(touches.happened_at)
    t.first_on as first_marketing_touch_on, -- #needs(touches.happened_at)
    p.account_id, -- #link(account: accounts.account_id) #needs(contacts.account_id)
    -- Every page offers it as a filter: a join of all leads with all accounts would be its dearest question.
    a.segment, -- #needs(contacts.account_id) #needs(accounts.segment)
    p.owner_id -- #link(owner: people.person_id) #needs(contacts.owner_id)
from passes as p
left join losses as l on l.contact_id = p.person and l.pass_number = p.pass_number
left join touched as t on t.person = p.person and t.pass_number = p.pass_number
left join accounts as a on a.account_id = p.account_id
