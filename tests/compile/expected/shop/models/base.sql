
-- base
select 1 as id -- "postgres"."public_bas"."base"