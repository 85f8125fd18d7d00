-- Touches that count in paths by month and source, and by what attribution can make of them: how far it can be trusted.
-- #order(month_on, source)
select
    cast(date_trunc('month', t.happened_on) as date) as month_on,
    t.source, -- #needs(touches.source)
    coalesce(lower(t.channel) = 'direct' and t.campaign_id is null, false) as is_direct, -- #not_null
    t.campaign_id is not null as has_campaign, -- #not_null
    coalesce(t.url like 'http%', false) as names_site, -- #not_null
    -- The source is the very site that was visited. What is cheap to see comes first, since touches are many.
    coalesce(
        t.source like '%.%' and t.url like 'http%'
        and regexp_replace(lower(t.source), '^www[.]', '')
        = regexp_replace(lower(regexp_extract(t.url, '^https?://([^/:?#]+)', 1)), '^www[.]', ''),
        false
    ) as is_own_site, -- #not_null
    count(*) as touches -- #not_null
from touches as t
where t.kind in ('visit', 'ad_click', 'email_click', 'content', 'event', 'form')
group by all
