{{ config(
    materialized='incremental',
    pre_hook='{% if is_incremental() %}delete from {{ this }} where id <= 2{% endif %}',
) }}
select * from {{ ref('raw_events') }}
{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}
