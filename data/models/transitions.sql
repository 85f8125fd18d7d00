-- How often each channel follows another on the way to a goal, by the day on which the way ended.
-- #key(goal, ended_on, step, from_channel, to_channel)
-- #order(goal, ended_on)
with ends as (
    -- A deal that is created has reached the first goal, whatever becomes of it.
    select
        deal_id,
        'creation' as goal,
        created_on as ended_on,
        1 as conversions,
        0 as nulls
    from deal_outcomes
    where deal_type = 'new'
    union all
    select
        deal_id,
        'close',
        closed_on,
        case when is_won then 1 else 0 end,
        case when is_won then 0 else 1 end
    from deal_outcomes
    where deal_type = 'new' and (is_won or is_lost)
),
steps as (
    select
        deal_id,
        goal,
        case when is_first then 'start' else 'between' end as step,
        lag(channel) over (partition by deal_id, goal order by place) as from_channel,
        channel as to_channel
    from journeys
    union all
    select
        deal_id,
        goal,
        'end',
        channel,
        null
    from journeys
    where is_last
)
select
    e.goal, -- #not_null #one_of('creation', 'close') #needs(deals.deal_id)
    e.ended_on, -- #needs(deals.created_at | deals.closed_at)
    s.step, -- #not_null #one_of('start', 'between', 'end') #needs(touches.touch_id)
    s.from_channel, -- #needs(touches.channel | campaigns.channel)
    s.to_channel, -- #needs(touches.channel | campaigns.channel)
    cast(sum(e.conversions) as bigint) as conversions, -- #not_null #needs(touches.touch_id)
    cast(sum(e.nulls) as bigint) as nulls -- #not_null #needs(lost deals)
from steps as s
join ends as e on e.deal_id = s.deal_id and e.goal = s.goal
group by e.goal, e.ended_on, s.step, s.from_channel, s.to_channel
