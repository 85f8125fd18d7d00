-- One row per visit (a session, not a page view), of known and unknown visitors.
-- #key(touch_id)
-- #order(visited_on, touch_id)
select
    t.touch_id, -- #unique #not_null #needs(visits)
    t.contact_id, -- #link(contact: contacts.contact_id) #needs(visits) #needs(touches.contact_id)
    t.happened_at as visited_at, -- #needs(visits)
    t.happened_on as visited_on, -- #needs(visits)
    coalesce(g.channel, t.channel) as channel, -- #needs(visits) #needs(touches.channel | campaigns.channel)
    coalesce(g.source, t.source) as source, -- #needs(visits) #needs(touches.source | campaigns.source)
    t.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(visits) #needs(touches.campaign_id)
    t.content_id -- #link(content: content.content_id) #needs(visits) #needs(touches.content_id)
from touches as t
left join campaigns as g on g.campaign_id = t.campaign_id
where t.kind = 'visit'
