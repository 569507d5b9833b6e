select
    customer_id,
    first_name || ' ' || last_name as customer_name,
    city,
    region_id,
    cast(joined_on as date) as joined_on
from {{ ref('raw_customers') }}
