{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id',
     post_hook="delete from {{ this }} where id not in (select id from {{ ref('raw_rows') }})") }}
select * from {{ ref('raw_rows') }}
{% if is_incremental() %} where changed_at > (select max(changed_at) from {{ this }}) {% endif %}
