{{ config(materialized='table', meta={'tally': {'change_column': false}}) }}
select * from {{ ref('raw_rows') }}
