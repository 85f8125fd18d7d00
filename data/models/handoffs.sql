-- One row per contact and pass: who it was handed to, and when what happened, with business seconds beside each instant.
-- #key(contact_id, pass)
-- #order(created_on, contact_id, pass)
with spans as (
    select
        contact_id,
        pass,
        started_at,
        -- What happened before the first pass was recorded late: it belongs to that pass.
        case when pass > 1 then started_at end as begins_at,
        lead(started_at) over (partition by contact_id order by pass) as until_at
    from leads
),
events as (
    select contact_id, 'assignment' as kind, happened_at, happened_on, person_id, false as is_answer
    from assignments
    union all
    select contact_id, 'touch', happened_at, happened_on, null, is_answer
    from human_touches
),
firsts as (
    select
        s.contact_id,
        s.pass,
        s.until_at,
        arg_min(
            {'happened_at': e.happened_at, 'happened_on': e.happened_on, 'person_id': e.person_id}, e.happened_at
        ) filter (where e.kind = 'assignment') as assigned,
        arg_min(
            {'happened_at': e.happened_at, 'happened_on': e.happened_on, 'person_id': e.person_id}, e.happened_at
        ) filter (where e.kind = 'assignment' and p.team = 'sales') as handed_over,
        min(e.happened_at) filter (
            -- A touch is an answer only once there is something to answer.
            where e.kind = 'touch' and (s.started_at is null or e.happened_at >= s.started_at)
        ) as first_touch_at,
        min(e.happened_on) filter (
            where e.kind = 'touch' and (s.started_at is null or e.happened_at >= s.started_at)
        ) as first_touch_on,
        min(e.happened_at) filter (
            where e.is_answer and (s.started_at is null or e.happened_at >= s.started_at)
        ) as answered_at,
        min(e.happened_on) filter (
            where e.is_answer and (s.started_at is null or e.happened_at >= s.started_at)
        ) as answered_on
    from spans as s
    join events as e on
        e.contact_id = s.contact_id
        and (s.begins_at is null or e.happened_at >= s.begins_at)
        and (s.until_at is null or e.happened_at < s.until_at)
    left join people as p on p.person_id = e.person_id
    group by s.contact_id, s.pass, s.until_at
),
verdicts as (
    select
        f.contact_id,
        f.pass,
        arg_min(
            {
                'happened_at': d.happened_at,
                'happened_on': d.happened_on,
                'decision': d.decision,
                'reason': d.reason
            },
            d.happened_at
        ) as first_verdict
    from firsts as f
    join lead_decisions as d on
        d.contact_id = f.contact_id
        and d.happened_at >= f.handed_over.happened_at
        and (f.until_at is null or d.happened_at < f.until_at)
    group by f.contact_id, f.pass
),
zones as (
    select distinct time_zone
    from clocks
),
moments as (
    select
        l.*,
        l.started_at as created_at,
        l.started_on as created_on,
        f.assigned.happened_at as assigned_at,
        f.assigned.happened_on as assigned_on,
        f.handed_over.happened_at as handed_over_at,
        f.handed_over.happened_on as handed_over_on,
        f.first_touch_at,
        f.first_touch_on,
        f.answered_at,
        f.answered_on,
        f.until_at,
        v.first_verdict.happened_at as verdict_at,
        v.first_verdict.happened_on as verdict_on,
        v.first_verdict.decision as decision,
        v.first_verdict.reason as decision_reason,
        coalesce(f.handed_over.person_id, f.assigned.person_id) as handed_to,
        -- The calendar of whoever has to act: theirs, else the company's.
        coalesce(z.time_zone, c.time_zone) as time_zone
    from leads as l
    cross join company as c
    left join firsts as f on f.contact_id = l.contact_id and f.pass = l.pass
    left join verdicts as v on v.contact_id = l.contact_id and v.pass = l.pass
    left join people as o on o.person_id = coalesce(f.handed_over.person_id, f.assigned.person_id)
    left join zones as z on z.time_zone = o.time_zone
),
settled as (
    -- A lead that has answered, was judged or has moved on needs no further attempt to reach it.
    select
        m.*,
        least(m.answered_at, m.verdict_at, m.lost_at, m.ended_at, m.moved_on_at) as settled_at,
        least(m.answered_on, m.verdict_on, m.lost_on, m.ended_on, m.moved_on_on) as settled_on
    from moments as m
),
numbered as (
    select
        s.contact_id,
        s.pass,
        s.time_zone,
        e.happened_at,
        e.happened_on,
        row_number() over (partition by s.contact_id, s.pass order by e.happened_at, e.activity_id) as number
    from settled as s
    join human_touches as e on
        e.contact_id = s.contact_id
        and e.is_attempt
        and s.assigned_at is not null
        and (s.started_at is null or e.happened_at >= s.started_at)
        and (s.until_at is null or e.happened_at < s.until_at)
        and (s.settled_at is null or e.happened_at <= s.settled_at)
),
timed as (
    select n.*
    from numbered as n
),
attempted as (
    -- The moments of the single attempts are added, and in `timed` the business seconds of each.
    select n.contact_id, n.pass, count(*) as attempts
    from timed as n
    group by n.contact_id, n.pass
)
select
    m.contact_id, -- #not_null #link(contact: contacts.contact_id)
    m.pass, -- #not_null
    m.is_first_pass, -- #not_null
    -- stages.yaml adds the stamped moment of each declared stage, and the single attempts stand beside their number. Each
    -- moment has its instant, its day and, as `_worked`, the business seconds that had gone by in the zone's calendar.
    m.created_at,
    m.created_on,
    m.assigned_at, -- #needs(assignments)
    m.assigned_on, -- #needs(assignments)
    m.handed_over_at, -- #needs(assignments) #needs(people.team)
    m.handed_over_on, -- #needs(assignments) #needs(people.team)
    m.first_touch_at, -- #needs(activities) #needs(activity_contacts.contact_id)
    m.first_touch_on, -- #needs(activities) #needs(activity_contacts.contact_id)
    coalesce(a.attempts, 0) as attempts, -- #needs(activities) #needs(activity_contacts.contact_id)
    m.settled_at,
    m.settled_on,
    m.verdict_at, -- #needs(lead decisions) #needs(assignments) #needs(people.team)
    m.verdict_on, -- #needs(lead decisions) #needs(assignments) #needs(people.team)
    m.decision, -- #one_of('accepted', 'rejected', 'recycled') #needs(lead decisions) #needs(assignments) #needs(people.team)
    m.decision_reason, -- #needs(lead_decisions.reason) #needs(assignments) #needs(people.team)
    coalesce(m.first_touch_at < m.assigned_at, false) as touched_before_assigned, -- #needs(assignments) #needs(activities)
    m.time_zone, -- #not_null
    m.channel, -- #needs(touches.channel | campaigns.channel | contacts.original_source)
    m.source, -- #needs(touches.source | campaigns.source | contacts.original_source)
    m.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    m.content_id, -- #link(content: content.content_id) #needs(touches.content_id)
    m.first_channel, -- #needs(touches.channel | campaigns.channel)
    m.first_source, -- #needs(touches.source | campaigns.source)
    m.first_campaign_id, -- #link(first_campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    m.first_content_id, -- #link(first_content: content.content_id) #needs(touches.content_id)
    m.account_id, -- #link(account: accounts.account_id) #needs(contacts.account_id)
    m.handed_to as owner_id -- #link(owner: people.person_id) #needs(assignments)
from settled as m
left join attempted as a on a.contact_id = m.contact_id and a.pass = m.pass
