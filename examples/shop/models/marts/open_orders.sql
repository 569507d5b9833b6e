select
    orders.order_id,
    customers.customer_name,
    customers.city,
    orders.status,
    orders.ordered_at
from {{ ref('stg_orders') }} as orders
inner join {{ ref('stg_customers') }} as customers on orders.customer_id = customers.customer_id
where orders.status in ('placed', 'shipped')
