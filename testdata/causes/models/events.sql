{{ config(materialized='table') }}
select id from {{ source('app', 'clicks') }}
