-- One row per won deal of any type, at the close day's rate. Won deals of type new are the bookings.
-- #key(deal_id)
-- #order(won_on, deal_id)
with won as (
    select
        d.deal_id,
        d.account_id,
        d.owner_id,
        o.deal_type,
        o.closed_at,
        o.closed_on,
        d.amount,
        d.term_months,
        company.gross_margin,
        coalesce(d.currency, company.currency) as currency,
        coalesce(d.currency, company.currency) = company.currency as is_own_currency,
        p.contact_id,
        p.pass,
        -- A customer is an account, else a contact, else the deal itself.
        coalesce('account:' || d.account_id, 'contact:' || p.contact_id, 'deal:' || d.deal_id) as customer_id
    from deals as d
    join deal_outcomes as o on o.deal_id = d.deal_id
    join deal_passes as p on p.deal_id = d.deal_id
    cross join company
    where o.is_won
),
priced as (
    select
        w.*,
        cast(
            case when w.is_own_currency then w.amount else round(w.amount * r.rate, 2) end as decimal(18, 2)
        ) as own_amount,
        w.amount is not null and not w.is_own_currency and r.rate is null as rate_missing
    from won as w
    left join rates as r on r.currency = w.currency and r.holds_from <= w.closed_on and w.closed_on < r.holds_until
),
first_wins as (
    select
        deal_id,
        customer_id
    from won
    where deal_type = 'new'
    -- A win without a close date comes after those with one, so that a customer is dated where it can be.
    qualify row_number() over (partition by customer_id order by closed_at nulls last, deal_id) = 1
)
select
    w.deal_id, -- #unique #not_null #link(deal: deals.deal_id) #needs(deals.is_won)
    w.contact_id, -- #link(contact: contacts.contact_id) #needs(deal_contacts.contact_id)
    w.pass, -- #needs(deal_contacts.contact_id)
    w.account_id, -- #link(account: accounts.account_id) #needs(deals.account_id)
    w.owner_id, -- #link(owner: people.person_id) #needs(deals.owner_id)
    w.deal_type, -- #not_null #needs(deals.is_won)
    w.closed_on as won_on, -- #needs(deals.is_won) #needs(deals.closed_at)
    w.own_amount as amount, -- #needs(deals.is_won) #needs(deals.amount)
    w.amount as original_amount, -- #needs(deals.is_won) #needs(deals.amount)
    w.currency, -- #not_null #needs(deals.is_won)
    cast(
        round(w.own_amount * w.gross_margin, 2) as decimal(18, 2)
    ) as margin, -- #needs(deals.is_won) #needs(deals.amount) #needs(company.gross_margin)
    w.term_months, -- #needs(deals.term_months)
    w.rate_missing, -- #needs(deals.amount)
    f.customer_id as new_customer_id, -- #unique #needs(deals.is_won)
    g.origin, -- #one_of('marketing', 'sales', 'partner') #needs(activities) #needs(deal_contacts.contact_id)
    l.channel, -- #needs(touches.channel | campaigns.channel | contacts.original_source) #needs(deal_contacts.contact_id)
    l.source, -- #needs(touches.source | campaigns.source | contacts.original_source) #needs(deal_contacts.contact_id)
    l.campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(touches.campaign_id) #needs(deal_contacts.contact_id)
    l.content_id, -- #link(content: content.content_id) #needs(touches.content_id) #needs(deal_contacts.contact_id)
    l.first_channel, -- #needs(touches.channel | campaigns.channel) #needs(deal_contacts.contact_id)
    l.first_source, -- #needs(touches.source | campaigns.source) #needs(deal_contacts.contact_id)
    l.first_campaign_id, -- #link(first_campaign: campaigns.campaign_id) #needs(touches.campaign_id) #needs(deal_contacts.contact_id)
    l.first_content_id -- #link(first_content: content.content_id) #needs(touches.content_id) #needs(deal_contacts.contact_id)
from priced as w
left join first_wins as f on f.deal_id = w.deal_id
left join leads as l on l.contact_id = w.contact_id and l.pass = w.pass
left join deal_origins as g on g.deal_id = w.deal_id
