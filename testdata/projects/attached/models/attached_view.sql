{{ config(enabled=target.type == 'duckdb', database='other') }}
select 1 as id
