{#- Overrides dbt's run_hooks for the models of this project and of its packages.
    Most models have no hooks; then dbt's own run_hooks is not called. The comment of
    dbt_tally_before explains how the phase is determined. -#}
{% macro run_hooks(hooks, inside_transaction=True) %}
  {%- set after = hooks is sameas post_hooks or (hooks is not sameas pre_hooks and load_result('main') is not none) -%}
  {#- A macro is asked only if the beginning of the audit table's name leaves a doubt. -#}
  {%- set database = '"' ~ this.database ~ '".' -%}
  {%- set outside = target.type == 'duckdb' and (model.language == 'python' or env_var('DBT_TALLY_RELATION', '')[:database | length] != database) and dbt_tally_outside() -%}
  {%- if inside_transaction != outside and not after -%}{%- do dbt_tally_audit('before', outside) -%}{%- endif -%}
  {%- if hooks -%}{{ (dbt_duckdb if dbt_duckdb is defined else dbt).run_hooks(hooks, inside_transaction) }}{%- endif -%}
  {%- if inside_transaction != outside and after -%}{%- do dbt_tally_audit('after', outside) -%}{%- endif -%}
{% endmacro %}
