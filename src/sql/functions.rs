//! What is known of PostgreSQL's own functions.

use super::name::Name;

/// Aggregates of PostgreSQL
/// (<https://www.postgresql.org/docs/current/functions-aggregate.html>). Sorted.
const AGGREGATES: &[&str] = &[
    "any_value",
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "every",
    "json_agg",
    "json_agg_strict",
    "json_arrayagg",
    "json_object_agg",
    "json_object_agg_strict",
    "json_object_agg_unique",
    "json_object_agg_unique_strict",
    "json_objectagg",
    "jsonb_agg",
    "jsonb_agg_strict",
    "jsonb_object_agg",
    "jsonb_object_agg_strict",
    "jsonb_object_agg_unique",
    "jsonb_object_agg_unique_strict",
    "max",
    "min",
    "mode",
    "percentile_cont",
    "percentile_disc",
    "range_agg",
    "range_intersect_agg",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "sum",
    "var_pop",
    "var_samp",
    "variance",
    "xmlagg",
];

/// Whether a function of this name makes one value of many rows.
pub fn is_aggregate(name: &Name) -> bool {
    AGGREGATES.binary_search(&name.as_str()).is_ok()
}

/// What a function in `from` returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// One column, named after the alias or else after the function.
    Scalar,
    /// Columns with these names.
    Columns(&'static [&'static str]),
    /// A row type that the call does not tell.
    Unknown,
}

/// What is known of a function in `from`.
pub fn returns(function: &Name) -> Returns {
    match function.as_str() {
        "json_array_elements"
        | "json_array_elements_text"
        | "jsonb_array_elements"
        | "jsonb_array_elements_text" => Returns::Columns(&["value"]),
        "json_each" | "json_each_text" | "jsonb_each" | "jsonb_each_text" | "each" => {
            Returns::Columns(&["key", "value"])
        }
        "generate_series"
        | "generate_subscripts"
        | "unnest"
        | "json_object_keys"
        | "jsonb_object_keys"
        | "jsonb_path_query"
        | "jsonb_path_query_array"
        | "jsonb_path_query_first"
        | "regexp_matches"
        | "regexp_match"
        | "regexp_split_to_table"
        | "regexp_split_to_array"
        | "string_to_table"
        | "string_to_array"
        | "skeys"
        | "svals"
        | "now"
        | "current_date"
        | "date_trunc"
        | "coalesce"
        | "pg_tablespace_databases" => Returns::Scalar,
        _ => Returns::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(AGGREGATES.is_sorted());
    }
}
