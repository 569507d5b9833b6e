{#- The two halves of an audit. Each acts only in its own phase, so your own run_hooks
    can call both at every call. A materialization calls run_hooks with pre_hooks and
    with post_hooks, the same objects and not copies. If it passes other lists, the
    phase is after once main is stored. -#}
{% macro dbt_tally_before(hooks, inside_transaction=True) %}
  {%- set outside = target.type == 'duckdb' and dbt_tally_outside() -%}
  {%- if inside_transaction != outside and (hooks is sameas pre_hooks or (hooks is not sameas post_hooks and load_result('main') is none)) -%}
    {%- do dbt_tally_audit('before', outside) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_after(hooks, inside_transaction=True) %}
  {%- set outside = target.type == 'duckdb' and dbt_tally_outside() -%}
  {%- if inside_transaction != outside and (hooks is sameas post_hooks or (hooks is not sameas pre_hooks and load_result('main') is not none)) -%}
    {%- do dbt_tally_audit('after', outside) -%}
  {%- endif -%}
{% endmacro %}

{#- Whether DuckDB must insert the rows outside of the model's transaction. dbt-duckdb
    runs a Python model on another connection, and a transaction that is already open
    would not see its work. A transaction also writes to only one attached database. -#}
{% macro dbt_tally_outside() %}
  {%- set database = (this.database ~ '.') | lower -%}
  {{ return(model.language == 'python' or (env_var('DBT_TALLY_RELATION', '') | replace('"', '') | lower)[:database | length] != database) }}
{% endmacro %}

{#- The whole work of a hook is in one macro, because calling another one takes dbt
    longer than most of this work. It sends at most one statement for all rows. -#}
{% macro dbt_tally_audit(phase, outside=False) %}
  {%- set table = env_var('DBT_TALLY_RELATION', '') if execute and model is defined and model.resource_type in ('model', 'seed', 'snapshot') else '' -%}
  {%- set settings = (model.config.get('meta') or {}).get('tally') if table else none -%}
  {%- if table and not (settings is mapping and settings.get('audit') is sameas false) -%}
    {%- set materialized = model.config.materialized -%}
    {%- set exact = (settings.count if settings is mapping and settings.count is string else env_var('DBT_TALLY_COUNT', 'auto')) == 'exact' -%}
    {%- set count_views = env_var('DBT_TALLY_COUNT_VIEWS', 'false') == 'true' -%}
    {#- dbt's clock: by the transaction's clock both rows would have the same time.
        dbt v2 formats %f with nine digits, which are cut to microseconds. -#}
    {%- set engine = 'mysql' if target.type in ('mysql5', 'mariadb') else target.type -%}
    {%- set now = modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f')[:26] -%}
    {%- set rows = [] -%}
    {#- On PostgreSQL, with dbt v2, and if the row has a watermark, the before hook inserts
        its row. Otherwise it reads the count, and the after hook inserts both rows with one
        statement. -#}
    {%- set block = target.type == 'postgres' and dbt_version[:2] == '1.' -%}
    {%- set columns = env_var('DBT_TALLY_COLUMNS', 'all') -%}
    {%- set change = dbt_tally_change(settings) if columns == 'all' and (env_var('DBT_TALLY_CHANGE_COLUMN', '')
          or (settings is mapping and (settings.get('change_column') or settings.get('change_type_column')))) else none -%}
    {%- set reads = not block and not change and dbt_version[:2] == '1.' -%}

    {%- if phase == 'before' -%}
      {#- If there is nothing to count (a first build, a view), no statement is sent: the
          time is stored for the after hook. The namespace replaces the empty agate table
          that dbt 1 would create, which takes longer than everything else here. -#}
      {#- adapter.get_relation searches all cached relations of the schema. In a large
          project the first hook of a schema lists it instead, in the graph, which all
          models share, and the others look there. Only tables are looked up that way:
          a view may be dropped with a table while dbt runs, and a batch may have just
          created its table. If a table was dropped meanwhile, the block around the
          insert keeps its model from failing. dbt v2 keeps a graph for each model. -#}
      {%- set listed = '' -%}
      {%- if dbt_version[:2] == '1.' and (target.type == 'postgres' or (target.type == 'snowflake' and env_var('DBT_TALLY_GUARD', '')))
            and graph.nodes | length > 300 and not count_views and materialized in ('table', 'incremental', 'seed', 'snapshot')
            and model.config.incremental_strategy != 'microbatch' -%}
        {%- set schemas = graph.setdefault('dbt_tally', {}) -%}
        {%- set place = (this.database ~ '.' ~ this.schema) | lower -%}
        {%- if place not in schemas -%}
          {%- set names = {} -%}
          {%- for other in list_relations_without_caching(api.Relation.create(database=this.database, schema=this.schema)).rows -%}
            {%- set name = other['name'] | lower -%}
            {%- do names.update({name: 'other' if name in names else (other['type'] or other['kind'] or '') | lower}) -%}
          {%- endfor -%}
          {#- setdefault, because another thread may have listed it meanwhile. -#}
          {%- do schemas.setdefault(place, names) -%}
        {%- endif -%}
        {%- set listed = schemas[place].get(this.identifier | lower, 'absent') -%}
      {%- endif -%}
      {%- if listed in ('table', 'absent') -%}
        {%- set relation = this if listed == 'table' else none -%}
      {%- else -%}
        {%- set relation = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) -%}
      {%- endif -%}
      {%- if relation is not none and (count_views or listed == 'table' or not relation.is_view or materialized == 'external') -%}
        {%- if reads -%}
          {%- set before = dbt_tally_count(relation, outside) -%}
          {%- set was = 'counted' if before is number else 'unknown' -%}
        {%- else -%}
          {%- do rows.append({'phase': phase, 'time': now, 'count': '(select count(*) from ' ~ relation ~ ')', 'source': "'counted'", 'materialized': materialized}) -%}
        {%- endif -%}
      {%- else -%}
        {%- set was = 'absent' if relation is none else 'uncounted' -%}
      {%- endif -%}
      {%- if not rows -%}
        {%- do store_raw_result('dbt_tally', message=was, code=now, rows_affected=before if before is defined else none,
              agate_table=namespace(rows={}) if dbt_version[:2] == '1.' else none) -%}
      {%- endif -%}
    {%- else -%}
      {%- set remembered = load_result('dbt_tally') -%}
      {%- set was = remembered.response ~ '' if remembered is not none else 'inserted' -%}
      {%- set before = remembered.response.rows_affected if was == 'counted' else none -%}
      {%- if was in ('absent', 'uncounted', 'counted') -%}
        {#- The materialization is empty if there was no relation. -#}
        {%- do rows.append({'phase': 'before', 'time': remembered.response.code, 'count': before | string if before is number else none,
              'source': "'counted'" if before is number else 'null', 'materialized': materialized if was != 'absent' else ''}) -%}
      {%- endif -%}
      {#- dbt-postgres and dbt-mysql report the exact number of rows that they have just
          inserted into a new table. A post-hook of the project may have changed them since. -#}
      {%- set main = load_result('main') -%}
      {%- set affected = main.response.rows_affected
            if engine in ('postgres', 'mysql') and not exact and not post_hooks and main is not none
              and (materialized in ('table', 'seed') or (materialized == 'incremental' and was in ('absent', 'uncounted'))) else none -%}
      {#- A post-hook may have dropped the relation, and dbt's cache does not know that it
          was built. A check costs a statement. If that statement is not almost free, it
          is sent only if a hook contains the word "drop". -#}
      {%- set dropped = post_hooks and (engine in ('duckdb', 'mysql')
            or (engine in ('postgres', 'redshift', 'snowflake') and 'drop' in (post_hooks ~ '') | lower))
            and adapter.execute('select count(*) from '
              ~ {'duckdb': 'system.information_schema.tables', 'mysql': 'information_schema.tables'}.get(engine, this.information_schema('tables'))
              ~ " where lower(table_schema) = '" ~ (this.schema | lower | replace("'", "''"))
              ~ "' and lower(table_name) = '" ~ (this.identifier | lower | replace("'", "''"))
              ~ ("' and lower(table_catalog) = '" ~ (this.database | lower | replace("'", "''")) if engine == 'duckdb') ~ "'",
              auto_begin=not outside, fetch=True)[1].rows[0][0] == 0 -%}
      {%- if dropped or (materialized == 'view' and not count_views) -%}
        {%- set count, source = none, 'null' -%}
      {%- elif affected is number and affected >= 0 -%}
        {%- set count, source = affected | string, "'adapter'" -%}
      {%- else -%}
        {%- set count, source = '(select count(*) from ' ~ this ~ ')', "'counted'" -%}
      {%- endif -%}
      {%- do rows.append({'phase': phase, 'time': now, 'count': count, 'source': source, 'materialized': materialized}) -%}
    {%- endif -%}

    {%- if rows -%}
      {%- set row = rows[-1] -%}
      {%- set all_columns = columns != 'tutorial' -%}
      {#- All steps of a run of dbt Cloud have its number. -#}
      {%- set run_group = env_var('DBT_CLOUD_RUN_ID', '') if columns == 'all' else '' -%}
      {%- set time = {
            'snowflake': "to_timestamp_tz('{} +0000', 'YYYY-MM-DD HH24:MI:SS.FF6 TZHTZM')",
            'mysql': "cast('{}' as datetime(6))", 'sqlserver': "cast('{}' as datetime2(6))",
          }.get(engine, "cast('{}' as timestamp)") -%}
      {%- set bigint = {'mysql': 'signed', 'bigquery': 'int64'}.get(engine, 'bigint') -%}
      {%- set backslash = '\\\\' if engine in ('mysql', 'snowflake') else '\\' -%}
      {%- set name = this | string | replace('\\', backslash) | replace("'", "''") -%}
      {%- set node = model.unique_id | replace('\\', backslash) | replace("'", "''") -%}
      {#- What the model writes is known only of a table that was there. Of one that dbt
          builds anew, only columns can show it, if the project names them. -#}
      {%- set written = {'prefix': '', 'declare': '', 'block': '', 'checks': '', 'from': '', 'columns': '', 'cells': []} -%}
      {%- if columns == 'all' and row.count is not none and (rows | length == 1 or was == 'counted') -%}
        {%- if change -%}
          {%- do written.update(dbt_tally_changed(phase, row.count, block, change)) -%}
        {%- elif not outside and materialized not in ('table', 'seed', 'view', 'external') -%}
          {%- do written.update(dbt_tally_counters(phase, row.count, exact, name, node) if block else dbt_tally_written(phase, row.count, before, exact)) -%}
        {%- endif -%}
      {%- endif -%}
      {%- do row.update({'count': written.count, 'source': written.source or row.source}) if written.from -%}
      {%- set counted = row.count if block and '(' in (row.count or '') else '' -%}
      {%- do row.update({'count': 'dbt_tally_count', 'source': 'dbt_tally_counted'}) if counted -%}
      {%- set sql -%}
        {{ written.prefix }}insert /* dbt_tally */ into {{ table }} (model_name, execution_time, row_count, run_id{{ ', node_id, phase, materialized' ~ (', batch' if model.batch else '') ~ (', run_group' if run_group else '') if all_columns }}{{ ', count_source' if columns == 'all' }}{{ written.columns if written.cells }})
        {%- for r in rows %}
        {{ 'union all ' if not loop.first }}select '{{ name }} - {{ r.phase | upper }}', {{ time | replace('{}', r.time) }}, {{ r.count or 'cast(null as ' ~ bigint ~ ')' }}, '{{ invocation_id }}'
          {%- if all_columns %}, '{{ node }}', '{{ r.phase }}', '{{ r.materialized }}'{{ ", '" ~ model.batch.id ~ "'" if model.batch }}{{ ", '" ~ (run_group | replace("'", "''")) ~ "'" if run_group }}{% endif -%}
          {%- if columns == 'all' %}, {{ r.source }}{% endif -%}
          {%- if written.cells %}, {{ written.cells | join(', ') ~ written.from if loop.last else (['null'] * written.cells | length) | join(', ') }}{% endif -%}
        {%- endfor -%}
      {%- endset -%}
      {#- A block around the insert prevents a failed audit from failing the model. On
          PostgreSQL dbt v2 gets the plain insert, because it splits statements at
          semicolons even within $tags$. On Snowflake the guard is the block with which
          the insert was tested; it must contain the only dollar signs. add_query is
          execute without the agate table for the unused answer, which takes a quarter of
          the statement's time. -#}
      {%- set guard = env_var('DBT_TALLY_GUARD', '') -%}
      {%- if block -%}
        {#- A count in the model's transaction would lock the old table until the model
            commits. A session that alters that table would wait for the whole build, or
            deadlock with it. The rollback of an inner block releases the lock; its
            variable keeps the count. The insert waits at most 5 s for a locked audit
            table, and then the user's own lock_timeout is restored. A name that contains
            the tag of the block would end it. -#}
        {%- set tag = '$dbt_tally' ~ ('_' ~ invocation_id | replace('-', '_') if '$dbt_tally$' in sql ~ counted) ~ '$' -%}
        {%- do adapter.add_query("do " ~ tag ~ " declare dbt_tally_count bigint; dbt_tally_counted text := 'counted'; "
              ~ "dbt_tally_wait text := current_setting('lock_timeout'); " ~ written.declare ~ "begin " ~ written.block
              ~ ('if dbt_tally_count is null then ' if counted and written.block)
              ~ ('begin dbt_tally_count := ' ~ counted ~ "; raise sqlstate 'DT000'; exception when sqlstate 'DT000' then null; end; " if counted)
              ~ ('end if; ' if counted and written.block)
              ~ written.checks
              ~ "if dbt_tally_wait::interval not between '1 ms' and '5 s' then perform set_config('lock_timeout', '5s', true); end if; "
              ~ sql ~ "; perform set_config('lock_timeout', dbt_tally_wait, true); exception when others or query_canceled then "
              ~ "raise warning 'dbt_tally: % (%)', sqlerrm, sqlstate; end " ~ tag, auto_begin=True) -%}
      {%- elif target.type == 'duckdb' and dbt_version[:2] == '1.' -%}
        {%- do adapter.add_query(sql, auto_begin=not outside and not target.disable_transactions) -%}
      {%- else -%}
        {%- if written.otherwise -%}
          {%- set otherwise = sql | replace(', ' ~ written.cells | join(', ') ~ written.from, written.otherwise) -%}
          {%- set sql = otherwise if '$$' in sql else 'begin ' ~ sql ~ '; exception when other then ' ~ otherwise ~ '; end' -%}
        {%- endif -%}
        {%- do adapter.execute(guard | replace('{}', sql) if guard and '$$' not in sql else sql, auto_begin=not outside, fetch=False) -%}
      {%- endif -%}
    {%- endif -%}
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
  {%- set answer = adapter.execute(guard | replace('{}', guarded) if guard else sql, auto_begin=not outside, fetch=True)[1].rows[0][0] | int(-1) -%}
  {{ return(answer if answer >= 0 else none) }}
{% endmacro %}
