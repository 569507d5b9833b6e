{{ config(materialized='table') }} select * from {{ ref('through') }}
