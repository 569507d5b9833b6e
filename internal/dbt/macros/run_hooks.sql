{#- Overrides dbt's run_hooks for the models of this project and of its packages.
    Most models have no hooks; then dbt's own run_hooks is not called. The comment of
    dbt_tally_before explains how the phase is determined. A macro is asked where to insert
    only if the beginning of the audit table's name leaves a doubt. -#}
{% macro run_hooks(hooks, inside_transaction=True) %}
  {%- set after = hooks is sameas post_hooks or (hooks is not sameas pre_hooks and load_result('main') is not none) -%}
  {%- set outside = target.type == 'duckdb' and (model.language == 'python' or not env_var('DBT_TALLY_RELATION', '').startswith('"' ~ this.database ~ '".')) and dbt_tally_outside() -%}
  {%- if not after and inside_transaction != outside -%}{%- do dbt_tally_audit('before', outside) -%}{%- endif -%}
  {%- if hooks -%}{{ (dbt_duckdb if dbt_duckdb is defined else dbt).run_hooks(hooks, inside_transaction) }}{%- endif -%}
  {%- if after and inside_transaction != outside -%}{%- do dbt_tally_audit('after', outside) -%}{%- endif -%}
{% endmacro %}
