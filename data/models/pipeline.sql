-- One row per deal of any type, from its creation to its decision, at the creation day's rate.
-- #key(deal_id)
-- #order(created_on, deal_id)
with priced as (
    select
        d.*,
        coalesce(d.currency, company.currency) as known_currency,
        coalesce(d.currency, company.currency) = company.currency as is_own_currency
    from deals as d
    cross join company
)
select
    o.deal_id, -- #unique #not_null #link(deal: deals.deal_id) #needs(deals.deal_id)
    p.contact_id, -- #link(contact: contacts.contact_id) #needs(deal_contacts.contact_id)
    p.pass, -- #needs(deal_contacts.contact_id)
    d.account_id, -- #link(account: accounts.account_id) #needs(deals.account_id)
    d.owner_id, -- #link(owner: people.person_id) #needs(deals.owner_id)
    o.deal_type, -- #not_null #needs(deals.deal_id)
    d.stage, -- #needs(deals.stage)
    o.created_at, -- #needs(deals.created_at)
    o.created_on, -- #needs(deals.created_at)
    o.closed_at, -- #needs(deals.closed_at)
    o.closed_on, -- #needs(deals.closed_at)
    d.expected_close_on, -- #needs(deals.expected_close_on)
    o.is_won, -- #not_null #needs(deals.is_won)
    o.is_closed, -- #not_null #needs(deals.is_closed | deals.closed_at | deals.is_won)
    o.is_lost, -- #not_null #needs(lost deals)
    case when o.is_won or o.is_lost then o.closed_on end as decided_on, -- #needs(lost deals) #needs(deals.closed_at)
    case when o.is_lost then o.closed_on end as lost_on, -- #needs(lost deals) #needs(deals.closed_at)
    case when o.is_won then o.closed_at end as won_at, -- #needs(deals.is_won) #needs(deals.closed_at)
    case when o.is_won then o.closed_on end as won_on, -- #needs(deals.is_won) #needs(deals.closed_at)
    cast(
        case when d.is_own_currency then d.amount else round(d.amount * r.rate, 2) end as decimal(18, 2)
    ) as amount, -- #needs(deals.amount)
    d.amount as original_amount, -- #needs(deals.amount)
    d.known_currency as currency, -- #not_null #needs(deals.deal_id)
    d.amount is not null and not d.is_own_currency and r.rate is null as rate_missing, -- #needs(deals.amount)
    d.probability, -- #needs(deals.probability)
    d.loss_reason, -- #needs(lost deals) #needs(deals.loss_reason)
    g.origin, -- #one_of('marketing', 'sales', 'partner') #needs(activities) #needs(deal_contacts.contact_id)
    l.first_marketing_touch_at, -- #needs(touches.happened_at) #needs(deal_contacts.contact_id)
    l.first_marketing_touch_on, -- #needs(touches.happened_at) #needs(deal_contacts.contact_id)
    l.channel, -- #needs(touches.channel | campaigns.channel | contacts.original_source) #needs(deal_contacts.contact_id)
    l.source, -- #needs(touches.source | campaigns.source | contacts.original_source) #needs(deal_contacts.contact_id)
    l.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id) #needs(deal_contacts.contact_id)
    l.content_id, -- #link(content: content.content_id) #needs(touches.content_id) #needs(deal_contacts.contact_id)
    l.first_channel, -- #needs(touches.channel | campaigns.channel) #needs(deal_contacts.contact_id)
    l.first_source, -- #needs(touches.source | campaigns.source) #needs(deal_contacts.contact_id)
    l.first_campaign_id, -- #link(first_campaign: campaigns.campaign_id) #needs(touches.campaign_id) #needs(deal_contacts.contact_id)
    l.first_content_id -- #link(first_content: content.content_id) #needs(touches.content_id) #needs(deal_contacts.contact_id)
from priced as d
join deal_outcomes as o on o.deal_id = d.deal_id
join deal_passes as p on p.deal_id = d.deal_id
left join leads as l on l.contact_id = p.contact_id and l.pass = p.pass
left join deal_origins as g on g.deal_id = o.deal_id
left join rates as r on r.currency = d.known_currency and r.holds_from <= d.created_on and d.created_on < r.holds_until
