{% snapshot kinds %}
{{ config(target_schema='dev', unique_key='id', strategy='check', check_cols=['kind']) }}
select * from {{ ref('raw_events') }}
{% endsnapshot %}
