
select * from "utils_pkg"."pkg_model"