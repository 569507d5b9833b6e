{{ config(materialized='table', meta={'tally': {'audit': false}}) }}
select * from {{ ref('raw_events') }}
