{{ config(
    materialized='table', schema='odd schema', alias='100% größe; 1.5 - AFTER',
    enabled=target.type != 'snowflake',
) }}
select * from {{ ref('raw_events') }}
