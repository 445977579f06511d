
select * from "public_mac"."macros" where a < 2
