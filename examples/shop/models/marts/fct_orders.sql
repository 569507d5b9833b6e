{{ config(materialized='incremental', unique_key='order_id') }}

with paid as (
    select
        order_id,
        sum(amount) as amount
    from {{ ref('stg_payments') }}
    where status = 'paid'
    group by order_id
)

select
    orders.order_id,
    orders.customer_id,
    orders.status,
    orders.ordered_at,
    orders.updated_at,
    coalesce(paid.amount, 0) as amount_paid
from {{ ref('stg_orders') }} as orders
left join paid on orders.order_id = paid.order_id
{% if is_incremental() %}
where orders.updated_at > (select max(updated_at) from {{ this }})
{% endif %}
