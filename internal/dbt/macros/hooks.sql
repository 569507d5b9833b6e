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

{#- A hook, which sends at most one statement for all rows. dbt compiles a macro when it
    first calls it, in each thread that does so at that moment: what few models need is
    in macros of its own. All other work is in few macros, because a call costs dbt more
    than most of this work. -#}
{% macro dbt_tally_audit(phase, outside=False) %}
  {%- set table = env_var('DBT_TALLY_RELATION', '') if execute and model is defined and model.resource_type in ('model', 'seed', 'snapshot') else '' -%}
  {%- set settings = (model.config.get('meta') or {}).get('tally') or {} if table else {} -%}
  {%- set settings = settings if settings is mapping else {} -%}
  {%- if table and settings.get('audit') is not sameas false -%}
    {%- set columns = env_var('DBT_TALLY_COLUMNS', 'all') -%}
    {#- dbt's clock: by the transaction's clock both rows would have the same time.
        dbt v2 formats %f with nine digits, which are cut to microseconds. -#}
    {%- set run = {
          'table': table, 'columns': columns, 'outside': outside, 'materialized': model.config.materialized,
          'now': modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f')[:26],
          'exact': (settings.get('count') or env_var('DBT_TALLY_COUNT', 'auto')) == 'exact',
          'views': env_var('DBT_TALLY_COUNT_VIEWS', 'false') == 'true',
          'block': target.type == 'postgres' and dbt_version[:2] == '1.',
          'change': dbt_tally_change(settings) if columns == 'all'
            and (env_var('DBT_TALLY_CHANGE_COLUMN', '') or settings.get('change_column') or settings.get('change_type_column')) else none,
        } -%}
    {%- if phase == 'before' -%}{%- do dbt_tally_audit_before(run) -%}{%- else -%}{%- do dbt_tally_audit_after(run) -%}{%- endif -%}
  {%- endif -%}
{% endmacro %}

{#- If there is nothing to count (a first build, a view), or dbt keeps the table that the
    after hook can count, no statement is sent: the time is stored for the after hook. Of
    other tables on PostgreSQL, with dbt v2, and if the row has a watermark, the before hook
    inserts its row. Otherwise it reads the count, and the after hook inserts both rows with
    one statement. -#}
{% macro dbt_tally_audit_before(run) %}
  {%- set listed = dbt_tally_listed() if dbt_version[:2] == '1.' and graph.nodes | length > 300 and not run.views else '' -%}
  {%- set relation = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier)
        if not listed else this if listed == 'table' else none -%}
  {%- set countable = relation is not none and (run.views or listed == 'table' or not relation.is_view or run.materialized == 'external') -%}
  {%- set kept = countable and run.materialized == 'table' and (run.block or target.type == 'duckdb')
        and dbt_tally_keeps(run, listed == 'table' or relation.is_table) -%}
  {%- if countable and not kept and (run.block or run.change or dbt_version[:2] != '1.') -%}
    {%- do dbt_tally_insert(run, [{'phase': 'before', 'time': run.now, 'count': '(select count(*) from ' ~ relation ~ ')',
          'source': "'counted'", 'materialized': run.materialized}], none) -%}
  {%- else -%}
    {%- set before = dbt_tally_count(relation, run.outside) if countable and not kept else none -%}
    {#- The namespace replaces the empty agate table that dbt 1 would create, which takes
        longer than everything else here. -#}
    {%- do store_raw_result('dbt_tally', code=run.now, rows_affected=before,
          message='absent' if relation is none else 'uncounted' if not countable else 'kept' if kept else 'counted' if before is number else 'unknown',
          agate_table=namespace(rows={}) if dbt_version[:2] == '1.' else none) -%}
  {%- endif -%}
{% endmacro %}

{#- adapter.get_relation searches all cached relations of the schema. In a large project
    the first hook of a schema lists it instead, in the graph, which all models share, and
    the others look there: the result is table, absent, or another kind, which is to be
    looked up. Only tables are looked up that way: a view may be dropped with a table while
    dbt runs, and a batch may have just created its table. If a table was dropped
    meanwhile, the block around the insert keeps its model from failing. dbt v2 keeps a
    graph for each model. -#}
{% macro dbt_tally_listed() %}
  {%- if not (target.type == 'postgres' or (target.type == 'snowflake' and env_var('DBT_TALLY_GUARD', '')))
        or model.config.materialized not in ('table', 'incremental', 'seed', 'snapshot') or model.config.incremental_strategy == 'microbatch' -%}
    {{ return('') }}
  {%- endif -%}
  {%- set kind = (dbt_tally_schema().get(this.identifier | lower) or ['absent'])[0] -%}
  {{ return(kind if kind in ('table', 'absent') else '') }}
{% endmacro %}

{#- The relations of the model's schema, by their names in lower case: what they are and, on
    PostgreSQL, about how many rows they have, which reads no table. -#}
{% macro dbt_tally_schema() %}
  {%- set schemas = graph.setdefault('dbt_tally', {}) -%}
  {%- set place = (this.database ~ '.' ~ this.schema) | lower -%}
  {%- if place not in schemas -%}
    {%- set names, found = {}, [] -%}
    {%- if target.type == 'postgres' -%}
      {%- do found.extend(adapter.add_query("select /* dbt_tally */ c.relname, case when c.relkind in ('r', 'p') then 'table' else 'other' end, "
            ~ "greatest(c.reltuples, pg_stat_get_live_tuples(c.oid)) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
            ~ "where c.relkind in ('r', 'p', 'v', 'm', 'f') and lower(n.nspname) = '" ~ (this.schema | lower | replace("'", "''")) ~ "'",
            auto_begin=True)[1].fetchall()) -%}
    {%- else -%}
      {%- for other in list_relations_without_caching(api.Relation.create(database=this.database, schema=this.schema)).rows -%}
        {%- do found.append([other['name'], (other['type'] or other['kind'] or '') | lower, none]) -%}
      {%- endfor -%}
    {%- endif -%}
    {%- for name, kind, rows in found -%}
      {%- do names.update({name | lower: [kind if name | lower not in names else 'other', rows]}) -%}
    {%- endfor -%}
    {#- setdefault, because another thread may have listed it meanwhile. -#}
    {%- do schemas.setdefault(place, names) -%}
  {%- endif -%}
  {{ return(schemas[place]) }}
{% endmacro %}

{#- Whether dbt keeps the table that was there, under another name, until the model is
    committed. Then the after hook counts it, and the before hook sends no statement. A
    hook of the model could change it; a materialization of the project may do anything.
    dbt-duckdb drops the table at once if it has a foreign key, which needs a contract.
    On PostgreSQL dbt has locked both names by then, and readers would wait for a long
    count, so that only a table is counted there that is known to be small. -#}
{% macro dbt_tally_keeps(run, table) %}
  {%- set kept = table and not run.change and not pre_hooks -%}
  {%- if kept and target.type == 'postgres' -%}
    {%- set rows = (dbt_tally_schema().get(this.identifier | lower) or ['absent', 0])[1]
          if materialization_table_postgres is not defined and materialization_table_default.macro.package_name == 'dbt' else 0 -%}
    {{ return(rows > 0 and rows <= 100000) }}
  {%- endif -%}
  {{ return(kept and not run.outside and not post_hooks and not model.config.contract.enforced
        and materialization_table_duckdb is defined and materialization_table_duckdb.macro.package_name == 'dbt_duckdb') }}
{% endmacro %}

{% macro dbt_tally_audit_after(run) %}
  {%- set remembered = load_result('dbt_tally') -%}
  {%- set was = remembered.response ~ '' if remembered is not none else 'inserted' -%}
  {%- set before = remembered.response.rows_affected if was == 'counted' else none -%}
  {#- dbt-postgres cuts the name, so that its suffix fits. -#}
  {%- set kept = none if was != 'kept' else this.incorporate(path={'identifier': this.identifier[:51] ~ '__dbt_backup'}) if run.block
        else adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier ~ '__dbt_backup') -%}
  {%- set rows = [] -%}
  {%- if was in ('absent', 'uncounted', 'counted') or kept is not none -%}
    {#- The materialization is empty if there was no relation. -#}
    {%- do rows.append({'phase': 'before', 'time': remembered.response.code, 'materialized': run.materialized if was != 'absent' else '',
          'count': before | string if before is number else '(select count(*) from ' ~ kept ~ ')' if kept is not none else none,
          'source': "'counted'" if before is number or kept is not none else 'null', 'kept': kept}) -%}
  {%- endif -%}
  {%- set affected = dbt_tally_affected(run, was) if target.type in ('postgres', 'mysql', 'mysql5', 'mariadb') else none -%}
  {%- set count, source = '(select count(*) from ' ~ this ~ ')', "'counted'" -%}
  {%- if (run.materialized == 'view' and not run.views) or (post_hooks and dbt_tally_dropped(run)) -%}
    {%- set count, source = none, 'null' -%}
  {%- elif affected is not none -%}
    {%- set count, source = affected | string, "'adapter'" -%}
  {%- endif -%}
  {%- do rows.append({'phase': 'after', 'time': run.now, 'count': count, 'source': source, 'materialized': run.materialized}) -%}
  {%- do dbt_tally_insert(run, rows, before) -%}
{% endmacro %}

{#- dbt-postgres and dbt-mysql report the exact number of rows that they have just inserted
    into a new table. A post-hook of the project may have changed them since. -#}
{% macro dbt_tally_affected(run, was) %}
  {%- set main = load_result('main') -%}
  {%- set n = main.response.rows_affected
        if not run.exact and not post_hooks and main is not none
          and (run.materialized in ('table', 'seed') or (run.materialized == 'incremental' and was in ('absent', 'uncounted'))) else none -%}
  {{ return(n if n is number and n >= 0 else none) }}
{% endmacro %}

{#- Whether a post-hook has dropped the relation, which dbt's cache cannot tell, because it
    does not know that it was built. A check costs a statement. If that statement is not
    almost free, it is sent only if a hook contains the word "drop". -#}
{% macro dbt_tally_dropped(run) %}
  {%- set engine = 'mysql' if target.type in ('mysql5', 'mariadb') else target.type -%}
  {{ return((engine in ('duckdb', 'mysql') or (engine in ('postgres', 'redshift', 'snowflake') and 'drop' in (post_hooks ~ '') | lower))
        and adapter.execute('select count(*) from '
          ~ {'duckdb': 'system.information_schema.tables', 'mysql': 'information_schema.tables'}.get(engine, this.information_schema('tables'))
          ~ " where lower(table_schema) = '" ~ (this.schema | lower | replace("'", "''"))
          ~ "' and lower(table_name) = '" ~ (this.identifier | lower | replace("'", "''"))
          ~ ("' and lower(table_catalog) = '" ~ (this.database | lower | replace("'", "''")) if engine == 'duckdb') ~ "'",
          auto_begin=not run.outside, fetch=True)[1].rows[0][0] == 0) }}
{% endmacro %}
