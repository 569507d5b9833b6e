select orders.order_id
from {{ ref('stg_orders') }} as orders
left join {{ ref('fct_orders') }} as facts on orders.order_id = facts.order_id
where facts.order_id is null
