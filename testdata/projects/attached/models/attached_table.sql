{{ config(materialized='table', enabled=target.type == 'duckdb', database='other') }}
select * from {{ ref('events') }}
