select
    payment_id,
    order_id,
    method,
    status,
    cast(amount_cents / 100.0 as numeric(12, 2)) as amount,
    cast(paid_on as date) as paid_on
from {{ ref('raw_payments') }}
