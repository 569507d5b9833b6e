{#- What the model wrote to a table that was there before, for the statement of a hook:
    declare and block are the PL/pgSQL in front of the insert; from are subqueries that
    the after row selects from, count is its number of rows, and cells are its
    inserted_rows, updated_rows, deleted_rows, changed_rows and change_source. A number
    that is not proven is null, and change_source is then the reason. -#}
{% macro dbt_tally_written(phase, count, block) %}
  {%- if block -%}{{ return(dbt_tally_written_postgres(phase, 'dbt_tally_count' if '(' in count else count)) }}{%- endif -%}
  {%- set columns = ', inserted_rows, updated_rows, deleted_rows, changed_rows, change_source' -%}
  {%- set nothing = {'prefix': '', 'declare': '', 'block': '', 'from': '', 'count': count, 'columns': columns, 'cells': []} -%}
  {%- set kind = 'snapshot' if model.resource_type == 'snapshot' else model.config.materialized -%}
  {%- set engine = 'mysql' if target.type in ('mysql5', 'mariadb') else target.type -%}
  {%- if phase == 'before' or kind not in ('incremental', 'snapshot') or engine not in ('duckdb', 'mysql', 'snowflake')
        or dbt_version[:2] != '1.' or (engine == 'duckdb' and ((target.path or '')[:3] == 'md:' or (target.path or '')[:10] == 'motherduck')) -%}
    {{ return(nothing) }}
  {%- endif -%}
  {%- set unknown = ['null', 'null', 'null', 'null'] -%}
  {%- if kind == 'incremental' and should_full_refresh() -%}
    {%- do nothing.update({'cells': unknown + ["'rebuilt'"]}) -%}
    {{ return(nothing) }}
  {%- endif -%}
  {%- for hook in (pre_hooks or []) + (post_hooks or []) -%}
    {#- These statements change no row, if that is all there is. -#}
    {%- set sql = (hook.get('sql') or '') | lower | trim | replace('{{ this }}', '') -%}
    {%- if '{' in sql or ';' in sql[:-1] or (sql.split() or [''])[0] not in ('', 'analyze', 'comment', 'grant', 'revoke', 'use') -%}
      {%- do nothing.update({'cells': unknown + ["'hooks'"]}) -%}
    {%- endif -%}
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
    {%- set batch, inserted, updated = 'select count(*) as n', 'a.n - p.n', 'b.n - (a.n - p.n)' -%}
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

  {#- The count before is in the before row of this node. What is derived from it must not
      be below zero, and the counts must agree with the rest. -#}
  {%- set literal -%}
    '{{ model.unique_id | replace('\\', '\\\\' if engine in ('mysql', 'snowflake') else '\\') | replace("'", "''") }}'
  {%- endset -%}
  {%- set before = "select case when count(*) = 1 then max(row_count) end as n from " ~ env_var('DBT_TALLY_RELATION')
        ~ " where run_id = '" ~ invocation_id ~ "' and phase = 'before' and node_id = " ~ literal
        ~ (" and batch = '" ~ model.batch.id ~ "'" if model.batch else '') -%}
  {%- set derived = 'p.n + ' ~ inserted ~ ' - a.n' -%}
  {%- set proof = derived ~ ' >= 0' if deleted == 'before' else inserted ~ ' >= 0 and ' ~ updated ~ ' >= 0 and a.n - p.n = ' ~ inserted ~ ' - ' ~ deleted -%}
  {#- On MySQL an insert that reads the audit table would lock its rows, and could deadlock
      with another model's insert. On Snowflake it would cost more than the insert. The
      figures of their statements need no such proof. -#}
  {%- set alone = engine == 'mysql' or source == 'adapter' -%}
  {%- set proof = proof if not alone else 'b.n = ' ~ main.rows_affected if batch else '1 = 1' -%}
  {%- set cells = [] -%}
  {%- for cell in (inserted, updated, derived if deleted == 'before' else deleted, changed) -%}
    {%- do cells.append('case when ' ~ proof ~ ' then ' ~ cell ~ ' end') -%}
  {%- endfor -%}
  {{ return({
        'prefix': prefix, 'declare': '', 'block': '', 'count': 'a.n', 'columns': columns,
        'cells': cells + ['case when ' ~ proof ~ " then '" ~ source ~ "' else 'mismatch' end"],
        'from': ' from (select count(*) as n from ' ~ this ~ ') a' ~ (' cross join (' ~ before ~ ') p' if not alone)
          ~ (' cross join (' ~ batch ~ ') b' if batch),
      }) }}
{% endmacro %}

{#- PostgreSQL counts what a transaction writes to a table. The before hook stores these
    counters, the files of the table and its number of rows in a setting that ends with
    the transaction, and the after hook subtracts. The files differ after a truncate or a
    rewrite, which the counters forget. The counts differ if another session wrote, or if
    a savepoint was rolled back, which the counters keep. An update that moves a row to
    another partition is a delete and an insert to them. Each part is in a block of its
    own, so that a server that lacks something does not lose the audit row. -#}
{% macro dbt_tally_written_postgres(phase, count) %}
  {%- set state = "(with recursive family as (select '" ~ (this | string | replace("'", "''")) ~ "'::regclass::oid as oid union all "
        ~ "select i.inhrelid from pg_catalog.pg_inherits i join family f on i.inhparent = f.oid) "
        ~ "select array[coalesce(string_agg(c.oid || ':' || pg_relation_filenode(c.oid), ',' order by c.oid) filter (where c.relkind = 'r'), ''), "
        ~ "case when not bool_and(c.relkind in ('r', 'p') and c.relam in (0, 2)) or current_setting('track_counts') <> 'on' then 'counters' "
        ~ "when bool_or(c.relkind = 'p') then 'partitioned' else 'engine' end, "
        ~ "sum(pg_stat_get_xact_tuples_inserted(c.oid))::text, sum(pg_stat_get_xact_tuples_updated(c.oid))::text, "
        ~ "sum(pg_stat_get_xact_tuples_deleted(c.oid))::text, (" ~ count ~ ")::text] "
        ~ "from family f join pg_catalog.pg_class c on c.oid = f.oid)" -%}
  {%- if phase == 'before' -%}
    {{ return({'prefix': '', 'declare': '', 'from': '', 'cells': [],
          'block': "begin perform set_config('dbt_tally.base', array_to_string(" ~ state ~ ", '|'), true); exception when others then null; end; "}) }}
  {%- endif -%}
  {%- set main = load_result('main') -%}
  {%- set affected = main.response.rows_affected if main is not none and main.response.rows_affected is number else 0 -%}
  {%- set hooks = (pre_hooks ~ '' ~ post_hooks) | lower if pre_hooks or post_hooks else '' -%}
  {%- set undone = 'savepoint' in hooks or 'exception' in hooks or 'rollback' in hooks -%}
  {%- set changes = "begin execute (select format('select count(*) from %s where dbt_change_type = ''update''', c.oid::regclass) "
        ~ "from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid "
        ~ "where c.relnamespace = pg_my_temp_schema() and c.relkind = 'r' and a.attname = 'dbt_change_type') into dbt_tally_changed; "
        ~ "exception when others then null; end; " if model.resource_type == 'snapshot' else '' -%}
  {{ return({
        'prefix': '', 'declare': "dbt_tally_was text[]; dbt_tally_is text[]; dbt_tally_inserted bigint; dbt_tally_updated bigint; "
          ~ "dbt_tally_deleted bigint; dbt_tally_changed bigint; dbt_tally_source text := 'counters'; ",
        'from': '', 'columns': ', inserted_rows, updated_rows, deleted_rows, changed_rows, change_source',
        'cells': ['dbt_tally_inserted', 'dbt_tally_updated', 'dbt_tally_deleted', 'dbt_tally_changed', 'dbt_tally_source'],
        'block': "begin dbt_tally_was := string_to_array(nullif(current_setting('dbt_tally.base', true), ''), '|'); "
          ~ "dbt_tally_is := " ~ state ~ "; "
          ~ "dbt_tally_inserted := dbt_tally_is[3]::bigint - dbt_tally_was[3]::bigint; "
          ~ "dbt_tally_updated := dbt_tally_is[4]::bigint - dbt_tally_was[4]::bigint; "
          ~ "dbt_tally_deleted := dbt_tally_is[5]::bigint - dbt_tally_was[5]::bigint; "
          ~ "dbt_tally_source := case when dbt_tally_was is null then 'transactions' "
          ~ "when 'counters' in (dbt_tally_was[2], dbt_tally_is[2]) then 'counters' "
          ~ "when regexp_replace(dbt_tally_was[1], ':[0-9]+', '', 'g') <> regexp_replace(dbt_tally_is[1], ':[0-9]+', '', 'g') then 'rebuilt' "
          ~ "when dbt_tally_was[1] <> dbt_tally_is[1] then 'rewritten' "
          ~ ("when true then 'hooks' " if undone else '')
          ~ "when " ~ affected ~ " > 0 and dbt_tally_inserted = 0 and dbt_tally_updated = 0 and dbt_tally_deleted = 0 then 'counters' "
          ~ "when dbt_tally_inserted - dbt_tally_deleted <> dbt_tally_is[6]::bigint - dbt_tally_was[6]::bigint then 'mismatch' "
          ~ "when dbt_tally_is[2] = 'partitioned' and dbt_tally_deleted > 0 then 'partitioned' else 'engine' end; "
          ~ "exception when others then null; end; "
          ~ "if dbt_tally_source is distinct from 'engine' then "
          ~ "dbt_tally_inserted := null; dbt_tally_updated := null; dbt_tally_deleted := null; end if; "
          ~ changes,
      }) }}
{% endmacro %}
