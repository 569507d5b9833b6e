{{ config(
    materialized='table', schema='odd schema', alias='100% größe; 1.5 $dbt_tally$ - AFTER',
    enabled=target.type != 'snowflake',
) }}
select * from {{ ref('raw_events') }}
