{#- PostgreSQL counts what a transaction writes to a table. The before hook stores these
    counters, the files of the table and its number of rows in a setting that ends with
    the transaction, and the after hook subtracts. The files differ after a truncate or a
    rewrite, which the counters forget. An update that moves a row to another partition is
    a delete and an insert to them. Each part is in a block of its own, so that a server
    that lacks something does not lose the audit row.

    The result has PL/pgSQL: block runs before dbt_tally_count is counted, if block leaves
    it null, and checks runs after it. columns and cells are those of the after row.

    Unless every count is exact, the count after is the one before and what was inserted,
    less what was deleted, if dbt_tally_state proves that nothing else happened. The table's
    counters for all sessions are stored in carry. If they are the same in the next run,
    nobody has written since, and a count of a million rows or more is carried over. -#}
{% macro dbt_tally_counters(phase, count, exact, name, node) %}
  {%- set least = env_var('DBT_TALLY_CARRY_FROM', '1000000') | int -%}
  {%- set state = dbt_tally_state(phase, name, least) -%}
  {%- if phase == 'before' -%}
    {%- set carried = "if dbt_tally_is[11]::boolean and dbt_tally_is[6] = 'alone' then "
          ~ "select last.row_count into dbt_tally_count from (select row_count, carry from " ~ env_var('DBT_TALLY_RELATION')
          ~ " where node_id = '" ~ node ~ "' and phase = 'after' and model_name = '" ~ name ~ " - AFTER' order by execution_time desc limit 1) last "
          ~ "where last.row_count >= " ~ least ~ " and last.carry = concat_ws('|', dbt_tally_is[1], dbt_tally_is[7], dbt_tally_is[8], dbt_tally_is[9], dbt_tally_is[10]); "
          ~ "if dbt_tally_count is not null then dbt_tally_counted := 'carried'; end if; end if; " if not exact else '' -%}
    {{ return({'prefix': '', 'from': '', 'cells': [], 'declare': 'dbt_tally_is text[]; ',
          'block': "begin dbt_tally_is := " ~ state ~ "; " ~ carried ~ "exception when others then dbt_tally_count := null; end; ",
          'checks': "begin if dbt_tally_is is not null then perform set_config('dbt_tally.base', array_to_string(dbt_tally_is || array[dbt_tally_count::text, dbt_tally_counted], '|', ''), true); end if; "
            ~ "exception when others then null; end; "}) }}
  {%- endif -%}
  {%- set main = load_result('main') -%}
  {%- set affected = main.response.rows_affected if main is not none and main.response.rows_affected is number else 0 -%}
  {%- set hooks = (pre_hooks ~ '' ~ post_hooks) | lower if pre_hooks or post_hooks else '' -%}
  {%- set undone = 'savepoint' in hooks or 'exception' in hooks or 'rollback' in hooks -%}
  {%- set changes = "begin execute (select format('select count(*) from %s where dbt_change_type = ''update''', c.oid::regclass) "
        ~ "from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid "
        ~ "where c.relnamespace = pg_my_temp_schema() and c.relkind = 'r' and a.attname = 'dbt_change_type') into dbt_tally_changed; "
        ~ "exception when others then null; end; " if model.resource_type == 'snapshot' else '' -%}
  {#- What dbt reports of its last statement must agree with the counters. A hook, or another
      batch at the same time, could write what neither shows. -#}
  {%- set derivable = namespace(value=not exact and affected >= 0 and (model.resource_type == 'snapshot' or model.config.materialized == 'incremental')
        and (model.config.incremental_strategy != 'microbatch' or model.config.concurrent_batches is sameas false)) -%}
  {%- for hook in (pre_hooks or []) + (post_hooks or []) if derivable.value and dbt_tally_may_write(hook) -%}
    {%- set derivable.value = false -%}
  {%- endfor -%}
  {%- set derived = "if dbt_tally_source in ('engine', 'partitioned') and dbt_tally_was[6] = 'alone' and dbt_tally_is[6] = 'alone' "
        ~ "and " ~ affected ~ " in (dbt_tally_inserted, dbt_tally_inserted + dbt_tally_updated + dbt_tally_deleted) "
        ~ "and (dbt_tally_inserted + dbt_tally_updated + dbt_tally_deleted > 0 or dbt_tally_was[7]::bigint > 0) "
        ~ "and (dbt_tally_was[7] is null or (dbt_tally_is[7]::bigint - dbt_tally_was[7]::bigint, dbt_tally_is[8]::bigint - dbt_tally_was[8]::bigint, "
        ~ "dbt_tally_is[9]::bigint - dbt_tally_was[9]::bigint) = (dbt_tally_inserted, dbt_tally_updated, dbt_tally_deleted)) "
        ~ "and dbt_tally_is[10] is not distinct from dbt_tally_was[10] then "
        ~ "dbt_tally_count := dbt_tally_was[12]::bigint + dbt_tally_inserted - dbt_tally_deleted; "
        ~ "dbt_tally_counted := case dbt_tally_was[13] when 'carried' then 'carried' else 'derived' end; end if; " if derivable.value else '' -%}
  {{ return({
        'prefix': '', 'declare': "dbt_tally_was text[]; dbt_tally_is text[]; dbt_tally_inserted bigint; dbt_tally_updated bigint; "
          ~ "dbt_tally_deleted bigint; dbt_tally_changed bigint; dbt_tally_carry text; dbt_tally_source text := 'counters'; ",
        'from': '',
        'columns': ', inserted_rows, updated_rows, deleted_rows, changed_rows, change_source, carry',
        'cells': ['dbt_tally_inserted', 'dbt_tally_updated', 'dbt_tally_deleted', 'dbt_tally_changed', 'dbt_tally_source',
          'case when dbt_tally_count >= ' ~ least ~ ' then dbt_tally_carry end'],
        'block': "begin dbt_tally_was := string_to_array(nullif(current_setting('dbt_tally.base', true), ''), '|', ''); "
          ~ ("if current_setting('server_version_num')::int >= 150000 then perform pg_stat_clear_snapshot(); end if; " if derivable.value)
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
          ~ "when dbt_tally_is[2] = 'partitioned' and dbt_tally_deleted > 0 then 'partitioned' else 'engine' end; "
          ~ "if dbt_tally_source in ('engine', 'partitioned') and dbt_tally_was[7] is not null then "
          ~ "dbt_tally_carry := concat_ws('|', dbt_tally_is[1], dbt_tally_was[7]::bigint + dbt_tally_inserted, "
          ~ "dbt_tally_was[8]::bigint + dbt_tally_updated, dbt_tally_was[9]::bigint + dbt_tally_deleted, dbt_tally_was[10]); end if; "
          ~ derived ~ "exception when others then dbt_tally_count := null; end; ",
        'checks': "begin if dbt_tally_source in ('engine', 'partitioned') and dbt_tally_counted = 'counted' "
          ~ "and dbt_tally_inserted - dbt_tally_deleted <> " ~ ('dbt_tally_count' if '(' in count else count) ~ " - dbt_tally_was[12]::bigint then dbt_tally_source := 'mismatch'; end if; "
          ~ "exception when others then null; end; "
          ~ "if dbt_tally_source is distinct from 'engine' then "
          ~ "dbt_tally_inserted := null; dbt_tally_updated := null; dbt_tally_deleted := null; end if; "
          ~ changes,
      }) }}
{% endmacro %}

{#- The subquery for the state of a table and its children: 1 their files, 2 what the
    counters are good for, 3 to 5 this transaction's inserted, updated and deleted rows, 6
    "alone" if nothing is known that writes rows or hides them, 7 to 9 the rows that all
    sessions have inserted, updated and deleted, 10 the database, and when the server last forgot those, and
    11 whether the table may have the rows from which counts are carried over: a row takes
    28 bytes or more. Another session's rows appear in 7 to 9 when its transaction has
    ended and, at most a minute later, it has reported them. Before PostgreSQL 15, reading
    them takes long, so they are read of large tables only. -#}
{% macro dbt_tally_state(phase, name, least) %}
  {%- set others = " or exists (select from pg_catalog.pg_locks l where l.relation = any(array_agg(c.oid)) "
        ~ "and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database()) "
        ~ "and l.pid is distinct from pg_backend_pid() and l.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))" if phase == 'before' else '' -%}
  {{ return("(with recursive family as (select '" ~ name ~ "'::regclass::oid as oid union all "
        ~ "select i.inhrelid from pg_catalog.pg_inherits i join family f on i.inhparent = f.oid), "
        ~ "sized as (select f.oid, sum(pg_relation_size(f.oid)) over () >= " ~ 28 * least ~ " as large from family f) "
        ~ "select array[coalesce(string_agg(c.oid || ':' || pg_relation_filenode(c.oid), ',' order by c.oid) filter (where c.relkind = 'r'), ''), "
        ~ "case when not bool_and(c.relkind in ('r', 'p') and c.relam in (0, 2)) or current_setting('track_counts') <> 'on' then 'counters' "
        ~ "when bool_or(c.relkind = 'p') then 'partitioned' else 'engine' end, "
        ~ "sum(pg_stat_get_xact_tuples_inserted(c.oid))::text, sum(pg_stat_get_xact_tuples_updated(c.oid))::text, "
        ~ "sum(pg_stat_get_xact_tuples_deleted(c.oid))::text, "
        ~ "case when bool_or(c.relhasrules or c.relrowsecurity or exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal))"
        ~ others ~ " then 'watched' else 'alone' end, "
        ~ "sum(pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_inserted(c.oid)) filter (where s.large or current_setting('server_version_num')::int >= 150000)::text, "
        ~ "sum(pg_stat_get_tuples_updated(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)) filter (where s.large or current_setting('server_version_num')::int >= 150000)::text, "
        ~ "sum(pg_stat_get_tuples_deleted(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid)) filter (where s.large or current_setting('server_version_num')::int >= 150000)::text, "
        ~ "case when bool_or(s.large) or current_setting('server_version_num')::int >= 150000 then concat(extract(epoch from pg_stat_get_bgwriter_stat_reset_time()), '/', "
        ~ "(select concat(d.oid, '/', extract(epoch from pg_stat_get_db_stat_reset_time(d.oid))) from pg_catalog.pg_database d where d.datname = current_database())) end, "
        ~ "bool_or(s.large)::text] from sized s join pg_catalog.pg_class c on c.oid = s.oid)") }}
{% endmacro %}
