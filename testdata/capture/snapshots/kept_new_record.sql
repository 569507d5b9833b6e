{% snapshot kept_new_record %}
{{ config(target_schema=target.schema, unique_key='id', strategy='check', check_cols=['value'], hard_deletes='new_record',
     enabled=target.type not in ('mysql', 'mariadb')) }}
select * from {{ ref('raw_rows') }}
{% endsnapshot %}
