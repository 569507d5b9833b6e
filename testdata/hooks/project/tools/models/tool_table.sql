{{ config(materialized='table') }}
select * from {{ ref('tool_seed') }}
