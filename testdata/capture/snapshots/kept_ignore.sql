{% snapshot kept_ignore %}
{{ config(target_schema=target.schema, unique_key='id', strategy='check', check_cols=['value'], hard_deletes='ignore',
     enabled=target.type != 'mysql') }}
select * from {{ ref('raw_rows') }}
{% endsnapshot %}
