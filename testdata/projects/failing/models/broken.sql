{{ config(materialized='table') }} select no_such_column as id from {{ ref('events') }}
