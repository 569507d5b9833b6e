{#- The operations for a dbt that dbt-tally does not start itself, as in dbt Cloud. The
    variable DBT_TALLY_RELATION names the audit table, as [[database.]schema.]name. -#}

{#- The first step of a job: creates the audit table if it does not exist, adds columns
    that it lacks, and tests an insert. -#}
{% macro dbt_tally_start() %}
  {%- set table = dbt_tally_audit_table() -%}
  {%- do dbt_tally_prepare(setup=dbt_tally_setup(), database=table.database, schema=table.schema,
        identifier=table.identifier, run_identifier=table.run_identifier, node_identifier=table.node_identifier,
        columns_identifier=table.columns_identifier, history_identifier=table.history_identifier, write=true) -%}
{% endmacro %}

{#- The last step of a job: reports the audit rows of all steps of this run of dbt Cloud,
    or of the run that group names, in a fixed order, and the columns of the relations that
    it built. skip: how many rows to omit. It does not fail if there is no audit table,
    because the models are built. -#}
{% macro dbt_tally_finish(group=none, skip=0) %}
  {%- set setup = dbt_tally_setup() -%}
  {%- set table = dbt_tally_audit_table() -%}
  {%- set group = (group or env_var('DBT_CLOUD_RUN_ID', '')) ~ '' -%}
  {%- set audit = dbt_tally_find(setup, table.database, table.schema, table.identifier) -%}
  {%- set names = dbt_tally_column_names(audit) if audit is not none else [] -%}
  {%- set columns = setup.row_columns -%}
  {%- set rows = dbt_tally_query(setup, columns, names, audit
        ~ ' where run_group = ' ~ dbt_tally_text(setup, group)
        ~ ' order by run_id, execution_time, model_name') if 'run_group' in names else [] -%}
  {%- do dbt_tally_report({
        'begin': group, 'skip': skip, 'total': rows | length, 'columns': columns,
        'relation': audit ~ '' if audit is not none else '', 'grouped': 'run_group' in names,
        'target': target.name, 'type': target.type, 'schema': target.schema ~ '',
        'database': (target.database or target.dbname or '') ~ '',
      }) -%}
  {%- for chunk in rows[skip:] | batch(50) -%}
    {%- do dbt_tally_report({'rows': chunk | list}) -%}
  {%- endfor -%}
  {%- do dbt_tally_columns(setup, dbt_tally_built(columns, rows)) -%}
  {%- do dbt_tally_report({'end': group}) -%}
{% endmacro %}

{#- The nodes with an after row, in the form that dbt_tally_columns takes. -#}
{% macro dbt_tally_built(columns, rows) %}
  {%- set built = {'rows': [], 'relations': {}} -%}
  {%- set seen = {} -%}
  {%- for row in rows -%}
    {%- set id = row[columns.index('node_id')] -%}
    {%- set node = graph.nodes.get(id) if id not in seen and row[columns.index('phase')] == 'after' else none -%}
    {%- if node -%}
      {%- do seen.update({id: true}) -%}
      {%- do built.relations.setdefault(node.database or '', {}).setdefault(node.schema, {}).update({(node.alias or node.name): built.rows | length}) -%}
      {%- do built.rows.append([id, '']) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(built) }}
{% endmacro %}

{#- The parts of the audit table's name, and the names of the tables beside it. -#}
{% macro dbt_tally_audit_table() %}
  {%- set name = env_var('DBT_TALLY_RELATION', '') -%}
  {%- if not name -%}
    {{ exceptions.raise_compiler_error('DBT_TALLY_RELATION is not set; set it to the audit table, such as dbt_audit.dbt_audit_log') }}
  {%- endif -%}
  {%- set parts = (name | replace('"', '') | replace('`', '')).split('.') -%}
  {%- set identifier = parts[-1] -%}
  {%- set upper = identifier == identifier | upper -%}
  {%- set base = identifier[:-4] if (identifier | lower)[-4:] == '_log' else identifier -%}
  {{ return({
      'database': parts[-3] if parts | length > 2 else none,
      'schema': parts[-2] if parts | length > 1 else target.schema,
      'identifier': identifier,
      'run_identifier': base ~ ('_RUN' if upper else '_run'),
      'node_identifier': base ~ ('_NODE' if upper else '_node'),
      'columns_identifier': base ~ ('_COLUMNS' if upper else '_columns'),
      'history_identifier': base ~ ('_HISTORY' if upper else '_history'),
    }) }}
{% endmacro %}
