-- What was spent, per day, campaign, channel and currency, at that day's rate.
-- #key(spent_on, campaign_id, channel, currency)
-- #order(spent_on, campaign_id)
with spent as (
    select
        s.spent_on,
        s.campaign_id,
        -- A campaign's own channel wins over the one the spend was booked on.
        coalesce(g.channel, s.channel) as channel,
        g.source,
        coalesce(s.currency, company.currency) as currency,
        coalesce(s.currency, company.currency) = company.currency as is_own_currency,
        s.amount,
        s.impressions,
        s.clicks
    from spend as s
    left join campaigns as g on g.campaign_id = s.campaign_id
    cross join company
),
converted as (
    select
        s.*,
        case when s.is_own_currency then s.amount else round(s.amount * r.rate, 2) end as own_amount,
        s.amount is not null and not s.is_own_currency and r.rate is null as rate_missing
    from spent as s
    left join rates as r on r.currency = s.currency and r.holds_from <= s.spent_on and s.spent_on < r.holds_until
)
select
    spent_on, -- #needs(spend)
    campaign_id, -- #link(campaign: campaigns.campaign_id) #needs(spend) #needs(spend.campaign_id)
    channel, -- #needs(spend) #needs(spend.channel | campaigns.channel)
    source, -- #needs(spend) #needs(campaigns.source)
    currency, -- #not_null #needs(spend)
    cast(sum(own_amount) as decimal(18, 2)) as amount, -- #needs(spend)
    cast(sum(amount) as decimal(18, 2)) as original_amount, -- #needs(spend)
    bool_or(rate_missing) as rate_missing, -- #not_null #needs(spend)
    cast(sum(impressions) as bigint) as impressions, -- #needs(spend.impressions)
    cast(sum(clicks) as bigint) as clicks -- #needs(spend.clicks)
from converted
group by spent_on, campaign_id, channel, source, currency
