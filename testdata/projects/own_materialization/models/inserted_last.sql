{{ config(materialized='insert_last') }} select * from {{ ref('events') }}
