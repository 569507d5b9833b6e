{{ config(materialized='table') }}
select id, kind from {{ ref('raw_events') }}
