{#- What the audit table needs before and after a run, for the warehouses that are
    reached through dbt. Each operation is one run-operation; it logs payloads,
    one JSON object a line. -#}

{#- Finds the audit table and says its columns. With write it and the run table
    beside it are made where there is none, get the columns that they lack, and an
    insert is proven. A table without the first columns is left alone. Without:
    the steps to leave out. -#}
{% macro dbt_tally_prepare(database, schema, identifier, run_identifier, write, without=[]) %}
  {%- set relation = dbt_tally_find(database, schema, identifier) -%}
  {%- if relation is none and write -%}
    {%- do dbt_tally_create_schema(database, schema) -%}
    {%- do dbt_tally_say({'step': 'create the table'}) -%}
    {%- set relation = dbt_tally_create(database, schema, identifier, dbt_tally_table_columns(identifier)) -%}
  {%- endif -%}
  {%- if relation is none -%}
    {{ return(dbt_tally_say({'absent': true})) }}
  {%- endif -%}
  {%- if write and dbt_tally_lacks(dbt_tally_column_names(relation), dbt_tally_tutorial_columns()) | length == 0 -%}
    {%- if 'add columns' not in without -%}
      {%- do dbt_tally_say({'step': 'add columns'}) -%}
      {%- do dbt_tally_add_columns(relation, dbt_tally_table_columns(identifier)) -%}
    {%- endif -%}
    {%- do dbt_tally_prove(relation, dbt_tally_column_names(relation)) -%}
    {%- if 'make the run table' not in without -%}
      {%- do dbt_tally_say({'step': 'make the run table'}) -%}
      {%- do dbt_tally_prepare_runs(relation, run_identifier) -%}
    {%- endif -%}
  {%- endif -%}
  {%- set columns = [] -%}
  {%- for column in adapter.get_columns_in_relation(relation) -%}
    {%- do columns.append({'name': column.name, 'type': column.data_type ~ ''}) -%}
  {%- endfor -%}
  {%- do dbt_tally_say({'relation': relation ~ '', 'columns': columns}) -%}
{% endmacro %}

{% macro dbt_tally_prepare_runs(log, run_identifier) %}
  {%- set relation = dbt_tally_find(log.database, log.schema, run_identifier) -%}
  {%- if relation is none -%}
    {%- do dbt_tally_create(log.database, log.schema, run_identifier, dbt_tally_run_columns()) -%}
  {%- else -%}
    {%- set lacks = dbt_tally_lacks(dbt_tally_column_names(relation), dbt_tally_run_columns()[:4]) -%}
    {%- if lacks | length > 0 -%}
      {{ exceptions.raise_compiler_error('it lacks ' ~ lacks | map(attribute='name') | join(', ') ~ ', so it is another table') }}
    {%- endif -%}
    {%- do dbt_tally_add_columns(relation, dbt_tally_run_columns()) -%}
  {%- endif -%}
{% endmacro %}

{#- After dbt: says the audit rows of these invocations, records the runs (values
    in the order of the columns) and says what there is to compare with, in this
    order, so that what fails takes nothing along that was done before it. -#}
{% macro dbt_tally_finish(database, schema, identifier, run_identifier, invocations, runs, history=none, without=[]) %}
  {%- set log = dbt_tally_find(database, schema, identifier) -%}
  {%- if log is none -%}
    {{ return(dbt_tally_say({'absent': true})) }}
  {%- endif -%}
  {%- do dbt_tally_say({'relation': log ~ ''}) -%}
  {%- do dbt_tally_say_rows('rows', dbt_tally_rows(log, 'run_id in (' ~ dbt_tally_texts(invocations) ~ ')')) -%}
  {%- if runs and 'record the run' not in without -%}
    {%- do dbt_tally_say({'step': 'record the run'}) -%}
    {%- do dbt_tally_record(dbt_tally_find_runs(log, run_identifier), runs) -%}
  {%- endif -%}
  {%- if history -%}
    {%- do dbt_tally_say({'step': 'read earlier runs'}) -%}
    {%- do dbt_tally_compare(log, identifier, run_identifier, history) -%}
  {%- endif -%}
{% endmacro %}

{#- A run that is there already is left as it is. -#}
{% macro dbt_tally_record(relation, runs) %}
  {%- set columns = dbt_tally_run_columns() -%}
  {%- for run in runs if relation is not none -%}
    {%- set values = [] -%}
    {%- for column in columns -%}
      {%- do values.append('cast(' ~ ('null' if run[loop.index0] is none else dbt_tally_text(run[loop.index0])) ~ ' as ' ~ column.type ~ ')') -%}
    {%- endfor -%}
    {%- do adapter.execute('insert into ' ~ relation ~ ' (' ~ columns | map(attribute='name') | join(', ') ~ ') select ' ~ values | join(', ')
          ~ ' from (select 1 as one) as one_row where not exists (select 1 from ' ~ relation ~ ' where run_id = ' ~ dbt_tally_text(run[0]) ~ ')',
          auto_begin=True, fetch=False) -%}
    {%- do adapter.commit() -%}
  {%- endfor -%}
{% endmacro %}

{% macro dbt_tally_compare(own_log, identifier, run_identifier, history) %}
  {%- set log = own_log -%}
  {%- if history.database or history.schema -%}
    {%- set log = dbt_tally_find(history.database or own_log.database, history.schema or own_log.schema, identifier) -%}
    {%- if log is none -%}
      {{ exceptions.raise_compiler_error('there is no ' ~ identifier ~ ' in ' ~ (history.schema or own_log.schema)) }}
    {%- endif -%}
  {%- endif -%}
  {%- set relation = dbt_tally_find_runs(log, run_identifier) -%}
  {%- if relation is none and history.run_id -%}
    {{ return(dbt_tally_say_rows('past', dbt_tally_rows(log, 'run_id = ' ~ dbt_tally_text(history.run_id)))) }}
  {%- elif relation is none -%}
    {{ return(dbt_tally_say_rows('past', dbt_tally_newest_rows(log, history))) }}
  {%- endif -%}
  {%- set runs = dbt_tally_runs(relation, dbt_tally_run_conditions(history), history.limit) -%}
  {%- if runs | length == 0 and history.run_id -%}
    {{ return(dbt_tally_say_rows('newest', dbt_tally_runs(relation, ['1 = 1'], 5))) }}
  {%- elif runs | length == 0 -%}
    {{ return('') }}
  {%- endif -%}
  {%- do dbt_tally_say_rows('runs', runs) -%}
  {%- set where = 'run_id in (' ~ dbt_tally_texts(runs | map(attribute=0)) ~ ')' -%}
  {%- if not history.run_id -%}
    {%- set where = where ~ ' and execution_time >= ' ~ dbt_tally_time(history.since) -%}
  {%- endif -%}
  {%- do dbt_tally_say_rows('past', dbt_tally_rows(log, where)) -%}
{% endmacro %}

{% macro dbt_tally_run_conditions(history) %}
  {%- if history.run_id -%}
    {{ return(['run_id = ' ~ dbt_tally_text(history.run_id)]) }}
  {%- endif -%}
  {%- set conditions = [
        "status = 'success'",
        'dbt_exit_code = 0',
        'completed_at >= ' ~ dbt_tally_time(history.since),
        'completed_at < ' ~ dbt_tally_time(history.before),
        'run_id not in (' ~ dbt_tally_texts(history.exclude) ~ ')',
      ] -%}
  {%- if history.branch -%}
    {%- do conditions.append('branch = ' ~ dbt_tally_text(history.branch)) -%}
  {%- endif -%}
  {%- if history.target -%}
    {%- do conditions.append('target = ' ~ dbt_tally_text(history.target)) -%}
  {%- endif -%}
  {{ return(conditions) }}
{% endmacro %}

{#- The newest runs that meet the conditions, newest first. -#}
{% macro dbt_tally_runs(relation, conditions, limit) %}
  {%- set names = dbt_tally_run_columns() | map(attribute='name') | list -%}
  {{ return(dbt_tally_query(names, names, '(select *, row_number() over (order by completed_at desc) as nth from ' ~ relation
      ~ ' where ' ~ conditions | join(' and ') ~ ') as newest where nth <= ' ~ limit ~ ' order by nth')) }}
{% endmacro %}

{#- The newest after row of each node, where no run table tells one run from
    another. All hooks write the phase into the name. -#}
{% macro dbt_tally_newest_rows(log, history) %}
  {%- set names = dbt_tally_column_names(log) -%}
  {{ return(dbt_tally_query(dbt_tally_row_columns(), names, '(select *, row_number() over (partition by '
      ~ ('coalesce(node_id, model_name)' if 'node_id' in names else 'model_name') ~ ' order by execution_time desc) as nth from ' ~ log
      ~ ' where execution_time >= ' ~ dbt_tally_time(history.newest_since) ~ ' and execution_time < ' ~ dbt_tally_time(history.before)
      ~ ' and run_id not in (' ~ dbt_tally_texts(history.exclude) ~ ')'
      ~ " and lower(model_name) like '% - after' and row_count is not null) as newest where nth = 1")) }}
{% endmacro %}

{% macro dbt_tally_rows(log, where) %}
  {{ return(dbt_tally_query(dbt_tally_row_columns(), dbt_tally_column_names(log), log ~ ' where ' ~ where)) }}
{% endmacro %}

{% macro dbt_tally_row_columns() %}
  {{ return(['model_name', 'execution_time', 'row_count', 'run_id', 'node_id', 'phase', 'materialized']) }}
{% endmacro %}

{#- Rows of these columns, null where they are not there, every value as text: no
    adapter's idea of numbers and times comes between. -#}
{% macro dbt_tally_query(columns, there, source) %}
  {%- set values = [] -%}
  {%- for name in columns -%}
    {%- do values.append('cast(' ~ (name if name in there else 'null') ~ ' as ' ~ dbt_tally_string() ~ ') as ' ~ name) -%}
  {%- endfor -%}
  {%- set rows = [] -%}
  {%- for row in run_query('select ' ~ values | join(', ') ~ ' from ' ~ source).rows -%}
    {%- set texts = [] -%}
    {%- for name in columns -%}
      {%- do texts.append(row[loop.index0]) -%}
    {%- endfor -%}
    {%- do rows.append(texts) -%}
  {%- endfor -%}
  {{ return(rows) }}
{% endmacro %}

{#- Deletes what is older from both tables, or only counts it, a share of whole
    runs at a time, and says how much it was after each. -#}
{% macro dbt_tally_prune(database, schema, identifier, run_identifier, older_than, dry_run, batch_rows) %}
  {%- set log = dbt_tally_find(database, schema, identifier) -%}
  {%- if log is none -%}
    {{ return(dbt_tally_say({'absent': true})) }}
  {%- endif -%}
  {%- do dbt_tally_prune_table('log', log, 'execution_time < ' ~ dbt_tally_time(older_than), dry_run, batch_rows) -%}
  {%- set runs = dbt_tally_find_runs(log, run_identifier) -%}
  {%- if runs is not none -%}
    {%- do dbt_tally_prune_table('run', runs, 'completed_at < ' ~ dbt_tally_time(older_than), dry_run, batch_rows) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_prune_table(key, relation, where, dry_run, batch_rows) %}
  {%- set counts = run_query('select run_id, count(*) as old from ' ~ relation ~ ' where ' ~ where ~ ' and run_id is not null group by run_id').rows -%}
  {%- set share = namespace(runs=[], rows=0) -%}
  {%- for count in counts -%}
    {%- do share.runs.append(count[0]) -%}
    {%- set share.rows = share.rows + (count[1] | int) -%}
    {%- if share.rows >= batch_rows or loop.last -%}
      {%- if not dry_run -%}
        {%- do dbt_tally_say({'step': 'delete from ' ~ relation}) -%}
        {%- do adapter.execute('delete from ' ~ relation ~ ' where ' ~ where ~ ' and run_id in (' ~ dbt_tally_texts(share.runs) ~ ')', auto_begin=True, fetch=False) -%}
        {%- do adapter.commit() -%}
      {%- endif -%}
      {%- do dbt_tally_say({key: share.rows}) -%}
      {%- set share.runs = [] -%}
      {%- set share.rows = 0 -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if counts | length == 0 -%}
    {%- do dbt_tally_say({key: 0}) -%}
  {%- endif -%}
{% endmacro %}

{#- Says rows, 500 a line. -#}
{% macro dbt_tally_say_rows(key, rows) %}
  {%- for chunk in rows | batch(500) -%}
    {%- do dbt_tally_say({key: chunk | list}) -%}
  {%- endfor -%}
  {%- if rows | length == 0 -%}
    {%- do dbt_tally_say({key: []}) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_say(payload) %}
  {%- do log('DBT_TALLY ' ~ tojson(payload), info=True) -%}
{% endmacro %}

{#- The audit table, or none. Without a schema it is looked for where the session
    finds an unqualified name: asked of the engines that can say, and else the
    target's. -#}
{% macro dbt_tally_find(database, schema, identifier) %}
  {%- if not schema and target.type in ('duckdb', 'redshift', 'databricks') -%}
    {%- set schema = run_query('select current_schema() as name').columns[0].values()[0] -%}
  {%- endif -%}
  {{ return(adapter.get_relation(database=database or target.database, schema=schema or target.schema, identifier=identifier)) }}
{% endmacro %}

{#- The run table beside an audit table; none where it is not there with all of
    its columns. -#}
{% macro dbt_tally_find_runs(log, run_identifier) %}
  {%- set relation = dbt_tally_find(log.database, log.schema, run_identifier) -%}
  {%- if relation is none or dbt_tally_lacks(dbt_tally_column_names(relation), dbt_tally_run_columns()) | length > 0 -%}
    {{ return(none) }}
  {%- endif -%}
  {{ return(relation) }}
{% endmacro %}

{% macro dbt_tally_create_schema(database, schema) %}
  {%- set relation = api.Relation.create(database=database or target.database, schema=schema) -%}
  {%- if not adapter.check_schema_exists(relation.database, relation.schema) -%}
    {%- do dbt_tally_say({'step': 'create the schema'}) -%}
    {%- do adapter.create_schema(relation) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_create(database, schema, identifier, columns) %}
  {%- set relation = api.Relation.create(database=database or target.database, schema=schema, identifier=identifier, type='table') -%}
  {%- set defined = [] -%}
  {%- for column in columns -%}
    {%- do defined.append(column.name ~ ' ' ~ column.type) -%}
  {%- endfor -%}
  {%- do adapter.execute('create table if not exists ' ~ relation ~ ' (' ~ defined | join(', ') ~ ')', auto_begin=True, fetch=False) -%}
  {%- do adapter.commit() -%}
  {{ return(relation) }}
{% endmacro %}

{% macro dbt_tally_add_columns(relation, columns) %}
  {%- set lacks = dbt_tally_lacks(dbt_tally_column_names(relation), columns) -%}
  {%- for column in lacks -%}
    {%- do adapter.execute('alter table ' ~ relation ~ ' add column ' ~ column.name ~ ' ' ~ column.type, auto_begin=True, fetch=False) -%}
  {%- endfor -%}
  {%- if lacks | length > 0 -%}
    {%- do adapter.commit() -%}
  {%- endif -%}
{% endmacro %}

{#- An insert into all audit columns, by a row that nobody reads and that is taken
    away again: not every engine can roll back. -#}
{% macro dbt_tally_prove(relation, names) %}
  {%- set columns = ['model_name', 'execution_time', 'row_count', 'run_id'] -%}
  {%- set values = ["'dbt-tally - BEFORE'", "cast('2000-01-01 00:00:00' as " ~ dbt.type_timestamp() ~ ')', 'cast(null as ' ~ dbt.type_bigint() ~ ')', "'dbt-tally proof'"] -%}
  {%- for column in dbt_tally_more_columns() if column.name in names -%}
    {%- do columns.append(column.name) -%}
    {%- do values.append('cast(null as ' ~ column.type ~ ')') -%}
  {%- endfor -%}
  {%- do dbt_tally_say({'step': 'insert a row'}) -%}
  {%- do adapter.execute('insert into ' ~ relation ~ ' (' ~ columns | join(', ') ~ ') select ' ~ values | join(', '), auto_begin=True, fetch=False) -%}
  {%- do dbt_tally_say({'step': 'delete the row again'}) -%}
  {%- do adapter.execute('delete from ' ~ relation ~ " where run_id = 'dbt-tally proof'", auto_begin=True, fetch=False) -%}
  {%- do adapter.commit() -%}
{% endmacro %}

{#- The columns that the table is to have. Hooks of the project's own that insert
    by position, as the tutorial's do, would fail on more than its four. -#}
{% macro dbt_tally_table_columns(identifier) %}
  {{ return(dbt_tally_tutorial_columns() + ([] if dbt_tally_is_hooked(identifier) else dbt_tally_more_columns())) }}
{% endmacro %}

{% macro dbt_tally_tutorial_columns() %}
  {{ return([
    {'name': 'model_name', 'type': dbt_tally_string()},
    {'name': 'execution_time', 'type': dbt.type_timestamp()},
    {'name': 'row_count', 'type': dbt.type_bigint()},
    {'name': 'run_id', 'type': dbt_tally_string()},
  ]) }}
{% endmacro %}

{% macro dbt_tally_more_columns() %}
  {{ return([
    {'name': 'node_id', 'type': dbt_tally_string()},
    {'name': 'phase', 'type': dbt_tally_string()},
    {'name': 'materialized', 'type': dbt_tally_string()},
    {'name': 'changed_rows', 'type': dbt.type_bigint()},
    {'name': 'inserted_rows', 'type': dbt.type_bigint()},
    {'name': 'updated_rows', 'type': dbt.type_bigint()},
    {'name': 'deleted_rows', 'type': dbt.type_bigint()},
    {'name': 'watermark', 'type': dbt.type_timestamp()},
  ]) }}
{% endmacro %}

{#- The run table: one row an invocation. -#}
{% macro dbt_tally_run_columns() %}
  {{ return([
    {'name': 'run_id', 'type': dbt_tally_string()},
    {'name': 'started_at', 'type': dbt.type_timestamp()},
    {'name': 'completed_at', 'type': dbt.type_timestamp()},
    {'name': 'status', 'type': dbt_tally_string()},
    {'name': 'dbt_exit_code', 'type': dbt.type_int()},
    {'name': 'command', 'type': dbt_tally_string()},
    {'name': 'target', 'type': dbt_tally_string()},
    {'name': 'repository', 'type': dbt_tally_string()},
    {'name': 'branch', 'type': dbt_tally_string()},
    {'name': 'commit_sha', 'type': dbt_tally_string()},
    {'name': 'event', 'type': dbt_tally_string()},
    {'name': 'pull_request', 'type': dbt.type_int()},
    {'name': 'workflow', 'type': dbt_tally_string()},
    {'name': 'job', 'type': dbt_tally_string()},
    {'name': 'run_url', 'type': dbt_tally_string()},
    {'name': 'dbt_version', 'type': dbt_tally_string()},
    {'name': 'tally_version', 'type': dbt_tally_string()},
  ]) }}
{% endmacro %}

{#- Redshift's text has 256 characters, fewer than a relation's name may have. -#}
{% macro dbt_tally_string() %}
  {{ return('varchar(1024)' if target.type == 'redshift' else dbt.type_string()) }}
{% endmacro %}

{% macro dbt_tally_lacks(names, columns) %}
  {%- set lacks = [] -%}
  {%- for column in columns if column.name not in names -%}
    {%- do lacks.append(column) -%}
  {%- endfor -%}
  {{ return(lacks) }}
{% endmacro %}

{% macro dbt_tally_column_names(relation) %}
  {%- set names = [] -%}
  {%- for column in adapter.get_columns_in_relation(relation) -%}
    {%- do names.append(column.name | lower) -%}
  {%- endfor -%}
  {{ return(names) }}
{% endmacro %}

{#- Whether a hook of the project's own names the audit table. -#}
{% macro dbt_tally_is_hooked(identifier) %}
  {%- set hooks = [] -%}
  {%- for node in (graph.get('nodes') or {}).values() -%}
    {%- for key in ('pre-hook', 'post-hook', 'pre_hook', 'post_hook') -%}
      {%- do hooks.append(((node.get('config') or {}).get(key) or []) ~ '') -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(identifier | lower in hooks | join(' ') | lower) }}
{% endmacro %}

{#- A text as an SQL literal. To some engines a backslash is an escape, and to
    BigQuery a doubled quote is none. -#}
{% macro dbt_tally_text(value) %}
  {%- if target.type in ('bigquery', 'clickhouse', 'databricks', 'redshift', 'spark') -%}
    {{ return("'" ~ (value ~ '') | replace('\\', '\\\\') | replace("'", "\\'") ~ "'") }}
  {%- endif -%}
  {{ return("'" ~ (value ~ '') | replace("'", "''") ~ "'") }}
{% endmacro %}

{% macro dbt_tally_texts(values) %}
  {%- set texts = [] -%}
  {%- for value in values -%}
    {%- do texts.append(dbt_tally_text(value)) -%}
  {%- endfor -%}
  {{ return(texts | join(', ')) }}
{% endmacro %}

{% macro dbt_tally_time(value) %}
  {{ return('cast(' ~ dbt_tally_text(value) ~ ' as ' ~ dbt.type_timestamp() ~ ')') }}
{% endmacro %}
