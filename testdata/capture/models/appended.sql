{{ config(materialized='incremental', incremental_strategy='append') }}
select * from {{ ref('raw_rows') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
