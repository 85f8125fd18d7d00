-- One row per stage that a pass has entered: when, whether inferred, and where the lead came from.
-- #key(contact_id, pass, stage)
-- #order(stage, entered_on, contact_id, pass)
select
    e.contact_id, -- #not_null #link(contact: contacts.contact_id)
    e.pass, -- #not_null
    e.stage, -- #not_null
    e.band, -- #one_of('TOFU', 'MOFU', 'BOFU')
    e.entered_at,
    e.entered_on, -- #not_null
    e.is_inferred, -- #not_null
    e.channel, -- #needs(touches.channel | campaigns.channel | contacts.original_source)
    e.source, -- #needs(touches.source | campaigns.source | contacts.original_source)
    e.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    e.content_id -- #link(content: content.content_id) #needs(touches.content_id)
-- stages.yaml gives stage_entries: the entries into each declared stage.
from stage_entries as e
