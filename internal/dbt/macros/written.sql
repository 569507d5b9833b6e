{#- What the model wrote to a table that was there before, for the after row of a statement:
    from are subqueries that the row selects from, count is its number of rows and source
    where that is from, and cells are inserted_rows, updated_rows, deleted_rows,
    changed_rows and change_source. A number that is not proven is null, and change_source
    is then the reason. before is the number of rows before. -#}
{% macro dbt_tally_written(phase, count, before, exact) %}
  {%- set nothing = {'prefix': '', 'from': '', 'count': count, 'source': '', 'cells': [],
        'columns': ', inserted_rows, updated_rows, deleted_rows, changed_rows, change_source'} -%}
  {%- set kind = 'snapshot' if model.resource_type == 'snapshot' else model.config.materialized -%}
  {%- set engine = 'mysql' if target.type in ('mysql5', 'mariadb') else target.type -%}
  {%- if phase == 'before' or before is not number or kind not in ('incremental', 'snapshot') or engine not in ('duckdb', 'mysql', 'snowflake')
        or dbt_version[:2] != '1.' or (engine == 'duckdb' and ((target.path or '')[:3] == 'md:' or (target.path or '')[:10] == 'motherduck')) -%}
    {{ return(nothing) }}
  {%- endif -%}
  {%- set unknown = ['null', 'null', 'null', 'null'] -%}
  {%- if kind == 'incremental' and should_full_refresh() -%}
    {%- do nothing.update({'cells': unknown + ["'rebuilt'"]}) -%}
    {{ return(nothing) }}
  {%- endif -%}
  {%- for hook in (pre_hooks or []) + (post_hooks or []) -%}
    {%- if dbt_tally_may_write(hook) -%}{%- do nothing.update({'cells': unknown + ["'hooks'"]}) -%}{%- endif -%}
  {%- endfor -%}
  {%- if nothing.cells -%}{{ return(nothing) }}{%- endif -%}

  {%- set config = model.config -%}
  {%- set strategy = kind if kind == 'snapshot' else (config.incremental_strategy or 'default') -%}
  {%- set main = load_result('main').response if load_result('main') is not none else {} -%}
  {%- set batch, inserted, updated, deleted, changed, source = '', none, '0', '0', 'null', 'batch' -%}
  {%- if engine == 'snowflake' -%}
    {#- The figures are those of the last statement. A merge is the only one; a delete is
        followed by an insert. Batches that run at the same time would change each other's
        counts. dbt's temporary relation may be a view: it is not read. -#}
    {%- if main.rows_inserted is number and strategy in ('default', 'append', 'merge', 'snapshot') -%}
      {%- set inserted, updated, deleted, source = main.rows_inserted, main.rows_updated or 0, main.rows_deleted or 0, 'adapter' -%}
    {%- elif main.rows_inserted is number
          and (strategy == 'delete+insert' or (strategy == 'microbatch' and config.concurrent_batches is sameas false)) -%}
      {%- set inserted, deleted, source = main.rows_inserted, 'before', 'derived' -%}
    {%- endif -%}
  {%- elif kind == 'snapshot' -%}
    {%- set batch = "select coalesce(sum(case when dbt_change_type = 'insert' then 1 else 0 end), 0) as n, "
          ~ "coalesce(sum(case when dbt_change_type = 'insert' then 0 else 1 end), 0) as closed, "
          ~ "coalesce(sum(case when dbt_change_type = 'update' then 1 else 0 end), 0) as changed" -%}
    {%- set inserted, updated, changed = 'b.n', 'b.closed', 'b.changed' -%}
  {%- elif engine == 'mysql' -%}
    {#- dbt-mysql knows no strategy: it deletes the rows with the keys of the new ones, if
        there is a key, and inserts. -#}
    {%- set earlier = load_result('pre_main') -%}
    {%- if main.rows_affected is number and (earlier is not none or not config.unique_key) -%}
      {%- set source, inserted = 'adapter', main.rows_affected -%}
      {%- set deleted = earlier.response.rows_affected if config.unique_key else '0' -%}
    {%- endif -%}
  {%- elif strategy in ('default', 'delete+insert', 'append') -%}
    {%- set batch, inserted = 'select count(*) as n', 'b.n' -%}
    {%- set deleted = 'before' if config.unique_key and strategy != 'append' else '0' -%}
  {%- elif strategy == 'microbatch' -%}
    {%- set batch, inserted, deleted = 'select count(*) as n', 'b.n', 'before' -%}
  {%- elif strategy == 'merge' and not (config.merge_clauses or config.merge_update_condition or config.merge_insert_condition
          or config.incremental_predicates or config.predicates or config.merge_on_using_columns) -%}
    {%- set batch, inserted, updated = 'select count(*) as n', 'a.n - ' ~ before, 'b.n - (a.n - ' ~ before ~ ')' -%}
  {%- endif -%}
  {%- if inserted is none -%}
    {%- do nothing.update({'cells': unknown + ["'unreported'"]}) -%}
    {{ return(nothing) }}
  {%- endif -%}
  {%- set temporary = make_temp_relation(this) if batch else none -%}
  {%- set prefix = '' -%}
  {%- if batch and engine == 'duckdb' -%}
    {#- The name ends with the time at which dbt chose it, so it is looked up. A table that
        is not found must not fail the model. -#}
    {%- set where = ' where ' ~ config.event_time ~ " >= '" ~ model.batch.event_time_start
          ~ "' and " ~ config.event_time ~ " < '" ~ model.batch.event_time_end ~ "'" if strategy == 'microbatch' else '' -%}
    {%- set prefix = "set variable dbt_tally_batch = coalesce((select '" ~ batch | replace("'", "''") ~ ' from temp.main."\' || replace(max(table_name), \'"\', \'""\') || \'"'
          ~ where | replace("'", "''") ~ "' from duckdb_tables() where temporary and starts_with(table_name, '"
          ~ modules.re.sub('[0-9]{20}$', '', temporary.identifier) | replace("'", "''")
          ~ "') having count(*) = 1), 'select null as n, null as closed, null as changed');\n" -%}
    {%- set batch = "select * from query(getvariable('dbt_tally_batch'))" -%}
  {%- elif batch -%}
    {%- set batch = batch ~ ' from ' ~ temporary -%}
  {%- endif -%}

  {#- What is derived from the counts must not be below zero, and the counts must agree with
      the rest. The adapter's figures of its statements need no such proof: on MySQL they
      even give the count, without another scan. -#}
  {%- set derived = before ~ ' + ' ~ inserted ~ ' - a.n' -%}
  {%- set proof = derived ~ ' >= 0' if deleted == 'before' else inserted ~ ' >= 0 and ' ~ updated ~ ' >= 0 and a.n - ' ~ before ~ ' = ' ~ inserted ~ ' - ' ~ deleted -%}
  {%- if engine == 'mysql' or source == 'adapter' -%}
    {%- set proof = 'b.n = ' ~ main.rows_affected if batch else '1 = 1' -%}
  {%- endif -%}
  {%- set cells = [] -%}
  {%- for cell in (inserted, updated, derived if deleted == 'before' else deleted, changed) -%}
    {%- do cells.append('case when ' ~ proof ~ ' then ' ~ cell ~ ' end') -%}
  {%- endfor -%}
  {%- set known = engine == 'mysql' and source == 'adapter' and not exact -%}
  {%- do nothing.update({
        'prefix': prefix,
        'count': 'a.n', 'source': "'counted'",
        'cells': cells + ['case when ' ~ proof ~ " then '" ~ source ~ "' else 'mismatch' end"],
        'from': ' from (select ' ~ ((before + inserted - (deleted | int)) ~ ' as n' if known else 'count(*) as n from ' ~ this) ~ ') a'
          ~ (' cross join (' ~ batch ~ ') b' if batch),
      }) -%}
  {%- do nothing.update({'source': "'derived'"}) if known -%}
  {{ return(nothing) }}
{% endmacro %}

{#- Whether a hook of the project may change rows. These statements change none, if that is
    all there is. -#}
{% macro dbt_tally_may_write(hook) %}
  {%- set sql = (hook.get('sql') or '') | lower | trim | replace('{{ this }}', '') -%}
  {{ return('{' in sql or ';' in sql[:-1] or (sql.split() or [''])[0] not in ('', 'analyze', 'comment', 'grant', 'revoke', 'use')) }}
{% endmacro %}
