{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id',
     enabled=target.type not in ('mysql', 'mariadb')) }}
select * from {{ ref('raw_rows') }}
{% if is_incremental() %} where changed_at > (select max(changed_at) from {{ this }}) {% endif %}
