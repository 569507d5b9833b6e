{{ config(materialized='table', meta={'tally': {'change_column': 'changed_at', 'created_column': 'created_at'}}) }}
select * from {{ ref('raw_rows') }}
