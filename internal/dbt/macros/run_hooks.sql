{#- Overrides dbt's run_hooks for the models of this project and of its packages. -#}
{% macro run_hooks(hooks, inside_transaction=True) %}
  {%- do dbt_tally_before(inside_transaction) -%}
  {{ (dbt_duckdb if dbt_duckdb is defined else dbt).run_hooks(hooks, inside_transaction) }}
  {%- do dbt_tally_after(inside_transaction) -%}
{% endmacro %}
