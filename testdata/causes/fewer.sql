select id, amount from {{ ref('raw_orders') }} where id <> 2
