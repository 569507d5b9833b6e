{{ config(materialized='ephemeral') }} select * from {{ ref('event_view') }}
