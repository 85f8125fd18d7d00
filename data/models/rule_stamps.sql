-- One row per pass and stage that a rule decides: when the rule was first true, and when the CRM stamped the stage.
-- #key(contact_id, pass, stage)
-- #order(stage, ruled_on, contact_id, pass)
select
    e.contact_id, -- #not_null #link(contact: contacts.contact_id)
    e.pass, -- #not_null
    e.stage, -- #not_null
    e.ruled_at,
    e.ruled_on,
    -- Judged by the version that was in force at the moment.
    e.ruled_then_at,
    e.ruled_then_on,
    e.crm_at, -- #needs(stage_changes.stage)
    e.crm_on -- #needs(stage_changes.stage)
-- stages.yaml gives rule_entries: what its rules say of each pass.
from rule_entries as e
