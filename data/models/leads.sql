-- One row per contact and pass (a run through the funnel): when it entered each stage, and where it came from.
-- #key(contact_id, pass)
-- #order(started_on, contact_id, pass)
with stamped as (
    -- stages.yaml gives the stamps, those of rules in place of what they decide, and look_back.
    select
        p.contact_id,
        p.pass,
        p.account_id,
        p.owner_id,
        p.original_channel,
        p.original_source,
        p.started_at,
        p.started_on,
        p.ended_at,
        p.ended_on,
        p.lost_on,
        p.lost_at,
        p.lost_reason
    from passes as p
),
touched as (
    -- The creating touch is the last at or before the pass's start, or its own lead stamp if that is later.
    select
        p.contact_id,
        p.pass,
        arg_max(
            {'channel': t.channel, 'source': t.source, 'campaign_id': t.campaign_id, 'content_id': t.content_id},
            {'happened_at': t.happened_at, 'touch_order': t.touch_order, 'touch_id': t.touch_id}
        ) as creating,
        arg_min(
            {'channel': t.channel, 'source': t.source, 'campaign_id': t.campaign_id, 'content_id': t.content_id},
            {'happened_at': t.happened_at, 'touch_order': t.touch_order, 'touch_id': t.touch_id}
        ) as first,
        min(t.happened_at) as first_at,
        min(t.happened_on) as first_on
    from stamped as p
    join path_touches as t on t.contact_id = p.contact_id
    cross join look_back as b
    where
        t.happened_at <= greatest(p.started_at, p.lead_stamped_at)
        -- Whole days: a touch on the day that lies exactly `days` back is still inside.
        and (b.days is null or t.happened_on >= greatest(p.started_on, p.lead_stamped_on) - b.days)
    group by p.contact_id, p.pass
)
select
    p.contact_id, -- #not_null #link(contact: contacts.contact_id)
    p.pass, -- #not_null
    p.pass = 1 as is_first_pass, -- #not_null
    p.pass > 1 as is_recycled, -- #not_null #needs(stage_changes.stage | lead_decisions.decision)
    p.started_at,
    p.started_on,
    p.ended_at, -- #needs(stage_changes.stage | lead_decisions.decision)
    p.ended_on, -- #needs(stage_changes.stage | lead_decisions.decision)
    p.lost_on, -- #needs(lost deals | stage_changes.stage | lead_decisions.decision)
    p.lost_at, -- #needs(lost deals | stage_changes.stage | lead_decisions.decision)
    p.lost_reason, -- #needs(deals.loss_reason | stage_changes.reason | lead_decisions.reason)
    -- The CRM's original channel speaks only where no touch does: a touch without a channel stays without one.
    case when t.creating is null then p.original_channel else t.creating.channel end
        as channel, -- #needs(touches.channel | campaigns.channel | contacts.original_source)
    case when t.creating is null then p.original_source else t.creating.source end
        as source, -- #needs(touches.source | campaigns.source | contacts.original_source)
    t.creating.campaign_id as campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    t.creating.content_id as content_id, -- #link(content: content.content_id) #needs(touches.content_id)
    t.first.channel as first_channel, -- #needs(touches.channel | campaigns.channel)
    t.first.source as first_source, -- #needs(touches.source | campaigns.source)
    t.first.campaign_id as first_campaign_id, -- #link(first_campaign: campaigns.campaign_id) #needs(touches.campaign_id)
    t.first.content_id as first_content_id, -- #link(first_content: content.content_id) #needs(touches.content_id)
    t.first_at as first_marketing_touch_at, -- #needs(touches.happened_at)
    t.first_on as first_marketing_touch_on, -- #needs(touches.happened_at)
    p.account_id, -- #link(account: accounts.account_id) #needs(contacts.account_id)
    -- What leads are split by on most pages: a join of all leads with all accounts would be their dearest question.
    a.segment, -- #needs(contacts.account_id) #needs(accounts.segment)
    a.region, -- #needs(contacts.account_id) #needs(accounts.region)
    a.industry, -- #needs(contacts.account_id) #needs(accounts.industry)
    c.persona, -- #needs(contacts.persona)
    c.country, -- #needs(contacts.country)
    p.owner_id -- #link(owner: people.person_id) #needs(contacts.owner_id)
from stamped as p
left join touched as t on t.contact_id = p.contact_id and t.pass = p.pass
left join accounts as a on a.account_id = p.account_id
left join contacts as c on c.contact_id = p.contact_id
