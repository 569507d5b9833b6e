select
    order_id,
    customer_id,
    status,
    cast(ordered_at as timestamp) as ordered_at,
    cast(updated_at as timestamp) as updated_at
from {{ ref('raw_orders') }}
