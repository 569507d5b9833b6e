select
    paid_on,
    count(*) as payments,
    sum(amount) as revenue
from {{ ref('stg_payments') }}
where status = 'paid'
group by paid_on
