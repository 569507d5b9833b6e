select r.branch, r.target, r.event, r.pull_request, r.commit_sha, r.run_url, m.run_id, m.node_id,
  m.relation, m.built_at, m.rows_before, m.rows_after, m.inserted_rows, m.updated_rows, m.deleted_rows, m.changed_rows,
  {seconds} as seconds
from (
  select run_id, relation, max(node_id) as node_id,
    min(case when phase = 'before' then execution_time end) as started_at,
    max(case when phase = 'after' then execution_time end) as built_at,
    max(case when phase = 'before' and nth = 1 then row_count end) as rows_before,
    max(case when phase = 'after' and nth_last = 1 then row_count end) as rows_after,
    case when count(own) = count(inserted_rows) then sum(inserted_rows) end as inserted_rows,
    case when count(own) = count(updated_rows) then sum(updated_rows) end as updated_rows,
    case when count(own) = count(deleted_rows) then sum(deleted_rows) end as deleted_rows,
    case when count(own) = count(changed_rows) then sum(changed_rows) end as changed_rows
  from (
    select run_id, relation, phase, node_id, execution_time, row_count, inserted_rows, updated_rows, deleted_rows, changed_rows,
      case when phase = 'after' then node_id end as own,
      row_number() over (partition by run_id, relation, phase
        order by case when node_id is null then 1 else 0 end, execution_time) as nth,
      row_number() over (partition by run_id, relation, phase
        order by case when node_id is null then 1 else 0 end, execution_time desc) as nth_last
    from (
      select run_id, node_id, execution_time, row_count, inserted_rows, updated_rows, deleted_rows, changed_rows,
        case when model_name like '% - AFTER' then 'after' else 'before' end as phase,
        replace(replace(model_name, ' - BEFORE', ''), ' - AFTER', '') as relation
      from {audit}
      where model_name like '% - BEFORE' or model_name like '% - AFTER'
    ) as named
  ) as numbered
  group by run_id, relation
) as m
join {runs} as r on r.run_id = m.run_id
