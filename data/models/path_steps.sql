-- The channels of each path in their order, and what follows each; a path may be that of many deals.
-- #key(path, place)
-- #order(path, place)
with travelled as (
    -- Any deal that went a way tells its channels.
    select
        path,
        min(deal_id) as deal_id
    from deal_paths
    where path is not null
    group by path
),
only_unrepeated as (
    select
        unrepeated_path as path,
        min(deal_id) as deal_id
    from deal_paths
    where unrepeated_path not in (select path from travelled)
    group by unrepeated_path
),
touched as (
    select
        deal_id,
        place,
        channel,
        place = 1 or channel is distinct from lag(channel) over (partition by deal_id order by place) as is_new
    from journeys
    where goal = 'close'
),
steps as (
    select
        w.path,
        t.place,
        t.channel
    from travelled as w
    join touched as t on t.deal_id = w.deal_id
    union all
    select
        w.path,
        row_number() over (partition by w.path order by t.place),
        t.channel
    from only_unrepeated as w
    join touched as t on t.deal_id = w.deal_id and t.is_new
),
followed as (
    select
        path,
        place,
        channel,
        lead(channel) over way as next_channel,
        lead(place) over way is null as is_last
    from steps
    window way as (partition by path order by place)
)
select
    path, -- #not_null #needs(touches.touch_id)
    cast(place as int) as place, -- #not_null #needs(touches.touch_id)
    channel, -- #needs(touches.channel | campaigns.channel)
    next_channel, -- #needs(touches.channel | campaigns.channel)
    is_last, -- #not_null #needs(touches.touch_id)
    -- The first touch of its channel between the first of the path and the last, so that a deal counts it once.
    place > 1 and not is_last and row_number() over (
        partition by path, channel, place > 1 and not is_last order by place
    ) = 1 as is_helping -- #not_null #needs(touches.touch_id)
from followed
