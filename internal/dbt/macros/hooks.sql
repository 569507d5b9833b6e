{#- The two halves of an audit: both look by themselves whether it is their turn,
    so that a run_hooks of your own can call both whenever it is called. A call of
    a macro costs dbt about as much as all of a hook's own work, so they are few. -#}

{#- Before the model is built. Where nothing is to be counted (a first build, a
    view) no statement is sent: the time is remembered for the after rows. The
    namespace stands for the agate table that dbt 1 would make of nothing, which
    takes it longer than all else here. -#}
{% macro dbt_tally_before(inside_transaction=True) %}
  {%- if inside_transaction and load_result('main') is none and dbt_tally_audits() -%}
    {%- set relation = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) -%}
    {%- if relation is not none and (not relation.is_view or model.config.materialized == 'external' or dbt_tally_counts_views()) -%}
      {%- do dbt_tally_insert([{'phase': 'before', 'time': dbt_tally_now(), 'count': '(select count(*) from ' ~ relation ~ ')', 'materialized': model.config.materialized}]) -%}
    {%- else -%}
      {%- do store_raw_result('dbt_tally', message='absent' if relation is none else 'uncounted', code=dbt_tally_now(), rows_affected=none, agate_table=namespace(rows={}) if dbt_version[:2] == '1.' else none) -%}
    {%- endif -%}
  {%- endif -%}
{% endmacro %}

{#- After the model is built, before its transaction is committed. A before row
    names no materialization where there was no relation. -#}
{% macro dbt_tally_after(inside_transaction=True) %}
  {%- if inside_transaction and load_result('main') is not none and dbt_tally_audits() -%}
    {%- set remembered = load_result('dbt_tally') -%}
    {%- set rows = [] -%}
    {%- if remembered is not none -%}
      {%- do rows.append({'phase': 'before', 'time': remembered.response.code, 'count': none, 'materialized': model.config.materialized if remembered.response ~ '' == 'uncounted' else ''}) -%}
    {%- endif -%}
    {%- do rows.append({'phase': 'after', 'time': dbt_tally_now(), 'count': dbt_tally_after_count(remembered is not none), 'materialized': model.config.materialized}) -%}
    {%- do dbt_tally_insert(rows) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_audits() %}
  {%- if not execute or model is not defined or model.resource_type not in ('model', 'seed', 'snapshot') or env_var('DBT_TALLY_RELATION', '') == '' -%}
    {{ return(false) }}
  {%- endif -%}
  {%- set tally = (model.config.get('meta') or {}).get('tally') -%}
  {{ return(not (tally is mapping and tally.get('audit') is sameas false)) }}
{% endmacro %}

{% macro dbt_tally_counts_views() %}
  {{ return(env_var('DBT_TALLY_COUNT_VIEWS', 'false') == 'true') }}
{% endmacro %}

{#- dbt's clock, not the transaction's, in which both rows would have one time.
    dbt v2 gives %f nine digits: cut to microseconds. -#}
{% macro dbt_tally_now() %}
  {{ return(modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f')[:26]) }}
{% endmacro %}

{#- The rows now in the relation as an SQL expression; none where they are not to
    be counted. dbt-postgres knows the exact number of rows that it has just put
    into a new table, unless a post-hook of the project changed them since. -#}
{% macro dbt_tally_after_count(first_build) %}
  {%- set materialized = model.config.materialized -%}
  {%- if materialized == 'view' and not dbt_tally_counts_views() -%}
    {{ return(none) }}
  {%- endif -%}
  {%- if target.type == 'postgres' and not post_hooks
        and (materialized in ('table', 'seed') or (materialized == 'incremental' and first_build)) -%}
    {%- set affected = load_result('main').response.rows_affected -%}
    {%- if affected is number and affected >= 0 -%}
      {{ return(affected | string) }}
    {%- endif -%}
  {%- endif -%}
  {{ return('(select count(*) from ' ~ this ~ ')') }}
{% endmacro %}

{#- One statement, whatever the number of rows. -#}
{% macro dbt_tally_insert(rows) %}
  {%- set all_columns = env_var('DBT_TALLY_COLUMNS', 'all') == 'all' -%}
  {%- set engine = 'mysql' if target.type in ('mysql5', 'mariadb') else target.type -%}
  {%- set time = {
        'snowflake': "to_timestamp_tz('{} +0000', 'YYYY-MM-DD HH24:MI:SS.FF6 TZHTZM')",
        'mysql': "cast('{}' as datetime(6))", 'sqlserver': "cast('{}' as datetime2(6))",
      }.get(engine, "cast('{}' as timestamp)") -%}
  {%- set bigint = {'mysql': 'signed', 'bigquery': 'int64'}.get(engine, 'bigint') -%}
  {%- set backslash = '\\\\' if engine in ('mysql', 'snowflake') else '\\' -%}
  {%- set sql -%}
    insert /* dbt_tally */ into {{ env_var('DBT_TALLY_RELATION') }} (model_name, execution_time, row_count, run_id{{ ', node_id, phase, materialized' if all_columns }})
    {%- for row in rows %}
    {{ 'union all ' if not loop.first }}select '{{ this | string | replace('\\', backslash) | replace("'", "''") }} - {{ row.phase | upper }}', {{ time | replace('{}', row.time) }}, {{ row.count or 'cast(null as ' ~ bigint ~ ')' }}, '{{ invocation_id }}'
      {%- if all_columns %}, '{{ model.unique_id | replace('\\', backslash) | replace("'", "''") }}', '{{ row.phase }}', '{{ row.materialized }}'{% endif -%}
    {%- endfor -%}
  {%- endset -%}
  {#- A block of its own keeps an audit that fails from failing the model. On
      PostgreSQL dbt v2 gets the plain insert, for it splits statements at semicolons
      without regard to $tags$. On Snowflake the guard is the block that the insert
      was proven in; its dollars must be the only ones. add_query is execute without
      an agate table for the answer that nobody reads: a quarter of the statement's
      time. -#}
  {%- if target.type == 'postgres' and dbt_version[:2] == '1.' -%}
    {%- do adapter.add_query('do $dbt_tally$ begin ' ~ sql ~ "; exception when others or query_canceled then raise warning 'dbt_tally: % (%)', sqlerrm, sqlstate; end $dbt_tally$", auto_begin=True) -%}
  {%- else -%}
    {%- set guard = env_var('DBT_TALLY_GUARD', '') -%}
    {%- do adapter.execute(guard | replace('{}', sql) if guard and '$$' not in sql else sql, auto_begin=True, fetch=False) -%}
  {%- endif -%}
{% endmacro %}
