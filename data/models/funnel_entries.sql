-- First passes counted by day of entry into a stage, day of a later one, loss and channel: what funnels are read from.
-- #order(entry, target, entered_on, channel)
select
    e.entry, -- #not_null
    e.target, -- #not_null
    e.channel, -- #coded #needs(touches.channel | campaigns.channel | contacts.original_source)
    e.entered_on, -- #not_null
    e.target_on,
    e.is_inferred,
    e.lost_on, -- #needs(lost deals | stage_changes.stage | lead_decisions.decision)
    count(*) as passes -- #not_null
-- stages.yaml gives first_entries: the stamped entries of first passes, for each two stages that funnels_of names.
from first_entries as e
group by e.entry, e.target, e.channel, e.entered_on, e.target_on, e.is_inferred, e.lost_on
