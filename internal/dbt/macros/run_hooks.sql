{#- Overrides dbt's run_hooks for the models of this project and of its packages.
    Most have no hooks, and then dbt's need not be called. Which phase it is:
    dbt_tally_before says how that is told. -#}
{% macro run_hooks(hooks, inside_transaction=True) %}
  {%- set after = hooks is sameas post_hooks or (hooks is not sameas pre_hooks and load_result('main') is not none) -%}
  {%- set outside = target.type == 'duckdb' and dbt_tally_outside() -%}
  {%- if inside_transaction != outside and not after -%}{%- do dbt_tally_audit('before', outside) -%}{%- endif -%}
  {%- if hooks -%}{{ (dbt_duckdb if dbt_duckdb is defined else dbt).run_hooks(hooks, inside_transaction) }}{%- endif -%}
  {%- if inside_transaction != outside and after -%}{%- do dbt_tally_audit('after', outside) -%}{%- endif -%}
{% endmacro %}
