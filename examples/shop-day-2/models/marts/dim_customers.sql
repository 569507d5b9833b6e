with orders as (
    select
        customer_id,
        count(*) as orders,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at
    from {{ ref('stg_orders') }}
    where ordered_at >= '2026-10-15'
    group by customer_id
)

select
    customers.customer_id,
    customers.customer_name,
    customers.city,
    regions.region_name,
    customers.joined_on,
    coalesce(orders.orders, 0) as orders,
    orders.first_ordered_at,
    orders.last_ordered_at
from {{ ref('stg_customers') }} as customers
inner join {{ ref('dim_regions') }} as regions on customers.region_id = regions.region_id
join orders on customers.customer_id = orders.customer_id
