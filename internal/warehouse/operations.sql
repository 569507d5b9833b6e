{#- The operations on the audit table before and after a run, for the warehouses that
    are reached through dbt. Each operation is one run-operation; it logs payloads, one
    JSON object per line. Its argument setup comes from Go: the layouts of the tables
    (columns by name and kind) and the peculiarities of the warehouse. -#}

{#- Finds the audit table and reports its columns. With write it also creates the table
    and the tables that belong to it if they do not exist, adds missing columns, and
    tests an insert. It leaves a table without the first columns alone. without: the
    steps to omit. -#}
{% macro dbt_tally_prepare(
    setup, database, schema, identifier, run_identifier, node_identifier, columns_identifier, history_identifier,
    write, history=none, without=[]) %}
  {%- set relation = dbt_tally_find(setup, database, schema, identifier) -%}
  {%- if relation is none and write -%}
    {%- do dbt_tally_create_schema(database, schema) -%}
    {%- do dbt_tally_report({'step': 'create the table'}) -%}
    {%- set columns = dbt_tally_table_columns(setup, identifier) -%}
    {%- set relation = dbt_tally_create(setup, database, schema, identifier, columns) -%}
  {%- endif -%}
  {%- if relation is none -%}
    {{ return(dbt_tally_report({'absent': true})) }}
  {%- endif -%}
  {%- if write and dbt_tally_lacks(dbt_tally_column_names(relation), setup.tutorial) | length == 0 -%}
    {%- if 'add columns' not in without -%}
      {%- do dbt_tally_report({'step': 'add columns'}) -%}
      {%- do dbt_tally_add_columns(setup, relation, dbt_tally_table_columns(setup, identifier)) -%}
    {%- endif -%}
    {%- do dbt_tally_prove(setup, relation, dbt_tally_column_names(relation)) -%}
    {%- if 'make the run table' not in without -%}
      {%- do dbt_tally_report({'step': 'make the run table'}) -%}
      {%- set runs = dbt_tally_prepare_beside(setup, relation, run_identifier, setup.run, setup.run_first) -%}
    {%- endif -%}
    {%- if 'make the node table' not in without -%}
      {%- do dbt_tally_report({'step': 'make the node table'}) -%}
      {%- do dbt_tally_prepare_beside(setup, relation, node_identifier, setup.node, setup.node | length) -%}
      {%- do dbt_tally_prepare_beside(setup, relation, columns_identifier, setup.lists, setup.lists | length) -%}
    {%- endif -%}
    {%- if 'make the history view' not in without and 'make the run table' not in without -%}
      {%- do dbt_tally_report({'step': 'make the history view'}) -%}
      {%- do dbt_tally_prepare_history(setup, relation, runs, history_identifier) -%}
    {%- endif -%}
  {%- endif -%}
  {%- if history and 'look for the baseline' not in without -%}
    {%- do dbt_tally_report({'step': 'look for the baseline'}) -%}
    {%- do dbt_tally_seek(setup, relation, identifier, run_identifier, history) -%}
  {%- endif -%}
  {%- set columns = [] -%}
  {%- for column in adapter.get_columns_in_relation(relation) -%}
    {%- do columns.append({'name': column.name, 'type': column.data_type ~ ''}) -%}
  {%- endfor -%}
  {%- do dbt_tally_report({'relation': relation ~ '', 'columns': columns}) -%}
{% endmacro %}

{#- Creates a table that belongs to the audit table, and returns it. -#}
{% macro dbt_tally_prepare_beside(setup, audit, identifier, columns, first) %}
  {%- set relation = dbt_tally_find(setup, audit.database, audit.schema, identifier) -%}
  {%- if relation is none -%}
    {{ return(dbt_tally_create(setup, audit.database, audit.schema, identifier, columns)) }}
  {%- else -%}
    {%- set lacks = dbt_tally_lacks(dbt_tally_column_names(relation), columns[:first]) -%}
    {%- if lacks | length > 0 -%}
      {%- set names = lacks | map(attribute='name') | join(', ') -%}
      {{ exceptions.raise_compiler_error('it lacks ' ~ names ~ ', so it is another table') }}
    {%- endif -%}
    {%- do dbt_tally_add_columns(setup, relation, columns) -%}
    {{ return(relation) }}
  {%- endif -%}
{% endmacro %}

{#- Creates the view of a complete audit table and its run table, unless it exists. -#}
{% macro dbt_tally_prepare_history(setup, audit, runs, history_identifier) %}
  {%- set lacks = dbt_tally_lacks(dbt_tally_column_names(audit), setup.tutorial + setup.more) -%}
  {%- set view = dbt_tally_find(setup, audit.database, audit.schema, history_identifier) -%}
  {%- if view is none and lacks | length == 0 -%}
    {%- set view = api.Relation.create(
          database=audit.database, schema=audit.schema, identifier=history_identifier, type='view') -%}
    {%- set seconds = dbt.datediff('m.started_at', 'm.built_at', 'millisecond') ~ ' / 1000.0' -%}
    {%- set query = setup.history | replace('{audit}', audit ~ '') | replace('{runs}', runs ~ '')
          | replace('{seconds}', seconds) -%}
    {%- do dbt_tally_execute('create view ' ~ view ~ ' as ' ~ query) -%}
    {%- do adapter.commit() -%}
  {%- endif -%}
{% endmacro %}

{#- After dbt: reports the audit rows of these invocations and the columns of the relations
    that they built, records the runs (values in the order of the columns), stores the nodes
    of the run node_run, if any, and reports the history. The order matters: a step that
    fails does not affect the results of the steps before it. -#}
{% macro dbt_tally_collect(
    setup, database, schema, identifier, run_identifier, node_identifier, columns_identifier,
    invocations, runs, nodes=0, node_run=none, history=none, without=[]) %}
  {%- set audit = dbt_tally_find(setup, database, schema, identifier) -%}
  {%- if audit is none -%}
    {{ return(dbt_tally_report({'absent': true})) }}
  {%- endif -%}
  {%- do dbt_tally_report({'relation': audit ~ ''}) -%}
  {%- if invocations -%}
    {%- set where = 'run_id in (' ~ dbt_tally_texts(setup, invocations) ~ ')' -%}
    {%- do dbt_tally_report_rows('rows', dbt_tally_rows(setup, audit, where)) -%}
  {%- endif -%}
  {%- set nodes = dbt_tally_nodes(nodes) if nodes else {'rows': [], 'relations': {}} -%}
  {%- set described = {'lists': {}, 'hashes': {}} -%}
  {%- if nodes.relations and 'read the columns' not in without -%}
    {%- do dbt_tally_report({'step': 'read the columns'}) -%}
    {%- set described = dbt_tally_columns(setup, nodes) -%}
  {%- endif -%}
  {%- if runs and 'record the run' not in without -%}
    {%- do dbt_tally_report({'step': 'record the run'}) -%}
    {%- do dbt_tally_record(setup, dbt_tally_find_runs(setup, audit, run_identifier), runs) -%}
  {%- endif -%}
  {%- if node_run and 'store the fingerprints' not in without -%}
    {%- do dbt_tally_report({'step': 'store the fingerprints'}) -%}
    {%- do dbt_tally_store_nodes(
          setup, audit, node_identifier, columns_identifier, node_run, nodes, described) -%}
  {%- elif node_run and nodes.rows | length > 500 and 'delete the fingerprints' not in without -%}
    {%- do dbt_tally_report({'step': 'delete the fingerprints'}) -%}
    {%- do dbt_tally_forget_nodes(setup, audit, node_identifier, node_run) -%}
  {%- endif -%}
  {%- if history -%}
    {%- do dbt_tally_report({'step': 'read earlier runs'}) -%}
    {%- do dbt_tally_compare(
          setup, audit, identifier, run_identifier, node_identifier, columns_identifier, history) -%}
  {%- endif -%}
{% endmacro %}

{#- A run that is already recorded is not changed. -#}
{% macro dbt_tally_record(setup, relation, runs) %}
  {%- set columns = setup.run -%}
  {%- for run in runs if relation is not none -%}
    {%- set values = [] -%}
    {%- for column in columns -%}
      {%- set value = run[loop.index0] -%}
      {%- set literal = 'null' if value is none else dbt_tally_text(setup, value) -%}
      {%- do values.append('cast(' ~ literal ~ ' as ' ~ dbt_tally_type(setup, column.kind) ~ ')') -%}
    {%- endfor -%}
    {%- do dbt_tally_execute('insert into ' ~ relation ~ ' (' ~ columns | map(attribute='name') | join(', ') ~ ')'
          ~ ' select ' ~ values | join(', ') ~ ' from (select 1 as one) as one_row'
          ~ ' where not exists (select 1 from ' ~ relation
          ~ ' where run_id = ' ~ dbt_tally_text(setup, run[0]) ~ ')') -%}
    {%- do adapter.commit() -%}
  {%- endfor -%}
{% endmacro %}

{% macro dbt_tally_compare(
    setup, own_audit, identifier, run_identifier, node_identifier, columns_identifier, history) %}
  {%- set audit = dbt_tally_compared(setup, own_audit, identifier, history) -%}
  {%- if audit is none -%}
    {{ exceptions.raise_compiler_error('there is no ' ~ (history.identifier or identifier) ~ ' in ' ~ (history.schema or own_audit.schema)) }}
  {%- endif -%}
  {%- if history.identifier -%}
    {%- set run_identifier, node_identifier = history.run_identifier, history.node_identifier -%}
    {%- set columns_identifier = history.columns_identifier -%}
  {%- endif -%}
  {%- set relation = dbt_tally_find_runs(setup, audit, run_identifier) -%}
  {%- if relation is none and history.run_id -%}
    {%- set where = 'run_id = ' ~ dbt_tally_text(setup, history.run_id) -%}
    {{ return(dbt_tally_report_rows('past', dbt_tally_rows(setup, audit, where))) }}
  {%- elif relation is none -%}
    {{ return(dbt_tally_report_rows('past', dbt_tally_newest_rows(setup, audit, history))) }}
  {%- endif -%}
  {%- set runs = dbt_tally_runs(setup, relation, dbt_tally_run_conditions(setup, history), history.limit) -%}
  {%- if runs | length == 0 and history.named -%}
    {{ return(dbt_tally_report_rows('newest', dbt_tally_runs(setup, relation, ['1 = 1'], 10))) }}
  {%- elif runs | length == 0 -%}
    {{ return('') }}
  {%- endif -%}
  {%- do dbt_tally_report_rows('runs', runs) -%}
  {%- do dbt_tally_report_nodes(setup, audit, node_identifier, columns_identifier, runs) -%}
  {%- set where = 'run_id in (' ~ dbt_tally_texts(setup, runs | map(attribute=0)) ~ ')' -%}
  {%- if not history.run_id -%}
    {%- set where = where ~ ' and execution_time >= ' ~ dbt_tally_time(setup, history.since) -%}
  {%- endif -%}
  {%- do dbt_tally_report_rows('past', dbt_tally_rows(setup, audit, where)) -%}
{% endmacro %}

{#- The audit table to compare with, none if it does not exist. -#}
{% macro dbt_tally_compared(setup, own_audit, identifier, history) %}
  {%- if not (history.database or history.schema or history.identifier) -%}
    {{ return(own_audit) }}
  {%- endif -%}
  {{ return(dbt_tally_find(setup, history.database or own_audit.database, history.schema or own_audit.schema,
      history.identifier or identifier)) }}
{% endmacro %}

{#- Before dbt: reports the newest runs if the one that the user named is not recorded. -#}
{% macro dbt_tally_seek(setup, own_audit, identifier, run_identifier, history) %}
  {%- set audit = dbt_tally_compared(setup, own_audit, identifier, history) -%}
  {%- set run_identifier = history.run_identifier if history.identifier else run_identifier -%}
  {%- set relation = dbt_tally_find_runs(setup, audit, run_identifier) if audit is not none else none -%}
  {%- if relation is not none and dbt_tally_runs(setup, relation, dbt_tally_run_conditions(setup, history), 1) | length == 0 -%}
    {%- do dbt_tally_report_rows('newest', dbt_tally_runs(setup, relation, ['1 = 1'], 10)) -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_run_conditions(setup, history) %}
  {%- if history.run_id -%}
    {{ return(['run_id = ' ~ dbt_tally_text(setup, history.run_id)]) }}
  {%- endif -%}
  {%- set conditions = [
        'completed_at >= ' ~ dbt_tally_time(setup, history.since),
        'completed_at < ' ~ dbt_tally_time(setup, history.before),
      ] -%}
  {%- if not history.every_outcome -%}
    {%- do conditions.append("status = 'success' and dbt_exit_code = 0") -%}
    {%- do conditions.append('run_id not in (' ~ dbt_tally_texts(setup, history.exclude) ~ ')') -%}
  {%- endif -%}
  {%- if history.branch -%}
    {%- do conditions.append('branch = ' ~ dbt_tally_text(setup, history.branch)) -%}
  {%- endif -%}
  {%- if history.exclude_events -%}
    {%- set events = dbt_tally_texts(setup, history.exclude_events) -%}
    {%- do conditions.append('(event is null or event not in (' ~ events ~ '))') -%}
  {%- endif -%}
  {%- if history.target -%}
    {%- do conditions.append('target = ' ~ dbt_tally_text(setup, history.target)) -%}
  {%- endif -%}
  {{ return(conditions) }}
{% endmacro %}

{#- The newest runs that meet the conditions, newest first. -#}
{% macro dbt_tally_runs(setup, relation, conditions, limit) %}
  {%- set names = setup.run | map(attribute='name') | list -%}
  {{ return(dbt_tally_query(setup, names, names, '(select *,'
      ~ ' row_number() over (order by completed_at desc) as nth from ' ~ relation
      ~ ' where ' ~ conditions | join(' and ') ~ ') as newest where nth <= ' ~ limit ~ ' order by nth')) }}
{% endmacro %}

{#- The newest after row of each node, if there is no run table that distinguishes the
    runs. All hooks write the phase into the name. -#}
{% macro dbt_tally_newest_rows(setup, audit, history) %}
  {%- set names = dbt_tally_column_names(audit) -%}
  {%- set node = 'coalesce(node_id, model_name)' if 'node_id' in names else 'model_name' -%}
  {{ return(dbt_tally_query(setup, setup.row_columns, names, '(select *,'
      ~ ' row_number() over (partition by ' ~ node ~ ' order by execution_time desc) as nth from ' ~ audit
      ~ ' where execution_time >= ' ~ dbt_tally_time(setup, history.newest_since)
      ~ ' and execution_time < ' ~ dbt_tally_time(setup, history.before)
      ~ ' and run_id not in (' ~ dbt_tally_texts(setup, history.exclude) ~ ')'
      ~ " and lower(model_name) like '% - after' and row_count is not null) as newest where nth = 1")) }}
{% endmacro %}

{% macro dbt_tally_rows(setup, audit, where) %}
  {{ return(dbt_tally_query(setup, setup.row_columns, dbt_tally_column_names(audit), audit ~ ' where ' ~ where)) }}
{% endmacro %}

{#- Rows of these columns, null if the table lacks one. Every value is text, so that
    the result does not depend on an adapter's types for numbers and times. -#}
{% macro dbt_tally_query(setup, columns, there, source) %}
  {%- set values = [] -%}
  {%- for name in columns -%}
    {%- set value = name if name in there else 'null' -%}
    {%- do values.append('cast(' ~ value ~ ' as ' ~ dbt_tally_type(setup, 'text') ~ ') as ' ~ name) -%}
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

{#- Reports the runs of a period and their audit rows: of the nodes that the patterns in
    history.like may mean or, without any, the rows after each run. -#}
{% macro dbt_tally_history(
    setup, database, schema, identifier, run_identifier, node_identifier, columns_identifier, history) %}
  {%- set audit = dbt_tally_find(setup, database, schema, identifier) -%}
  {%- if audit is none -%}
    {{ return(dbt_tally_report({'absent': true})) }}
  {%- endif -%}
  {%- do dbt_tally_report({'relation': audit ~ ''}) -%}
  {%- set node = 'coalesce(node_id, model_name)' if 'node_id' in dbt_tally_column_names(audit) else 'model_name' -%}
  {%- set wanted = ["lower(model_name) like '% - after'"] if history.like | length == 0 else [] -%}
  {%- for pattern in history.like -%}
    {%- do wanted.append('lower(' ~ node ~ ') like ' ~ dbt_tally_text(setup, pattern)) -%}
  {%- endfor -%}
  {%- set wanted = ' and (' ~ wanted | join(' or ') ~ ')' -%}
  {%- set relation = dbt_tally_find_runs(setup, audit, run_identifier) -%}
  {%- if relation is none -%}
    {%- set where = 'execution_time >= ' ~ dbt_tally_time(setup, history.since)
          ~ ' and execution_time < ' ~ dbt_tally_time(setup, history.before) -%}
    {{ return(dbt_tally_report_rows('past', dbt_tally_rows(setup, audit, where ~ wanted))) }}
  {%- endif -%}
  {%- set runs = dbt_tally_runs(setup, relation, dbt_tally_run_conditions(setup, history), history.limit) -%}
  {%- if runs | length == 0 -%}
    {{ return(dbt_tally_report_rows('newest', dbt_tally_runs(setup, relation, ['1 = 1'], 10))) }}
  {%- endif -%}
  {%- do dbt_tally_report_rows('runs', runs) -%}
  {%- set where = 'run_id in (' ~ dbt_tally_texts(setup, runs | map(attribute=0)) ~ ')' -%}
  {%- do dbt_tally_report_rows('past', dbt_tally_rows(setup, audit, where ~ wanted)) -%}
{% endmacro %}

{#- Deletes older rows from the tables, or only counts them, in batches of whole runs,
    and reports the number of rows after each batch. -#}
{% macro dbt_tally_prune(
    setup, database, schema, identifier, run_identifier, node_identifier, columns_identifier, older_than, dry_run,
    batch_rows) %}
  {%- set audit = dbt_tally_find(setup, database, schema, identifier) -%}
  {%- if audit is none -%}
    {{ return(dbt_tally_report({'absent': true})) }}
  {%- endif -%}
  {%- set older = ' < ' ~ dbt_tally_time(setup, older_than) -%}
  {%- do dbt_tally_prune_table(setup, 'audit_rows', audit, 'execution_time' ~ older, dry_run, batch_rows) -%}
  {%- set runs = dbt_tally_find_runs(setup, audit, run_identifier) -%}
  {%- if runs is not none -%}
    {%- do dbt_tally_prune_table(setup, 'run_rows', runs, 'completed_at' ~ older, dry_run, batch_rows) -%}
    {%- set nodes = dbt_tally_find(setup, audit.database, audit.schema, node_identifier) -%}
    {%- if nodes is not none and not dry_run -%}
      {%- do dbt_tally_execute('delete from ' ~ nodes ~ ' where run_id not in (select run_id from ' ~ runs ~ ')') -%}
      {%- do adapter.commit() -%}
    {%- endif -%}
  {%- endif -%}
{% endmacro %}

{% macro dbt_tally_prune_table(setup, key, relation, where, dry_run, batch_rows) %}
  {%- set counts = run_query('select run_id, count(*) as old from ' ~ relation ~ ' where ' ~ where
        ~ ' and run_id is not null group by run_id').rows -%}
  {%- set share = namespace(runs=[], rows=0) -%}
  {%- for count in counts -%}
    {%- do share.runs.append(count[0]) -%}
    {%- set share.rows = share.rows + (count[1] | int) -%}
    {%- if share.rows >= batch_rows or loop.last -%}
      {%- if not dry_run -%}
        {%- do dbt_tally_report({'step': 'delete from ' ~ relation}) -%}
        {%- do dbt_tally_execute('delete from ' ~ relation ~ ' where ' ~ where
              ~ ' and run_id in (' ~ dbt_tally_texts(setup, share.runs) ~ ')') -%}
        {%- do adapter.commit() -%}
      {%- endif -%}
      {%- do dbt_tally_report({key: share.rows}) -%}
      {%- set share.runs = [] -%}
      {%- set share.rows = 0 -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if counts | length == 0 -%}
    {%- do dbt_tally_report({key: 0}) -%}
  {%- endif -%}
{% endmacro %}
