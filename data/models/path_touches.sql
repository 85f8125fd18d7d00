-- Touches of known contacts that count as marketing touches, with their order at one instant.
-- #key(touch_id)
select
    t.touch_id, -- #not_null #needs(touches.touch_id)
    t.contact_id, -- #not_null #link(contact: contacts.contact_id) #needs(touches.contact_id)
    t.happened_at, -- #not_null #needs(touches.happened_at)
    t.happened_on, -- #not_null #needs(touches.happened_at)
    t.kind, -- #not_null #needs(touches.kind)
    o.touch_order, -- #not_null #needs(touches.kind)
    -- A campaign's own channel and source win over what the touch says.
    coalesce(g.channel, t.channel) as channel, -- #needs(touches.channel | campaigns.channel)
    coalesce(g.source, t.source) as source, -- #needs(touches.source | campaigns.source)
    t.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    t.content_id -- #link(content: content.content_id) #needs(touches.content_id)
from touches as t
join touch_order as o on o.kind = t.kind
left join campaigns as g on g.campaign_id = t.campaign_id
where t.contact_id is not null and t.happened_at is not null
