select
  1 as a,
  2 as b,
  3 as c
-- util hello x shop-who / shop bye / shop-who / util-who
-- [in|in] 2 "postgres"."utils_pkg"."pkg_model"
-- True True shop-who