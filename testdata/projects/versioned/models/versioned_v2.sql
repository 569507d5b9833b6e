select * from {{ ref('events') }} where id > 2
