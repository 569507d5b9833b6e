{{ config(materialized='table') }}
select distinct id from {{ ref('stg_orders') }}
