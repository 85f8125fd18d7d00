-- One row per contact, pass and turn of a person who was given the lead: since when, until when, and what they did in it.
-- #key(contact_id, pass, turn)
-- #order(given_on, contact_id, pass, turn)
with spans as (
    select
        h.contact_id,
        h.pass,
        h.created_at as started_at,
        h.settled_at,
        -- What happened before the first pass was recorded late: it belongs to that pass.
        case when h.pass > 1 then h.created_at end as begins_at,
        following.created_at as until_at
    from handoffs as h
    -- Few leads come back, so that a join with those is cheaper than a window over all.
    left join handoffs as following on
        following.contact_id = h.contact_id
        and following.pass = h.pass + 1
        and not following.is_first_pass
    where h.assigned_at is not null
),
given as (
    select
        s.contact_id,
        s.pass,
        s.started_at,
        s.settled_at,
        s.until_at,
        a.happened_at,
        a.happened_on,
        a.person_id,
        row_number() over (partition by s.contact_id, s.pass order by a.happened_at) as place,
        lag(a.person_id) over (partition by s.contact_id, s.pass order by a.happened_at) as person_before
    from spans as s
    join assignments as a on
        a.contact_id = s.contact_id
        and (s.begins_at is null or a.happened_at >= s.begins_at)
        and (s.until_at is null or a.happened_at < s.until_at)
),
zones as (
    select distinct time_zone
    from clocks
),
turns as (
    select
        g.*,
        p.team,
        coalesce(z.time_zone, c.time_zone) as time_zone,
        row_number() over (partition by g.contact_id, g.pass order by g.place) as turn,
        lead(g.happened_at) over (partition by g.contact_id, g.pass order by g.place) as handed_on_at,
        lead(g.happened_on) over (partition by g.contact_id, g.pass order by g.place) as handed_on_on,
        -- Who calls and is given the lead only then has answered at once: since the turn before, or the pass's start.
        greatest(
            g.started_at,
            lag(g.happened_at) over (partition by g.contact_id, g.pass order by g.place)
        ) as acts_from
    from given as g
    cross join company as c
    left join people as p on p.person_id = g.person_id
    left join zones as z on z.time_zone = p.time_zone
    -- The same person written down again is no new turn.
    where g.place = 1 or g.person_id is distinct from g.person_before
),
touched as (
    select
        t.contact_id,
        t.pass,
        t.turn,
        t.time_zone,
        e.happened_at,
        e.happened_on,
        coalesce(e.person_id = t.person_id, false) as is_own,
        e.is_attempt and coalesce(e.person_id = t.person_id, false) and (
            t.settled_at is null or e.happened_at <= t.settled_at
        ) as is_attempt,
        t.turn = 1 or e.happened_at >= t.happened_at as is_in_turn,
        e.activity_id
    from turns as t
    join human_touches as e on
        e.contact_id = t.contact_id
        and (t.acts_from is null or e.happened_at >= t.acts_from)
        and (t.handed_on_at is null or e.happened_at < t.handed_on_at)
        and (t.until_at is null or e.happened_at < t.until_at)
),
firsts as (
    select
        contact_id,
        pass,
        turn,
        min(happened_at) filter (where is_own) as own_touch_at,
        min(happened_on) filter (where is_own) as own_touch_on,
        min(happened_at) filter (where not is_own and is_in_turn) as colleague_touch_at,
        min(happened_on) filter (where not is_own and is_in_turn) as colleague_touch_on
    from touched
    group by contact_id, pass, turn
),
numbered as (
    select
        contact_id,
        pass,
        turn,
        time_zone,
        happened_at,
        happened_on,
        row_number() over (partition by contact_id, pass, turn order by happened_at, activity_id) as number
    from touched
    where is_attempt
),
timed as (
    select n.*
    from numbered as n
),
attempted as (
    -- The moments of the single attempts are added, and in `timed` the business seconds of each.
    select n.contact_id, n.pass, n.turn, count(*) as attempts
    from timed as n
    group by n.contact_id, n.pass, n.turn
),
moments as (
    select
        h.*,
        t.turn,
        t.person_id,
        t.happened_at as given_at,
        t.happened_on as given_on,
        case when t.team = 'sales' then t.happened_at end as given_to_sales_at,
        case when t.team = 'sales' then t.happened_on end as given_to_sales_on,
        t.handed_on_at,
        t.handed_on_on,
        f.own_touch_at,
        f.own_touch_on,
        f.colleague_touch_at,
        f.colleague_touch_on,
        case when h.verdict_at >= t.happened_at and (t.handed_on_at is null or h.verdict_at < t.handed_on_at)
            then h.verdict_at end as own_verdict_at,
        case when h.verdict_at >= t.happened_at and (t.handed_on_at is null or h.verdict_at < t.handed_on_at)
            then h.verdict_on end as own_verdict_on,
        t.time_zone as own_zone
    from turns as t
    join handoffs as h on h.contact_id = t.contact_id and h.pass = t.pass
    left join firsts as f on f.contact_id = t.contact_id and f.pass = t.pass and f.turn = t.turn
)
select
    m.contact_id, -- #not_null #link(contact: contacts.contact_id)
    m.pass, -- #not_null
    m.turn, -- #not_null
    -- Each moment has its instant, its day and, as `_worked`, the business seconds that had gone by in the person's zone.
    m.given_at, -- #needs(assignments)
    m.given_on, -- #needs(assignments)
    m.given_to_sales_at, -- #needs(assignments) #needs(people.team)
    m.given_to_sales_on, -- #needs(assignments) #needs(people.team)
    m.handed_on_at, -- #needs(assignments)
    m.handed_on_on, -- #needs(assignments)
    m.own_touch_at, -- #needs(activities.person_id) #needs(activity_contacts.contact_id) #needs(assignments)
    m.own_touch_on, -- #needs(activities.person_id) #needs(activity_contacts.contact_id) #needs(assignments)
    m.colleague_touch_at, -- #needs(activities.person_id) #needs(activity_contacts.contact_id) #needs(assignments)
    m.colleague_touch_on, -- #needs(activities.person_id) #needs(activity_contacts.contact_id) #needs(assignments)
    m.own_verdict_at, -- #needs(lead decisions) #needs(assignments) #needs(people.team)
    m.own_verdict_on, -- #needs(lead decisions) #needs(assignments) #needs(people.team)
    m.verdict_at, -- #needs(lead decisions) #needs(assignments) #needs(people.team)
    m.verdict_on, -- #needs(lead decisions) #needs(assignments) #needs(people.team)
    m.settled_at,
    m.settled_on,
    coalesce(a.attempts, 0) as attempts, -- #needs(activities.person_id) #needs(activity_contacts.contact_id) #needs(assignments)
    m.own_zone as time_zone, -- #not_null
    m.channel, -- #needs(touches.channel | campaigns.channel | contacts.original_source)
    m.source, -- #needs(touches.source | campaigns.source | contacts.original_source)
    m.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    m.content_id, -- #link(content: content.content_id) #needs(touches.content_id)
    m.first_channel, -- #needs(touches.channel | campaigns.channel)
    m.first_campaign_id, -- #link(first_campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    m.account_id, -- #link(account: accounts.account_id) #needs(contacts.account_id)
    m.person_id as owner_id -- #link(owner: people.person_id) #needs(assignments)
from moments as m
left join attempted as a on a.contact_id = m.contact_id and a.pass = m.pass and a.turn = m.turn
