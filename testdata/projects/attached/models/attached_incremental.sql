{{ config(materialized='incremental', enabled=target.type == 'duckdb', database='other') }}
select * from {{ ref('events') }}
