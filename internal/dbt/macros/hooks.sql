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
    first calls it, in each thread that does so at that moment, and that takes longer than
    all statements of a small project: what few models need is in macros of its own, and
    run lacks what is not special. All other work is in few macros, because a call costs
    dbt more than most of this work. -#}
{% macro dbt_tally_audit(phase, outside=False) %}
  {%- if env_var('DBT_TALLY_RELATION', '') and model is defined and model.resource_type in ('model', 'seed', 'snapshot') -%}
    {#- dbt's clock: by the transaction's clock both rows would have the same time.
        dbt v2 formats %f with nine digits, which are cut to microseconds. -#}
    {%- set engine = target.type if dbt_version[:2] == '1.' else '' -%}
    {%- set run = {'now': modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f')[:26],
          'materialized': model.config.materialized, 'outside': outside, 'block': engine == 'postgres', 'columns': 'all', 'was': 'absent', 'before': none} -%}
    {%- if env_var('DBT_TALLY_SPECIAL', '') or env_var('DBT_CLOUD_RUN_ID', '') or (model.config.meta or {}).tally
          or engine not in ('postgres', 'duckdb') or run.materialized not in ('table', 'seed', 'view') -%}
      {%- do dbt_tally_special(run) -%}
    {%- endif -%}
    {%- if run.off -%}
    {%- elif phase == 'before' -%}{%- do dbt_tally_audit_before(run) -%}
    {%- else -%}{%- do dbt_tally_audit_after(run) -%}
    {%- endif -%}
  {%- endif -%}
{% endmacro %}

{#- What is configured, for a model or for all. -#}
{% macro dbt_tally_special(run) %}
  {%- set settings = (model.config.get('meta') or {}).get('tally') or {} -%}
  {%- set settings = settings if settings is mapping else {} -%}
  {%- set columns = env_var('DBT_TALLY_COLUMNS', 'all') -%}
  {%- do run.update({
        'special': true, 'columns': columns, 'off': settings.get('audit') is sameas false,
        'exact': (settings.get('count') or env_var('DBT_TALLY_COUNT', 'auto')) == 'exact',
        'views': env_var('DBT_TALLY_COUNT_VIEWS', 'false') == 'true',
        'change': dbt_tally_change(settings) if columns == 'all'
          and (env_var('DBT_TALLY_CHANGE_COLUMN', '') or settings.get('change_column') or settings.get('change_type_column')) else none,
      }) -%}
{% endmacro %}

{#- If there is nothing to count (a first build, a view), or dbt keeps the table that the
    after hook can count, no statement is sent: the time is stored for the after hook. Of
    other tables on PostgreSQL, with dbt v2, and if the row has a watermark, the before hook
    inserts its row. Otherwise it reads the count, and the after hook inserts both rows with
    one statement. -#}
{% macro dbt_tally_audit_before(run) %}
  {%- set relation = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier)
        if run.views or graph.nodes | length <= (100 if target.type == 'postgres' else 300) else dbt_tally_relation(run) -%}
  {%- if relation is not none -%}{%- do dbt_tally_audit_existing(run, relation) -%}{%- endif -%}
  {#- The namespace replaces the empty agate table that dbt 1 would create, which takes
      longer than everything else here. -#}
  {%- if run.was != 'inserted' -%}
    {%- do store_raw_result('dbt_tally', message=run.was, code=run.now, rows_affected=run.before,
          agate_table=namespace(rows={}) if dbt_version[:2] == '1.' else none) -%}
  {%- endif -%}
{% endmacro %}

{#- Sets run.was: inserted if the before row is, kept, counted, uncounted (a view), or
    unknown if the warehouse could not count it. -#}
{% macro dbt_tally_audit_existing(run, relation) %}
  {%- if relation.is_view and not run.views and run.materialized != 'external' -%}
    {%- do run.update({'was': 'uncounted'}) -%}
  {%- elif run.materialized == 'table' and dbt_tally_keeps(run, relation) -%}
    {%- do run.update({'was': 'kept'}) -%}
  {%- elif run.block or run.change or dbt_version[:2] != '1.' -%}
    {%- do run.update({'was': 'inserted'}) -%}
    {%- do dbt_tally_insert(run, run.now, [run.materialized, '(select count(*) from ' ~ relation ~ ')', "'counted'"], none) -%}
  {%- else -%}
    {%- set before = dbt_tally_count(relation, run.outside) -%}
    {%- do run.update({'was': 'counted' if before is number else 'unknown', 'before': before}) -%}
  {%- endif -%}
{% endmacro %}

{#- The relation that was there. adapter.get_relation searches all cached relations of the
    schema. In a large project the first hook of a schema lists it instead, in the
    graph, which all models share, and the others look there. On PostgreSQL that pays
    earlier, because the list is read for tables that are built anew in any case. Only
    tables are looked up that way: a view may be dropped with a table while dbt runs,
    and a batch may have just created its table. If a table was dropped meanwhile, the
    block around the insert keeps its model from failing, and on DuckDB, which has no
    such block, only a table is looked up that the before hook does not count. dbt v2
    keeps a graph for each model. -#}
{% macro dbt_tally_relation(run) %}
  {%- if dbt_version[:2] == '1.' and (target.type in ('postgres', 'duckdb') or (target.type == 'snowflake' and env_var('DBT_TALLY_GUARD', '')))
        and run.materialized in ('table', 'incremental', 'seed', 'snapshot') and model.config.incremental_strategy != 'microbatch' -%}
    {%- set kind = (dbt_tally_schema().get(this.identifier | lower) or ['absent'])[0] -%}
    {%- set relation = this.incorporate(type='table') if kind == 'table' else none -%}
    {%- if kind == 'absent' or (relation is not none and (target.type != 'duckdb' or (run.materialized == 'table' and dbt_tally_keeps(run, relation)))) -%}
      {{ return(relation) }}
    {%- endif -%}
  {%- endif -%}
  {{ return(adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier)) }}
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
{% macro dbt_tally_keeps(run, relation) %}
  {%- if dbt_version[:2] != '1.' or not relation.is_table or pre_hooks or run.change -%}
    {{ return(false) }}
  {%- elif target.type == 'postgres' and materialization_table_postgres is not defined and materialization_table_default.macro.package_name == 'dbt' -%}
    {%- set rows = (dbt_tally_schema().get(this.identifier | lower) or ['absent', 0])[1] -%}
    {{ return(rows > 0 and rows <= 100000) }}
  {%- endif -%}
  {{ return(target.type == 'duckdb' and not run.outside and not post_hooks and not model.config.contract.enforced
        and materialization_table_duckdb is defined and materialization_table_duckdb.macro.package_name == 'dbt_duckdb') }}
{% endmacro %}

{#- before and after are lists for the two rows: the materialization, empty if there was no
    relation, the count or none, and where that is from. -#}
{% macro dbt_tally_audit_after(run) %}
  {%- set stored = load_result('dbt_tally') -%}
  {%- set before = none if stored is none else ['', none, 'null'] if stored.response ~ '' == 'absent' else dbt_tally_was(run, stored.response) -%}
  {%- set after = (dbt_tally_known(run, before) if target.type != 'duckdb' or post_hooks or run.materialized == 'view' else none)
        or [run.materialized, '(select count(*) from ' ~ this ~ ')', "'counted'"] -%}
  {%- if run.special or before is none or (run.block and after[2] == "'counted'") -%}
    {%- do dbt_tally_insert(run, stored.response.code if before else '', before, after) -%}
  {%- else -%}
    {%- do dbt_tally_insert_plain(run, stored.response.code, before, after) -%}
  {%- endif -%}
{% endmacro %}

{#- The before row that the after hook inserts, or none. A fourth element is the table that
    dbt keeps; dbt-postgres cuts its name, so that the suffix fits. -#}
{% macro dbt_tally_was(run, stored) %}
  {%- set was = stored ~ '' -%}
  {%- if was == 'uncounted' -%}
    {{ return([run.materialized, none, 'null']) }}
  {%- elif was == 'counted' -%}
    {%- do run.update({'before': stored.rows_affected}) -%}
    {{ return([run.materialized, stored.rows_affected | string, "'counted'"]) }}
  {%- elif was == 'kept' and run.block -%}
    {{ return([run.materialized, 'dbt_tally_kept', "'counted'", this.incorporate(path={'identifier': this.identifier[:51] ~ '__dbt_backup'})]) }}
  {%- endif -%}
  {%- set kept = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier ~ '__dbt_backup') if was == 'kept' else none -%}
  {{ return([run.materialized, '(select count(*) from ' ~ kept ~ ')', "'counted'"] if kept is not none else none) }}
{% endmacro %}

{#- The after row, if no scan is needed: of a view, of a relation that a post-hook has
    dropped, and if dbt-postgres or dbt-mysql report the exact number of rows that they have
    just inserted into a new table. A post-hook of the project may have changed them since. -#}
{% macro dbt_tally_known(run, before) %}
  {%- set main = load_result('main') -%}
  {%- if (run.materialized == 'view' and not run.views) or (post_hooks and dbt_tally_dropped(run)) -%}
    {{ return([run.materialized, none, 'null']) }}
  {%- elif target.type in ('postgres', 'mysql', 'mysql5', 'mariadb') and not run.exact and not post_hooks and main is not none
        and (run.materialized in ('table', 'seed') or (run.materialized == 'incremental' and before and before[1] is none))
        and main.response.rows_affected is number and main.response.rows_affected >= 0 -%}
    {{ return([run.materialized, main.response.rows_affected | string, "'adapter'"]) }}
  {%- endif -%}
  {{ return(none) }}
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
