{{ config(materialized='table', schema='odd schema', alias='100% größe; 1.5 - AFTER') }}
select * from {{ ref('raw_events') }}
