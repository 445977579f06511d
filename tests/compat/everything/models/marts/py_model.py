import pandas

def model(dbt, session):
    dbt.config(materialized="table", packages=["pandas==1.0"], tags=["py"], meta={"x": 1})
    orders = dbt.ref("stg_orders")
    events = dbt.source("raw", "events")
    other = dbt.ref("local_pkg", "pkg_model")
    level = dbt.config.get("level", 3)
    return orders
