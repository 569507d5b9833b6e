{{ config(
    enabled=dbt_version[:4] != '1.8.',
    materialized='incremental', incremental_strategy='microbatch',
    event_time='happened_at', begin='2026-01-01', batch_size='month',
    unique_key='id' if target.type == 'postgres' else none,
) }}
select * from {{ ref('raw_events') }}
