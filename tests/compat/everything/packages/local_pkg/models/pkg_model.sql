{{ config(alias='renamed_in_pkg') }}
select {{ var('other') }} as id, '{{ var("pkg_var") }}' as v
