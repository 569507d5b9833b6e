{{ config(materialized='table', meta={'tally': {'change_column': 'logged_at', 'change_type_column': 'op'}}) }}
select * from {{ ref('raw_log') }}
