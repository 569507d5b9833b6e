{{ config(materialized='insert_last', pre_hook='select 1', post_hook='delete from {{ this }} where id = 6') }}
select * from {{ ref('events') }}
