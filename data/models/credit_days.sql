-- Credit summed by goal, day, channel, source, campaign and cause: what most questions about credit are read from.
-- #order(goal, credited_on, channel, campaign_id)
select
    c.goal, -- #not_null #one_of('creation', 'close') #needs(deals.deal_id)
    c.credited_on, -- #needs(deals.created_at | deals.closed_at)
    c.channel, -- #needs(touches.channel | campaigns.channel)
    c.source, -- #needs(touches.source | campaigns.source)
    c.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    c.cause, -- #needs(touches.touch_id)
    c.cause_channel, -- #needs(touches.channel | campaigns.channel)
    c.cause_source, -- #needs(touches.source | campaigns.source)
    c.cause_campaign, -- #needs(touches.campaign_id)
    c.cause_priority, -- #needs(touches.campaign_id) #needs(campaigns.priority)
    count(*) filter (where c.is_whole and c.amount is null) as without_amount -- #not_null #needs(deals.amount)
from credit as c
-- stages.yaml gives the models: sums of the amount, the margin, the new customers and the conversions for each.
group by all
