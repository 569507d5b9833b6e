{#- What is stored of the nodes of a project: the fingerprints of their code and the columns
    of their relations. -#}

{#- The nodes as Go passes them, in environment variables, because a single argument may not
    be as long: rows of node ID and fingerprint ("" if nothing is stored of it), and the
    relations whose columns to read, by database, schema and name, each with its row. -#}
{% macro dbt_tally_nodes(pieces) %}
  {%- set text = [] -%}
  {%- for piece in range(pieces) -%}
    {%- do text.append(env_var('DBT_TALLY_NODES_' ~ piece)) -%}
  {%- endfor -%}
  {{ return(fromjson(text | join(''))) }}
{% endmacro %}

{#- Reads the columns of the relations, reports them, and returns the lists of columns as
    JSON by their hashes, and the hash of each node's list. -#}
{% macro dbt_tally_columns(setup, nodes) %}
  {%- set described = {'lists': {}, 'hashes': {}} -%}
  {%- set end = modules.datetime.datetime.now() + modules.datetime.timedelta(seconds=10) -%}
  {%- set late = [] -%}
  {%- for database, schemas in nodes.relations.items() -%}
    {%- for schema, names in schemas.items() -%}
      {%- if setup.catalog.source -%}
        {%- set found = dbt_tally_catalog(setup, database, schema, names) -%}
      {%- else -%}
        {%- set found = dbt_tally_each(database, schema, names, end, late) -%}
      {%- endif -%}
      {%- for at, columns in found.items() -%}
        {%- set text = tojson(columns) -%}
        {%- set hash = local_md5(text) -%}
        {%- do described.lists.update({hash: text}) -%}
        {%- do described.hashes.update({nodes.rows[at][0]: hash}) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- do dbt_tally_report_rows('described', described.hashes.items() | list) -%}
  {%- do dbt_tally_report_rows('lists', described.lists.items() | list) -%}
  {%- do dbt_tally_report({'undescribed': late | length}) -%}
  {{ return(described) }}
{% endmacro %}

{#- The columns of the relations of one schema by their rows, from the catalog. -#}
{% macro dbt_tally_catalog(setup, database, schema, names) %}
  {%- set rows, found = {}, {} -%}
  {%- for name, at in names.items() -%}
    {%- do rows.update({name | lower: at}) -%}
  {%- endfor -%}
  {%- set where = 'lower(table_schema) = ' ~ dbt_tally_text(setup, schema | lower) -%}
  {%- if database -%}
    {%- set where = where ~ ' and lower(table_catalog) = ' ~ dbt_tally_text(setup, database | lower) -%}
  {%- endif -%}
  {%- set source = setup.catalog.source | replace('{database}', database | replace('`', ''))
        | replace('{schema}', schema | replace('`', '')) -%}
  {%- for row in run_query('select table_name, column_name, ' ~ setup.catalog.type ~ ' as column_type from ' ~ source
        ~ ' where ' ~ where ~ ' order by table_name, ordinal_position').rows -%}
    {%- set at = rows.get(row[0] | lower) -%}
    {%- if at is not none -%}
      {%- do found.setdefault(at, []).append({'name': row[1] ~ '', 'type': row[2] ~ ''}) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(found) }}
{% endmacro %}

{#- The same from the adapter, which needs a statement per relation: until a time, after
    which the other relations are late. -#}
{% macro dbt_tally_each(database, schema, names, end, late) %}
  {%- set found = {} -%}
  {%- for name, at in names.items() -%}
    {%- if modules.datetime.datetime.now() > end -%}
      {%- do late.append(name) -%}
    {%- else -%}
      {%- set relation = adapter.get_relation(database=database or none, schema=schema, identifier=name) -%}
      {%- for column in adapter.get_columns_in_relation(relation) if relation is not none -%}
        {%- do found.setdefault(at, []).append({'name': column.name ~ '', 'type': column.data_type ~ ''}) -%}
      {%- endfor -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(found) }}
{% endmacro %}

{#- Stores the nodes of a run, and the lists of columns that no earlier run has stored, in
    one transaction. -#}
{% macro dbt_tally_store_nodes(setup, audit, node_identifier, columns_identifier, run_id, nodes, described) %}
  {%- set relation = dbt_tally_find(setup, audit.database, audit.schema, node_identifier) -%}
  {%- set lists = dbt_tally_find(setup, audit.database, audit.schema, columns_identifier) -%}
  {%- if relation is none -%}
    {{ return('') }}
  {%- endif -%}
  {%- if lists is not none -%}
    {%- do dbt_tally_store_lists(setup, lists, described.lists) -%}
  {%- endif -%}
  {%- set rows = [] -%}
  {%- for node in nodes.rows if node[1] -%}
    {%- set hash = described.hashes.get(node[0]) if lists is not none -%}
    {%- do rows.append('(' ~ dbt_tally_texts(setup, [run_id] + node) ~ ', '
          ~ (dbt_tally_text(setup, hash) if hash else 'null') ~ ')') -%}
  {%- endfor -%}
  {%- for chunk in rows | batch(500) -%}
    {%- do dbt_tally_execute('insert into ' ~ relation ~ ' (' ~ setup.node | map(attribute='name') | join(', ')
          ~ ') values ' ~ chunk | join(', ')) -%}
  {%- endfor -%}
  {%- do adapter.commit() -%}
{% endmacro %}

{% macro dbt_tally_store_lists(setup, relation, lists) %}
  {%- set known = {} -%}
  {%- for chunk in lists.keys() | batch(500) -%}
    {%- for row in dbt_tally_query(setup, ['columns_hash'], ['columns_hash'],
          relation ~ ' where columns_hash in (' ~ dbt_tally_texts(setup, chunk) ~ ')') -%}
      {%- do known.update({row[0]: true}) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- set rows = [] -%}
  {%- for hash, text in lists.items() if hash not in known -%}
    {%- do rows.append('(' ~ dbt_tally_texts(setup, [hash, text]) ~ ')') -%}
  {%- endfor -%}
  {%- for chunk in rows | batch(100) -%}
    {%- do dbt_tally_execute('insert into ' ~ relation ~ ' (' ~ setup.lists | map(attribute='name') | join(', ')
          ~ ') values ' ~ chunk | join(', ')) -%}
  {%- endfor -%}
{% endmacro %}

{#- Deletes the nodes of a run that could only be stored in part, because a later run would
    take the others for new ones. -#}
{% macro dbt_tally_forget_nodes(setup, audit, node_identifier, run_id) %}
  {%- set relation = dbt_tally_find(setup, audit.database, audit.schema, node_identifier) -%}
  {%- if relation is not none -%}
    {%- do dbt_tally_execute('delete from ' ~ relation ~ ' where run_id = ' ~ dbt_tally_text(setup, run_id)) -%}
    {%- do adapter.commit() -%}
  {%- endif -%}
{% endmacro %}

{#- Reports what the newest of these runs stored that stored anything. -#}
{% macro dbt_tally_report_nodes(setup, audit, node_identifier, columns_identifier, runs) %}
  {%- set relation = dbt_tally_find(setup, audit.database, audit.schema, node_identifier) -%}
  {%- set lists = dbt_tally_find(setup, audit.database, audit.schema, columns_identifier) -%}
  {%- set names = ['node_id', 'fingerprint', 'columns_hash'] -%}
  {%- set newest = namespace(nodes=[], lists=[]) -%}
  {%- for run in runs[:5] if relation is not none and newest.nodes | length == 0 -%}
    {%- set of = relation ~ ' where run_id = ' ~ dbt_tally_text(setup, run[0]) -%}
    {%- set newest.nodes = dbt_tally_query(setup, names, names, of) -%}
    {%- if newest.nodes | length > 0 and lists is not none -%}
      {%- set pair = setup.lists | map(attribute='name') | list -%}
      {%- set newest.lists = dbt_tally_query(setup, pair, pair,
            lists ~ ' where columns_hash in (select columns_hash from ' ~ of ~ ')') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- do dbt_tally_report_rows('nodes', newest.nodes) -%}
  {%- do dbt_tally_report_rows('past_lists', newest.lists) -%}
{% endmacro %}
