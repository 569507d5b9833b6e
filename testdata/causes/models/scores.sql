{{ config(materialized='table') }}
select id, id * 10 as score from {{ ref('events') }}
