{{ config(materialized='table') }}
select o.id, a.amount from {{ ref('order_ids') }} o join {{ ref('amounts') }} a on a.id = o.id
