-- One row per decided deal of type new: the channels on its way to the close as the number of a path in path_steps.
-- #key(deal_id)
-- #order(decided_on, deal_id)
with decided as (
    select
        o.deal_id,
        o.is_won,
        o.closed_on
    from deal_outcomes as o
    where o.deal_type = 'new' and (o.is_won or o.is_lost)
),
codes as (
    -- Lists of small numbers are compared many times faster than texts; touches without a channel have 0.
    select
        channel,
        case when channel is null then 0 else cast(rank() over (order by channel) as int) end as code
    from (select distinct channel from journeys) as known
),
touched as (
    select
        j.deal_id,
        j.place,
        j.happened_on,
        c.code,
        lag(c.code) over (partition by j.deal_id order by j.place) as code_before
    from journeys as j
    join codes as c on c.channel is not distinct from j.channel
    join decided as d on d.deal_id = j.deal_id
    where j.goal = 'close'
),
listed as (
    select
        deal_id,
        list(code order by place) as codes,
        list(code order by place) filter (where code is distinct from code_before) as unrepeated,
        cast(count(*) as int) as touches,
        min(happened_on) as first_on
    from touched
    group by deal_id
),
numbered as (
    -- A way is known by its channels in their order: equal lists have one number, with repeats or without.
    select
        codes,
        cast(row_number() over (order by codes) as int) as path
    from (select codes from listed union select unrepeated from listed) as known
)
select
    d.deal_id, -- #unique #not_null #link(deal: deals.deal_id) #needs(deals.deal_id)
    d.is_won, -- #not_null #needs(deals.is_won)
    p.decided_on, -- #needs(lost deals) #needs(deals.closed_at)
    p.account_id, -- #link(account: accounts.account_id) #needs(deals.account_id)
    p.channel, -- #needs(touches.channel | campaigns.channel | contacts.original_source) #needs(deal_contacts.contact_id)
    n.path, -- #needs(touches.channel | campaigns.channel)
    u.path as unrepeated_path, -- #needs(touches.channel | campaigns.channel)
    coalesce(l.touches, 0) as touches, -- #not_null #needs(touches.touch_id)
    d.closed_on - l.first_on as days, -- #needs(touches.happened_at) #needs(deals.closed_at)
    -- The path to the creation is a part of the one to the close: what makes the whole empty makes the part so.
    case when l.deal_id is null then coalesce(c.cause, 'outside the look-back') end
        as cause -- #needs(touches.touch_id)
from decided as d
join pipeline as p on p.deal_id = d.deal_id
left join listed as l on l.deal_id = d.deal_id
left join numbered as n on n.codes = l.codes
left join numbered as u on u.codes = l.unrepeated
left join credit as c on c.deal_id = d.deal_id and c.goal = 'creation' and c.touch_id is null
