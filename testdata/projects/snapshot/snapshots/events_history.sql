{% snapshot events_history %}
{{ config(target_schema='dev', unique_key='id', strategy='check', check_cols='all') }}
select * from {{ ref('events') }}
{% endsnapshot %}
