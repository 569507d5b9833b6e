select * from {{ ref('raw_events') }} where id > 2
