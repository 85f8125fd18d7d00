-- Exchange rates with the days they hold for: until the next one, at most 7 days.
-- #key(currency, holds_from)
with dated as (
    select
        currency,
        rate_on,
        rate,
        lead(rate_on) over (partition by currency order by rate_on) as next_on
    from exchange_rates
    where rate > 0 and rate_on is not null
)
select
    currency, -- #not_null #needs(exchange_rates.rate)
    rate_on as holds_from, -- #not_null #needs(exchange_rates.rate)
    -- Half-open: the day on which the next rate takes over, or the 8th day after.
    least(coalesce(next_on, rate_on + 8), rate_on + 8) as holds_until, -- #not_null #needs(exchange_rates.rate)
    rate -- #not_null #needs(exchange_rates.rate)
from dated
