{{ config(materialized='materialized_view', enabled=target.type == 'postgres') }}
select * from {{ ref('events') }}
