{{ config(materialized='table', meta={'tally': {'change_column': 'changed_at'}}) }}
select * from {{ ref('raw_rows') }}
