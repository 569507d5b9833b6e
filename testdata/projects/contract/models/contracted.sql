select cast(id as int) as id, cast(happened_at as date) as day from {{ ref('events') }}
