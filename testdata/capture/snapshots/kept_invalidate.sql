{% snapshot kept_invalidate %}
{{ config(target_schema=target.schema, unique_key='id', strategy='check', check_cols=['value'], hard_deletes='invalidate',
     enabled=target.type not in ('mysql', 'mariadb'),
     snapshot_meta_column_names={'dbt_valid_from': 'since', 'dbt_valid_to': 'until', 'dbt_scd_id': 'version', 'dbt_updated_at': 'seen'}) }}
select * from {{ ref('raw_rows') }}
{% endsnapshot %}
