{#- Inserts the two rows of a model of which nothing is special, on PostgreSQL or DuckDB.
    DuckDB inserts values in less time. -#}
{% macro dbt_tally_insert_plain(run, time, before, after) %}
  {%- set name, node, null = this | string | replace("'", "''"), model.unique_id | replace("'", "''"), 'cast(null as bigint)' -%}
  {%- set sql = ("insert /* dbt_tally */ into %s (model_name, execution_time, row_count, run_id, node_id, phase, materialized, count_source) "
        ~ "%s'%s - BEFORE', cast('%s' as timestamp), %s, '%s', '%s', 'before', '%s', %s%s"
        ~ "'%s - AFTER', cast('%s' as timestamp), %s, '%s', '%s', 'after', '%s', %s%s") % (env_var('DBT_TALLY_RELATION'),
          'select ' if run.block else 'values (', name, time, before[1] or null, invocation_id, node, before[0], before[2],
          ' where dbt_tally_kept is not null union all select ' if before[3] else ' union all select ' if run.block else '), (',
          name, run.now, after[1] or null, invocation_id, node, after[0], after[2], '' if run.block else ')') -%}
  {%- if run.block -%}
    {%- do dbt_tally_insert_postgres(sql, '', before[3] or '', {}) -%}
  {%- else -%}
    {#- execute without the agate table for the unused answer, which takes a quarter of the
        statement's time. -#}
    {%- do adapter.add_query(sql, auto_begin=not run.outside and not target.disable_transactions) -%}
  {%- endif -%}
{% endmacro %}

{#- Inserts the rows of a hook with one statement, of any model on any engine: both, or one
    of them if the other is none. -#}
{% macro dbt_tally_insert(run, time, before, after) %}
  {%- set rows = [] -%}
  {%- if before -%}
    {%- do rows.append({'phase': 'before', 'time': time, 'materialized': before[0], 'count': before[1], 'source': before[2]}) -%}
  {%- endif -%}
  {%- if after -%}
    {%- do rows.append({'phase': 'after', 'time': run.now, 'materialized': after[0], 'count': after[1], 'source': after[2]}) -%}
  {%- endif -%}
  {%- set form = {
        'name': this | string | replace("'", "''"), 'node': model.unique_id | replace("'", "''"), 'time': ["cast('", "' as timestamp)"],
      } -%}
  {%- do dbt_tally_form(run, rows, form) -%}
  {%- set kept = before[3] or '' if before and run.block else '' -%}
  {%- do rows[0].update({'where': ' where dbt_tally_kept is not null'}) if kept -%}
  {%- set counted = rows[-1].count if run.block and '(' in (rows[-1].count or '') else '' -%}
  {%- do rows[-1].update({'count': 'dbt_tally_count', 'source': 'dbt_tally_counted'}) if counted -%}
  {%- set selects = [] -%}
  {%- for row in rows -%}
    {%- do selects.append("select '" ~ form.name ~ ' - ' ~ row.phase | upper ~ "', " ~ form.time[0] ~ row.time ~ form.time[1] ~ ', ' ~ (row.count or form.null)
          ~ ", '" ~ invocation_id ~ "'" ~ (", '" ~ form.node ~ "', '" ~ row.phase ~ "', '" ~ row.materialized ~ "'" if form.columns)
          ~ (', ' ~ row.source if run.columns == 'all') ~ row.more ~ (row.where or '')) -%}
  {%- endfor -%}
  {%- set sql = (form.prefix or '') ~ 'insert /* dbt_tally */ into ' ~ env_var('DBT_TALLY_RELATION') ~ ' (model_name, execution_time, row_count, run_id' ~ form.columns ~ ') '
        ~ selects | join(' union all ') -%}
  {%- if run.block -%}
    {%- do dbt_tally_insert_postgres(sql, counted, kept, form.written) -%}
  {%- elif target.type == 'duckdb' and dbt_version[:2] == '1.' -%}
    {%- do adapter.add_query(sql, auto_begin=not run.outside and not target.disable_transactions) -%}
  {%- else -%}
    {%- do dbt_tally_insert_guarded(run, sql, form.written) -%}
  {%- endif -%}
{% endmacro %}

{#- The words of the engine, fewer or further columns, and what the model has written. -#}
{% macro dbt_tally_form(run, rows, form) %}
  {%- set engine = 'mysql' if target.type in ('mysql5', 'mariadb') else target.type -%}
  {%- if engine in ('mysql', 'snowflake') -%}
    {%- do form.update({'name': form.name | replace('\\', '\\\\'), 'node': form.node | replace('\\', '\\\\')}) -%}
  {%- endif -%}
  {%- do form.update({
        'time': {
          'snowflake': ["to_timestamp_tz('", " +0000', 'YYYY-MM-DD HH24:MI:SS.FF6 TZHTZM')"],
          'mysql': ["cast('", "' as datetime(6))"], 'sqlserver': ["cast('", "' as datetime2(6))"],
        }.get(engine, form.time),
        'null': 'cast(null as ' ~ {'mysql': 'signed', 'bigquery': 'int64'}.get(engine, 'bigint') ~ ')',
      }) -%}
  {#- What the model writes is known only of a table that was there. Of one that dbt
      builds anew, only columns can show it, if the project names them. -#}
  {%- set row, written = rows[-1], {} -%}
  {%- if run.columns == 'all' and row.count is not none and (rows | length == 1 or run.before is number) -%}
    {%- if run.change -%}
      {%- do written.update(dbt_tally_changed(row.phase, row.count, run.block, run.change)) -%}
    {%- elif not run.outside and run.materialized not in ('table', 'seed', 'view', 'external') -%}
      {%- do written.update(dbt_tally_counters(row.phase, row.count, run.exact, form.name, form.node) if run.block
            else dbt_tally_written(row.phase, row.count, run.before, run.exact)) -%}
    {%- endif -%}
  {%- endif -%}
  {%- do row.update({'count': written.count, 'source': written.source or row.source}) if written.from -%}
  {#- All steps of a run of dbt Cloud have its number. -#}
  {%- set group = env_var('DBT_CLOUD_RUN_ID', '') if run.columns == 'all' else '' -%}
  {%- set batch = model.batch.id if model.batch and run.columns != 'tutorial' else none -%}
  {%- set more = (", '" ~ batch ~ "'" if batch is not none else '') ~ (", '" ~ group | replace("'", "''") ~ "'" if group else '') -%}
  {%- set nulls = ', null' * written.cells | length if written.cells else '' -%}
  {%- for r in rows -%}
    {%- do r.update({'more': more ~ (nulls if not loop.last else ', ' ~ written.cells | join(', ') ~ written.from if written.cells else '')}) -%}
  {%- endfor -%}
  {%- do form.update({
        'columns': ('' if run.columns == 'tutorial' else ', node_id, phase, materialized' ~ (', count_source' if run.columns == 'all'))
          ~ (', batch' if batch is not none else '') ~ (', run_group' if group else '') ~ (written.columns if written.cells else ''),
        'written': written, 'prefix': written.prefix,
      }) -%}
{% endmacro %}

{#- A block around the insert keeps a failed audit from failing the model. dbt v2 gets the
    plain insert, because it splits statements at semicolons even within $tags$.
    A count in the model's transaction would lock the old table until the model commits. A
    session that alters that table would wait for the whole build, or deadlock with it. The
    rollback of an inner block releases the lock; its variable keeps the count. The insert
    waits at most 5 s for a locked audit table, and then the user's own lock_timeout is
    restored. A name that contains the tag of the block would end it. kept is the table that
    dbt keeps: if it cannot be counted, only the before row is missing. -#}
{% macro dbt_tally_insert_postgres(sql, counted, kept, written) %}
  {%- set tag = '$dbt_tally' ~ ('_' ~ invocation_id | replace('-', '_') if '$dbt_tally$' in sql ~ counted ~ (written.block or '')) ~ '$' -%}
  {%- do adapter.add_query("do " ~ tag ~ " declare dbt_tally_count bigint; dbt_tally_counted text := 'counted'; "
        ~ "dbt_tally_wait text := current_setting('lock_timeout'); " ~ (written.declare or '') ~ ('dbt_tally_kept bigint; ' if kept) ~ "begin " ~ (written.block or '')
        ~ ('begin dbt_tally_kept := (select count(*) from ' ~ kept ~ '); exception when others or query_canceled then null; end; ' if kept)
        ~ ('if dbt_tally_count is null then ' if counted and written.block)
        ~ ('begin dbt_tally_count := ' ~ counted ~ "; raise sqlstate 'DT000'; exception when sqlstate 'DT000' then null; end; " if counted)
        ~ ('end if; ' if counted and written.block)
        ~ (written.checks or '')
        ~ "if dbt_tally_wait::interval not between '1 ms' and '5 s' then perform set_config('lock_timeout', '5s', true); end if; "
        ~ sql ~ "; perform set_config('lock_timeout', dbt_tally_wait, true); exception when others or query_canceled then "
        ~ "raise warning 'dbt_tally: % (%)', sqlerrm, sqlstate; end " ~ tag, auto_begin=True) -%}
{% endmacro %}

{#- On Snowflake the guard is the block with which the insert was tested; it must contain the
    only dollar signs. -#}
{% macro dbt_tally_insert_guarded(run, sql, written) %}
  {%- set guard = env_var('DBT_TALLY_GUARD', '') -%}
  {%- if written.otherwise -%}
    {%- set otherwise = sql | replace(', ' ~ written.cells | join(', ') ~ written.from, written.otherwise) -%}
    {%- set sql = otherwise if '$$' in sql else 'begin ' ~ sql ~ '; exception when other then ' ~ otherwise ~ '; end' -%}
  {%- endif -%}
  {%- set sql = guard | replace('{}', sql) if guard and '$$' not in sql else sql -%}
  {%- if target.type == 'snowflake' and dbt_version[:2] == '1.' -%}
    {%- do adapter.add_query(sql, auto_begin=False) -%}
  {%- else -%}
    {%- do adapter.execute(sql, auto_begin=not run.outside, fetch=False) -%}
  {%- endif -%}
{% endmacro %}

{#- The number of rows of a relation, or none if the warehouse could not count them. On
    MySQL a plain select would give the model's transaction an older view of the data;
    this one locks the rows as an insert that counts them would. -#}
{% macro dbt_tally_count(relation, outside) %}
  {%- set sql = 'select /* dbt_tally */ count(*) from ' ~ relation -%}
  {%- if target.type == 'duckdb' -%}
    {{ return(adapter.add_query(sql, auto_begin=not outside and not target.disable_transactions)[1].fetchall()[0][0]) }}
  {%- elif target.type in ('mysql', 'mysql5', 'mariadb') -%}
    {{ return(adapter.add_query(sql ~ ' lock in share mode', auto_begin=True)[1].fetchall()[0][0]) }}
  {%- endif -%}
  {%- set guard = env_var('DBT_TALLY_GUARD', '') if '$$' not in sql else '' -%}
  {%- set guarded = 'let dbt_tally_count integer := 0; ' ~ sql | replace('count(*)', 'count(*) into :dbt_tally_count') ~ '; return dbt_tally_count' -%}
  {%- set sql = guard | replace('{}', guarded) if guard else sql -%}
  {%- set answer = (adapter.add_query(sql, auto_begin=False)[1].fetchall()[0][0] if target.type == 'snowflake'
        else adapter.execute(sql, auto_begin=not outside, fetch=True)[1].rows[0][0]) | int(-1) -%}
  {{ return(answer if answer >= 0 else none) }}
{% endmacro %}
