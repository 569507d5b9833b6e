{{ config(materialized='incremental') }} select * from {{ ref('events') }}
