{{ config(materialized='ephemeral') }}
select * from {{ ref('raw_events') }} where id > 4
