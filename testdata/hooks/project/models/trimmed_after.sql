{{ config(materialized='table', post_hook='delete from {{ this }} where id <= 2') }}
select * from {{ ref('raw_events') }}
