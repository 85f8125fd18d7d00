-- What people, software and other things cost beside spend, per month, kind and currency, at the rate of its first day.
-- #key(month_on, kind, currency)
-- #order(month_on, kind)
with booked as (
    select
        c.month_on,
        c.kind,
        c.amount,
        coalesce(c.currency, company.currency) as currency,
        coalesce(c.currency, company.currency) = company.currency as is_own_currency
    from costs as c
    cross join company
)
select
    b.month_on, -- #needs(costs)
    b.kind, -- #needs(costs)
    b.currency, -- #not_null #needs(costs)
    cast(
        sum(case when b.is_own_currency then b.amount else round(b.amount * r.rate, 2) end) as decimal(18, 2)
    ) as amount, -- #needs(costs)
    cast(sum(b.amount) as decimal(18, 2)) as original_amount, -- #needs(costs)
    bool_or(b.amount is not null and not b.is_own_currency and r.rate is null) as rate_missing -- #not_null #needs(costs)
from booked as b
left join rates as r on r.currency = b.currency and r.holds_from <= b.month_on and b.month_on < r.holds_until
group by b.month_on, b.kind, b.currency
