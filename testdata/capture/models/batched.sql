{{ config(materialized='incremental', incremental_strategy='microbatch', unique_key='id' if target.type == 'postgres' else none,
     enabled=target.type not in ('mysql', 'mariadb'),
     event_time='changed_at', begin='2026-01-01', batch_size='day', lookback=1, concurrent_batches=false) }}
select * from {{ ref('raw_rows') }}
