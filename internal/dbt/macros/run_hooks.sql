{#- Overrides dbt's run_hooks for the models of this project and of its packages. -#}
{% macro run_hooks(hooks, inside_transaction=True) %}
  {%- set built = load_result('main') is not none -%}
  {%- if inside_transaction and not built -%}{%- do dbt_tally_before() -%}{%- endif -%}
  {{ (dbt_duckdb if dbt_duckdb is defined else dbt).run_hooks(hooks, inside_transaction) }}
  {%- if inside_transaction and built -%}{%- do dbt_tally_after() -%}{%- endif -%}
{% endmacro %}
