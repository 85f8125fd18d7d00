-- One row per contact and pass as its signs tell them: when it began, ended and was lost, and what was stamped.
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
    -- stages.yaml gives stage_signs, and the stamps of the stages.
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
        min(happened_at) filter (where move = 'recycle') as ended_at,
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
started as (
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
    join started as p on p.person = m.contact_id
    where m.move = 'end'
    group by m.contact_id, m.placed_at, m.happened_at, m.happened_on, m.object, m.value, m.reason
),
losses as (
    select
        contact_id,
        pass_number,
        min(happened_on) as lost_on,
        min(happened_at) as lost_at,
        arg_min(
            {'reason': reason},
            {'happened_at': happened_at, 'object': object, 'value': value, 'reason': reason}
        ) as first_end
    from ends
    group by contact_id, pass_number
)
select
    p.person as contact_id,
    p.pass_number as pass,
    p.account_id,
    p.owner_id,
    p.original_channel,
    p.original_source,
    p.started_at,
    p.started_on,
    p.ended_at,
    p.ended_on,
    l.lost_on,
    l.lost_at,
    l.first_end.reason as lost_reason
from started as p
left join losses as l on l.contact_id = p.person and l.pass_number = p.pass_number
