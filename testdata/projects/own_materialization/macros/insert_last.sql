{#- Stores main after its post-hooks, as insert_by_period does. -#}
{% materialization insert_last, default %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing = load_cached_relation(this) -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- if existing is none -%}
    {% call statement('create') %}create table {{ target_relation }} as select * from ({{ sql }}) as q where 1 = 0{% endcall %}
  {%- endif -%}
  {% call statement('insert') %}insert into {{ target_relation }} {{ sql }}{% endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {% call noop_statement('main', 'INSERTED 99', 'OK', 99) %}{% endcall %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
