
select * from (select * from "public_mac"."macros" where a > 2024-01-31) dbt_subquery where a < 3
