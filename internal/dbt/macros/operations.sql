{#- What the audit table needs before and after a run, for the warehouses that are
    reached through dbt. Each operation is one run-operation; it logs payloads,
    one JSON object a line. -#}

{#- Finds the audit table and says its columns. With write it is made where there
    is none, gets the columns that it lacks (unless migrate is false), and an
    insert is proven. A table without the tutorial's columns is left alone. -#}
{% macro dbt_tally_prepare(database, schema, identifier, write, migrate=true) %}
  {%- set relation = dbt_tally_find(database, schema, identifier) -%}
  {%- if relation is none and write -%}
    {%- set relation = dbt_tally_create(database, schema, identifier) -%}
  {%- endif -%}
  {%- if relation is none -%}
    {{ return(dbt_tally_say({'absent': true})) }}
  {%- endif -%}
  {%- set names = dbt_tally_column_names(relation) -%}
  {%- if write and dbt_tally_lacks(names, dbt_tally_tutorial_columns()) | length == 0 -%}
    {%- set lacks = dbt_tally_lacks(names, dbt_tally_table_columns(identifier)) -%}
    {%- if migrate and lacks | length > 0 -%}
      {%- do dbt_tally_say({'step': 'add columns'}) -%}
      {%- for column in lacks -%}
        {%- do adapter.execute('alter table ' ~ relation ~ ' add column ' ~ column.name ~ ' ' ~ column.type, auto_begin=True, fetch=False) -%}
      {%- endfor -%}
      {%- do adapter.commit() -%}
      {%- set names = dbt_tally_column_names(relation) -%}
    {%- endif -%}
    {%- do dbt_tally_prove(relation, names) -%}
  {%- endif -%}
  {%- set columns = [] -%}
  {%- for column in adapter.get_columns_in_relation(relation) -%}
    {%- do columns.append({'name': column.name, 'type': column.data_type ~ ''}) -%}
  {%- endfor -%}
  {%- do dbt_tally_say({'relation': relation ~ '', 'columns': columns}) -%}
{% endmacro %}

{#- The rows of these invocations, 500 a line, every value as text: no adapter's
    idea of numbers and times comes between. -#}
{% macro dbt_tally_rows(database, schema, identifier, invocations) %}
  {%- set relation = dbt_tally_find(database, schema, identifier) -%}
  {%- if relation is none -%}
    {{ return(dbt_tally_say({'absent': true})) }}
  {%- endif -%}
  {%- set names = dbt_tally_column_names(relation) -%}
  {%- set values = [] -%}
  {%- for name in ['model_name', 'execution_time', 'row_count', 'run_id', 'node_id', 'phase', 'materialized'] -%}
    {%- do values.append('cast(' ~ (name if name in names else 'null') ~ ' as ' ~ dbt_tally_string() ~ ') as ' ~ name) -%}
  {%- endfor -%}
  {%- set ids = [] -%}
  {%- for id in invocations -%}
    {%- do ids.append(dbt_tally_text(id)) -%}
  {%- endfor -%}
  {%- set result = run_query('select ' ~ values | join(', ') ~ ' from ' ~ relation ~ ' where run_id in (' ~ ids | join(', ') ~ ')') -%}
  {%- set rows = [] -%}
  {%- for row in result.rows -%}
    {%- do rows.append([row[0], row[1], row[2], row[3], row[4], row[5], row[6]]) -%}
  {%- endfor -%}
  {%- for chunk in rows | batch(500) -%}
    {%- do dbt_tally_say({'rows': chunk | list}) -%}
  {%- endfor -%}
  {%- if rows | length == 0 -%}
    {%- do dbt_tally_say({'rows': []}) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_say(payload) %}
  {%- do log('DBT_TALLY ' ~ tojson(payload), info=True) -%}
{% endmacro %}

{#- The audit table, or none. Without a schema it is looked for where the session
    finds an unqualified name: asked of the engines that can say, and else the
    target's. -#}
{% macro dbt_tally_find(database, schema, identifier) %}
  {%- if not schema and target.type in ('duckdb', 'redshift', 'databricks', 'snowflake') -%}
    {%- set schema = run_query('select current_schema() as name').columns[0].values()[0] -%}
  {%- endif -%}
  {{ return(adapter.get_relation(database=database or target.database, schema=schema or target.schema, identifier=identifier)) }}
{% endmacro %}

{% macro dbt_tally_create(database, schema, identifier) %}
  {%- set relation = api.Relation.create(database=database or target.database, schema=schema, identifier=identifier, type='table') -%}
  {%- if not adapter.check_schema_exists(relation.database, relation.schema) -%}
    {%- do dbt_tally_say({'step': 'create the schema'}) -%}
    {%- do adapter.create_schema(relation) -%}
  {%- endif -%}
  {%- set columns = [] -%}
  {%- for column in dbt_tally_table_columns(identifier) -%}
    {%- do columns.append(column.name ~ ' ' ~ column.type) -%}
  {%- endfor -%}
  {%- do dbt_tally_say({'step': 'create the table'}) -%}
  {%- do adapter.execute('create table if not exists ' ~ relation ~ ' (' ~ columns | join(', ') ~ ')', auto_begin=True, fetch=False) -%}
  {%- do adapter.commit() -%}
  {{ return(relation) }}
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

{#- A text as an SQL literal. -#}
{% macro dbt_tally_text(value) %}
  {{ return("'" ~ (value ~ '') | replace("'", "''") ~ "'") }}
{% endmacro %}
