{#- The parts of the operations. -#}

{#- Reports rows, 500 per line. -#}
{% macro dbt_tally_report_rows(key, rows) %}
  {%- for chunk in rows | batch(500) -%}
    {%- do dbt_tally_report({key: chunk | list}) -%}
  {%- endfor -%}
  {%- if rows | length == 0 -%}
    {%- do dbt_tally_report({key: []}) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_execute(sql) %}
  {%- do adapter.execute(sql, auto_begin=True, fetch=False) -%}
{% endmacro %}

{% macro dbt_tally_report(payload) %}
  {%- do log('DBT_TALLY ' ~ tojson(payload), info=True) -%}
{% endmacro %}

{#- The audit table, or none. Without a schema, it is looked up in the schema in which
    the session finds an unqualified name, if the engine can report that schema, and
    otherwise in the target's. -#}
{% macro dbt_tally_find(setup, database, schema, identifier) %}
  {%- if not schema and setup.session_schema -%}
    {%- set schema = run_query('select current_schema() as name').columns[0].values()[0] -%}
  {%- endif -%}
  {{ return(adapter.get_relation(
      database=database or target.database, schema=schema or target.schema, identifier=identifier)) }}
{% endmacro %}

{#- The run table of an audit table, or none if it does not exist or lacks columns. -#}
{% macro dbt_tally_find_runs(setup, audit, run_identifier) %}
  {%- set relation = dbt_tally_find(setup, audit.database, audit.schema, run_identifier) -%}
  {%- if relation is none or dbt_tally_lacks(dbt_tally_column_names(relation), setup.run) | length > 0 -%}
    {{ return(none) }}
  {%- endif -%}
  {{ return(relation) }}
{% endmacro %}

{% macro dbt_tally_create_schema(database, schema) %}
  {%- set relation = api.Relation.create(database=database or target.database, schema=schema) -%}
  {%- if not adapter.check_schema_exists(relation.database, relation.schema) -%}
    {%- do dbt_tally_report({'step': 'create the schema'}) -%}
    {%- do adapter.create_schema(relation) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_create(setup, database, schema, identifier, columns) %}
  {%- set relation = api.Relation.create(
        database=database or target.database, schema=schema, identifier=identifier, type='table') -%}
  {%- set defined = [] -%}
  {%- for column in columns -%}
    {%- do defined.append(column.name ~ ' ' ~ dbt_tally_type(setup, column.kind)) -%}
  {%- endfor -%}
  {%- do dbt_tally_execute('create table if not exists ' ~ relation ~ ' (' ~ defined | join(', ') ~ ')') -%}
  {%- do adapter.commit() -%}
  {{ return(relation) }}
{% endmacro %}

{% macro dbt_tally_add_columns(setup, relation, columns) %}
  {%- set lacks = dbt_tally_lacks(dbt_tally_column_names(relation), columns) -%}
  {%- for column in lacks -%}
    {%- do dbt_tally_execute('alter table ' ~ relation
          ~ ' add column ' ~ column.name ~ ' ' ~ dbt_tally_type(setup, column.kind)) -%}
  {%- endfor -%}
  {%- if lacks | length > 0 -%}
    {%- do adapter.commit() -%}
  {%- endif -%}
{% endmacro %}

{#- Inserts a row into all audit columns and deletes it, because not every engine can
    roll back. No report reads this row. -#}
{% macro dbt_tally_prove(setup, relation, names) %}
  {%- set known = {
        'model_name': "'dbt-tally - BEFORE'",
        'execution_time': dbt_tally_time(setup, '2000-01-01 00:00:00'),
        'run_id': dbt_tally_text(setup, setup.proof),
      } -%}
  {%- set columns, values = [], [] -%}
  {%- for column in setup.tutorial + setup.more if column.name in names -%}
    {%- do columns.append(column.name) -%}
    {%- set nothing = 'cast(null as ' ~ dbt_tally_type(setup, column.kind) ~ ')' -%}
    {%- do values.append(known.get(column.name, nothing)) -%}
  {%- endfor -%}
  {%- do dbt_tally_report({'step': 'insert a row'}) -%}
  {%- do dbt_tally_execute('insert into ' ~ relation ~ ' (' ~ columns | join(', ') ~ ')'
        ~ ' select ' ~ values | join(', ')) -%}
  {%- do dbt_tally_report({'step': 'delete the row again'}) -%}
  {%- do dbt_tally_execute('delete from ' ~ relation ~ ' where run_id = ' ~ dbt_tally_text(setup, setup.proof)) -%}
  {%- do adapter.commit() -%}
{% endmacro %}

{#- The columns that the table needs. If the project's own hooks insert by position, as
    the tutorial's do, they would fail with more than its four columns. -#}
{% macro dbt_tally_table_columns(setup, identifier) %}
  {{ return(setup.tutorial if dbt_tally_is_hooked(identifier) else setup.tutorial + setup.more) }}
{% endmacro %}

{#- The warehouse's type for a kind of column, from dbt. -#}
{% macro dbt_tally_type(setup, kind) %}
  {%- if kind == 'text' -%}
    {{ return(setup.text_type or dbt.type_string()) }}
  {%- elif kind == 'timestamp' -%}
    {{ return(dbt.type_timestamp()) }}
  {%- elif kind == 'bigint' -%}
    {{ return(dbt.type_bigint()) }}
  {%- endif -%}
  {{ return(dbt.type_int()) }}
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

{#- Whether one of the project's own hooks contains the audit table's name. -#}
{% macro dbt_tally_is_hooked(identifier) %}
  {%- set hooks = [] -%}
  {%- for node in (graph.get('nodes') or {}).values() -%}
    {%- for key in ('pre-hook', 'post-hook', 'pre_hook', 'post_hook') -%}
      {%- do hooks.append(((node.get('config') or {}).get(key) or []) ~ '') -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(identifier | lower in hooks | join(' ') | lower) }}
{% endmacro %}

{#- A text as an SQL literal. Some engines treat a backslash as an escape, and BigQuery
    does not accept a doubled quote. -#}
{% macro dbt_tally_text(setup, value) %}
  {%- if setup.backslash -%}
    {{ return("'" ~ (value ~ '') | replace('\\', '\\\\') | replace("'", "\\'") ~ "'") }}
  {%- endif -%}
  {{ return("'" ~ (value ~ '') | replace("'", "''") ~ "'") }}
{% endmacro %}

{% macro dbt_tally_texts(setup, values) %}
  {%- set texts = [] -%}
  {%- for value in values -%}
    {%- do texts.append(dbt_tally_text(setup, value)) -%}
  {%- endfor -%}
  {{ return(texts | join(', ')) }}
{% endmacro %}

{% macro dbt_tally_time(setup, value) %}
  {{ return('cast(' ~ dbt_tally_text(setup, value) ~ ' as ' ~ dbt.type_timestamp() ~ ')') }}
{% endmacro %}
