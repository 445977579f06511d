{{ config(volatility='deterministic') }}
select radius * radius * {{ var('level') }}
