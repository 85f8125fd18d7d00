-- One row per contact and activity with it that no machine sent: when, by whom, and whether the lead answered by it.
select
    ac.contact_id,
    a.activity_id,
    a.happened_at,
    a.happened_on,
    a.person_id,
    -- What the lead began is no attempt to reach it.
    coalesce(a.direction <> 'inbound', true) as is_attempt,
    coalesce(a.direction = 'inbound', false) or coalesce(a.outcome = 'answered', false) as is_answer
from activity_contacts as ac
join activities as a on a.activity_id = ac.activity_id
where not coalesce(a.is_automatic, false)
