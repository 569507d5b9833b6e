{#- The columns that show which rows of this model are new or changed: meta.tally, or the
    input change-column for a table that dbt builds anew. None if there are none. -#}
{% macro dbt_tally_change(settings) %}
  {%- set own = settings if settings is mapping else {} -%}
  {%- set type = own.get('change_type_column') or '' -%}
  {%- set kinds = type if type is mapping else {'insert': ['i', 'insert', 'c', 'r'], 'update': ['u', 'update'], 'delete': ['d', 'delete']} -%}
  {%- set type = (type.get('column') or '') if type is mapping else type -%}
  {%- set rebuilt = model.config.materialized in ('table', 'seed') or (model.config.materialized == 'incremental' and should_full_refresh()) -%}
  {%- set changed = (own['change_column'] or '') if 'change_column' in own else (env_var('DBT_TALLY_CHANGE_COLUMN', '') if rebuilt or type else '') -%}
  {%- if not (changed or (type and rebuilt)) or model.resource_type == 'snapshot' or model.batch
        or model.config.materialized in ('view', 'materialized_view', 'external') -%}
    {{ return(none) }}
  {%- endif -%}
  {%- set engine = 'mysql' if target.type in ('mysql5', 'mariadb') else target.type -%}
  {%- set quote = '`' if engine == 'mysql' else '"' -%}
  {#- The names as they are in the catalog. One in quotes keeps its case. -#}
  {%- set names = [] -%}
  {%- for name in (changed, (own.get('created_column') or '') if changed else '', type) -%}
    {%- set name = name | string -%}
    {%- if name[:1] in ('"', '`') and name[-1:] == name[:1] -%}
      {%- do names.append(name[1:-1]) -%}
    {%- else -%}
      {%- do names.append(name | upper if engine == 'snowflake' else name | lower) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set quoted = [] -%}
  {%- for name in names -%}{%- do quoted.append(quote ~ name | replace(quote, quote ~ quote) ~ quote if name else '') -%}{%- endfor -%}
  {{ return({'names': names, 'changed': quoted[0], 'created': quoted[1], 'type': quoted[2], 'kinds': kinds}) }}
{% endmacro %}

{#- What the model wrote by these columns, in the form of dbt_tally_written. The before
    hook stores the newest time of the table that was there, the watermark. The after hook
    counts the rows beyond it. A column that is not there, or that is not a time, must not
    fail the model: the engine looks into its catalog first, in the same statement.
    change_source is column, or the reason why nothing is known. -#}
{% macro dbt_tally_changed(phase, count, block, change) %}
  {%- set engine = 'postgres' if block else 'mysql' if target.type in ('mysql5', 'mariadb') else target.type -%}
  {%- set before = phase == 'before' -%}
  {%- set nothing = {'prefix': '', 'declare': '', 'block': '', 'from': '', 'count': count, 'cells': [],
        'columns': ', watermark, change_source' if before else ', inserted_rows, updated_rows, deleted_rows, changed_rows, change_source'} -%}
  {%- if before and not change.changed -%}
    {{ return(nothing) }}
  {%- endif -%}
  {%- if dbt_version[:2] != '1.' or not (block or engine in ('duckdb', 'mysql') or (engine == 'snowflake' and env_var('DBT_TALLY_GUARD', '')))
        or (engine == 'duckdb' and ((target.path or '')[:3] == 'md:' or (target.path or '')[:10] == 'motherduck')) -%}
    {%- do nothing.update({'cells': ['null', 'null'] if before else ['null', 'null', 'null', 'null', "'unsupported'"]}) -%}
    {{ return(nothing) }}
  {%- endif -%}

  {%- set string = {'mysql': 'char', 'postgres': 'text'}.get(engine, 'varchar') -%}
  {%- set backslash = '\\\\' if engine in ('mysql', 'snowflake') else '\\' -%}
  {%- set catalog = {'times': [], 'all': []} -%}
  {%- for name in change.names if name -%}
    {%- set literal -%}'{{ name | replace('\\', backslash) | replace("'", "''") }}'{%- endset -%}
    {%- do catalog['all'].append(literal) -%}
    {%- if not loop.last or not change.type -%}{%- do catalog.times.append(literal) -%}{%- endif -%}
  {%- endfor -%}
  {%- do catalog.update({'n': catalog['all'] | length, 'time': catalog.times, 'times': catalog.times | join(', ') or "''", 'all': catalog['all'] | join(', ')}) -%}
  {#- The before row, from which the after row also takes the reason. -#}
  {%- set node -%}'{{ model.unique_id | replace('\\', backslash) | replace("'", "''") }}'{%- endset -%}
  {%- set stored = "select max(row_count) as n, max(watermark) as mark, case when count(*) <> 1 then 'unmarked' else max(change_source) end as why from "
        ~ env_var('DBT_TALLY_RELATION') ~ " where run_id = '" ~ invocation_id ~ "' and phase = 'before' and node_id = " ~ node
        if change.changed else 'select 0 as n, null as mark, null as why' -%}

  {#- Times are UTC without a zone, cut to microseconds as the watermark is. -#}
  {%- set as_time = {
        'postgres': "case when pg_typeof({}) = 'timestamptz'::regtype then {}::timestamptz at time zone 'UTC' else {}::timestamp end",
        'duckdb': 'make_timestamp(epoch_us({}))',
        'snowflake': "date_trunc('microsecond', case when typeof(to_variant({})) in ('TIMESTAMP_TZ', 'TIMESTAMP_LTZ') then convert_timezone('UTC', {})::timestamp_ntz else {}::timestamp_ntz end)",
        'mysql': "convert_tz({}, case when d.zone_{#} = 'timestamp' then @@session.time_zone else '+00:00' end, '+00:00')",
      }[engine] -%}
  {%- set one = {'mysql': 'x.dbt_tally_one'}.get(engine, '1') -%}
  {%- set stored_n, stored_mark = {'postgres': ('dbt_tally_rows', 'dbt_tally_mark'), 'mysql': ('d.n', 'd.mark')}.get(engine, ('p.n', 'p.mark')) -%}
  {%- set beyond, newest = [], [] -%}
  {%- for column in (change.changed, change.created) if column -%}
    {%- set time = as_time | replace('{}', column) | replace('{#}', loop.index | string) -%}
    {%- do beyond.append(time ~ ' > ' ~ stored_mark) -%}
    {%- do newest.append('max(case when ' ~ one ~ ' = 1 then ' ~ time ~ ' end)') -%}
  {%- endfor -%}
  {%- set mark = newest[0] if newest | length == 1
        else 'greatest(coalesce({0}, {1}), coalesce({1}, {0}))'.replace('{0}', newest[0]).replace('{1}', newest[1]) if newest else 'null' -%}
  {#- Every row of a table that was empty is new. -#}
  {%- set conditions = {'n': '1 = 1', 'changed': (([stored_n ~ ' = 0'] + beyond) | join(' or ')) if beyond else '1 = 1',
        'created': (stored_n ~ ' = 0 or ' ~ beyond[1]) if beyond | length == 2 else '1 = 0'} -%}
  {%- for kind in ('inserts', 'updates', 'deletes') -%}
    {%- set values = change.kinds.get(kind[:-1]) or [] -%}
    {%- set literals = [] -%}
    {%- for value in ([values] if values is string or values is not iterable else values) -%}
      {%- do literals.append("'" ~ (value | string | lower | replace('\\', backslash) | replace("'", "''")) ~ "'") -%}
    {%- endfor -%}
    {%- do conditions.update({kind: '(' ~ conditions.changed ~ ') and lower(cast(' ~ change.type ~ ' as ' ~ string ~ ')) in (' ~ literals | join(', ') ~ ')' if change.type and literals else '1 = 0'}) -%}
  {%- endfor -%}
  {%- set counts = [] -%}
  {%- for name in ('n', 'changed', 'created', 'inserts', 'updates', 'deletes') -%}
    {%- do counts.append('count(case when ' ~ conditions[name] ~ ' then ' ~ one ~ ' end)') -%}
  {%- endfor -%}

  {%- set made = {'postgres': dbt_tally_changed_postgres, 'duckdb': dbt_tally_changed_duckdb,
        'mysql': dbt_tally_changed_mysql, 'snowflake': dbt_tally_changed_snowflake}[engine](before, mark, counts, stored, catalog, change) -%}
  {%- do nothing.update(made) -%}
  {%- if before -%}
    {%- if engine == 'mysql' -%}{%- do nothing.update({'count': '(@dbt_tally_rows := ' ~ count ~ ')'}) -%}{%- endif -%}
    {{ return(nothing) }}
  {%- endif -%}

  {%- set found = made.found -%}
  {%- set source = 'case when ' ~ found.why ~ ' is not null then ' ~ found.why
        ~ (' when ' ~ found.before ~ " is null then 'unmarked' when " ~ found.before ~ ' > 0 and ' ~ found.mark ~ " is null then 'null'" if change.changed)
        ~ (' when ' ~ found.inserts ~ ' + ' ~ found.updates ~ ' + ' ~ found.deletes ~ ' <> ' ~ found.changed ~ " then 'types'" if change.type
           else ' when ' ~ found.before ~ ' + ' ~ found.created ~ ' < ' ~ found.n ~ " then 'mismatch'" if change.created)
        ~ " else 'column' end" -%}
  {%- for number in (
        (found.inserts, found.updates, found.deletes) if change.type
        else (found.created, found.changed ~ ' - ' ~ found.created, found.before ~ ' + ' ~ found.created ~ ' - ' ~ found.n) if change.created
        else ('null', 'null', 'null')) + (found.changed,) -%}
    {%- do nothing.cells.append('case when ' ~ source ~ " = 'column' then " ~ number ~ ' end' if number != 'null' else 'null') -%}
  {%- endfor -%}
  {%- do nothing.cells.append(source) -%}
  {{ return(nothing) }}
{% endmacro %}

{#- Within an inner block: the columns are looked up when a statement is first executed, a
    failure does not lose the audit row, and the lock on the old table is released. -#}
{% macro dbt_tally_changed_postgres(before, mark, counts, stored, catalog, change) %}
  {%- set look = "dbt_tally_why := (select case when count(*) < " ~ catalog.n ~ " then 'absent' "
        ~ "when not bool_and(attname not in (" ~ catalog.times ~ ") or atttypid in ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype)) then 'type' end "
        ~ "from pg_catalog.pg_attribute where attrelid = '" ~ (this | string | replace("'", "''")) ~ "'::regclass "
        ~ "and attnum > 0 and not attisdropped and attname in (" ~ catalog['all'] ~ ")); if dbt_tally_why is null then " -%}
  {%- set declare = 'dbt_tally_mark timestamp; dbt_tally_why text; ' -%}
  {%- set undo = "raise sqlstate 'DT000'; exception when sqlstate 'DT000' then null; when others then dbt_tally_why := 'unreadable'; end; " -%}
  {%- if before -%}
    {{ return({'declare': declare, 'cells': ['dbt_tally_mark', 'dbt_tally_why'],
          'block': 'begin ' ~ look ~ 'dbt_tally_mark := (select ' ~ mark ~ ' from ' ~ this ~ '); end if; ' ~ undo}) }}
  {%- endif -%}
  {%- set found = {'before': 'dbt_tally_rows', 'mark': 'dbt_tally_mark', 'why': 'dbt_tally_why'} -%}
  {%- for name in ('n', 'changed', 'created', 'inserts', 'updates', 'deletes') -%}
    {%- do found.update({name: 'dbt_tally_found[' ~ loop.index ~ ']'}) -%}
  {%- endfor -%}
  {{ return({'declare': declare ~ 'dbt_tally_rows bigint; dbt_tally_found bigint[]; ', 'found': found,
        'block': 'begin select n, mark, why into dbt_tally_rows, dbt_tally_mark, dbt_tally_why from (' ~ stored ~ ') p; if dbt_tally_why is null then '
          ~ look ~ 'dbt_tally_found := (select array[' ~ counts | join(', ') ~ '] from ' ~ this ~ '); end if; end if; ' ~ undo}) }}
{% endmacro %}

{#- A variable contains the query, because DuckDB refuses a statement with a column that
    does not exist. -#}
{% macro dbt_tally_changed_duckdb(before, mark, counts, stored, catalog, change) %}
  {%- set names = ['mark'] if before else ['n', 'changed', 'created', 'inserts', 'updates', 'deletes'] -%}
  {%- set known, unknown = [], [] -%}
  {%- for value in ([mark] if before else counts) -%}
    {%- do known.append(value ~ ' as ' ~ names[loop.index0]) -%}
    {%- do unknown.append('null as ' ~ names[loop.index0]) -%}
  {%- endfor -%}
  {%- set query = 'select ' ~ known | join(', ') ~ ', null as why from ' ~ this ~ (' cross join (' ~ stored ~ ') p' if not before) -%}
  {%- set empty = 'select ' ~ unknown | join(', ') ~ ', ' -%}
  {%- set found = {'before': 'p.n', 'mark': 'p.mark', 'why': 'coalesce(p.why, c.why)', 'n': 'c.n', 'changed': 'c.changed', 'created': 'c.created',
        'inserts': 'c.inserts', 'updates': 'c.updates', 'deletes': 'c.deletes'} -%}
  {{ return({'cells': ['c.mark', 'c.why'] if before else [], 'found': found,
        'prefix': "set variable dbt_tally_change = (select case when count(*) < " ~ catalog.n ~ " then '" ~ empty ~ "''absent'' as why' "
          ~ "when not bool_and(lower(column_name) not in (" ~ catalog.times ~ ") or data_type = 'DATE' or starts_with(data_type, 'TIMESTAMP')) then '" ~ empty ~ "''type'' as why' "
          ~ "else '" ~ query | replace("'", "''") ~ "' end from duckdb_columns() where lower(database_name) = '" ~ (this.database | lower | replace("'", "''"))
          ~ "' and lower(schema_name) = '" ~ (this.schema | lower | replace("'", "''")) ~ "' and lower(table_name) = '" ~ (this.identifier | lower | replace("'", "''"))
          ~ "' and lower(column_name) in (" ~ catalog['all'] | lower ~ "));\n",
        'from': " from query(getvariable('dbt_tally_change')) c" ~ (' cross join (' ~ stored ~ ') p' if not before)}) }}
{% endmacro %}

{#- A column that does not exist is found in the outer query instead, as null. An aggregate
    belongs to the inner query because it contains one of its columns, dbt_tally_one.
    Reading the before row would lock it, and could deadlock with another model's insert:
    variables of the session have what it contains. -#}
{% macro dbt_tally_changed_mysql(before, mark, counts, stored, catalog, change) %}
  {%- set columns = "from information_schema.columns where table_schema = '" ~ (this.schema | replace('\\', '\\\\') | replace("'", "''"))
        ~ "' and table_name = '" ~ (this.identifier | replace('\\', '\\\\') | replace("'", "''")) ~ "' and lower(column_name) in (" -%}
  {%- set look = "(select case when count(*) < " ~ catalog.n ~ " then 'absent' when sum(lower(column_name) in (" ~ catalog.times
        ~ ") and data_type not in ('date', 'datetime', 'timestamp')) > 0 then 'type' end " ~ columns ~ catalog['all'] ~ "))" -%}
  {%- set outer = [] -%}
  {%- for column in (change.changed, change.created, change.type) if column -%}{%- do outer.append('null as ' ~ column) -%}{%- endfor -%}
  {%- for literal in catalog.time -%}
    {%- do outer.append('(select max(data_type) ' ~ columns ~ literal ~ ')) as zone_' ~ loop.index) -%}
  {%- endfor -%}
  {%- set rows = ' from (select t.*, 1 as dbt_tally_one from ' ~ this ~ ' t) x where d.why is null)' -%}
  {%- if before -%}
    {{ return({'cells': ['(@dbt_tally_mark := c.mark)', '(@dbt_tally_why := c.why)'],
          'from': ' from (select (select ' ~ mark ~ rows ~ ' as mark, d.why from (select ' ~ outer | join(', ') ~ ', ' ~ look ~ ' as why) d) c'}) }}
  {%- endif -%}
  {%- do outer.append('cast(@dbt_tally_rows as signed) as n, cast(@dbt_tally_mark as datetime(6)) as mark, coalesce(@dbt_tally_why, ' ~ look ~ ') as why'
        if change.changed else '0 as n, null as mark, ' ~ look ~ ' as why') -%}
  {%- set found = {'before': 'c.n', 'mark': 'c.mark', 'why': 'c.why'} -%}
  {%- for name in ('n', 'changed', 'created', 'inserts', 'updates', 'deletes') -%}
    {%- do found.update({name: "cast(substring_index(substring_index(c.counts, ',', " ~ loop.index ~ "), ',', -1) as signed)"}) -%}
  {%- endfor -%}
  {{ return({'found': found,
        'from': " from (select (select concat_ws(',', " ~ counts | join(', ') ~ ')' ~ rows ~ ' as counts, d.n, d.mark, d.why from (select ' ~ outer | join(', ') ~ ') d) c'}) }}
{% endmacro %}

{#- Snowflake refuses a statement with a column that does not exist. Then the block sends
    the insert again, with otherwise in the place of the cells. -#}
{% macro dbt_tally_changed_snowflake(before, mark, counts, stored, catalog, change) %}
  {%- set types = [] -%}
  {%- for column in (change.changed, change.created) if column -%}
    {%- do types.append('max(typeof(to_variant(' ~ column ~ "))) not in ('DATE', 'TIMESTAMP_NTZ', 'TIMESTAMP_TZ', 'TIMESTAMP_LTZ')") -%}
  {%- endfor -%}
  {%- set why = ('case when ' ~ types | join(' or ') ~ " then 'type' end") if types else 'null' -%}
  {%- if before -%}
    {{ return({'cells': ['c.mark', 'c.why'], 'otherwise': ", null, 'unreadable'",
          'from': ' from (select ' ~ mark ~ ' as mark, ' ~ why ~ ' as why from ' ~ this ~ ') c'}) }}
  {%- endif -%}
  {%- set columns, found = [], {'before': 'p.n', 'mark': 'p.mark', 'why': 'coalesce(p.why, c.why)'} -%}
  {%- for name in ('n', 'changed', 'created', 'inserts', 'updates', 'deletes') -%}
    {%- do columns.append(counts[loop.index0] ~ ' as rows_' ~ name) -%}
    {%- do found.update({name: 'c.rows_' ~ name}) -%}
  {%- endfor -%}
  {{ return({'found': found, 'otherwise': ", null, null, null, null, 'unreadable'",
        'from': ' from (select ' ~ columns | join(', ') ~ ', ' ~ why ~ ' as why from ' ~ this ~ ' cross join (' ~ stored ~ ') p) c cross join (' ~ stored ~ ') p'}) }}
{% endmacro %}
