{{ config(materialized='ephemeral', alias='pkg_alias') }}
select * from {{ ref('pkg_model') }}
