{{ config(materialized='ephemeral') }}
-- base
select 1 as id -- {{ this }}
