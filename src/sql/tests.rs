//! Runs the cases of `tests/lineage/cases`; its README tells their form.

use super::{Analysis, Influences, Name, Relation, RelationId, Relations, TableName, analyse};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

/// The tables that the cases read.
struct Shop;

impl Relations for Shop {
    fn find(&self, name: &TableName) -> Relation {
        let full = name.to_string();
        let (columns, complete): (&[&str], bool) = match full.as_str() {
            "orders" | "shop.orders" | "db.shop.orders" => {
                (&["id", "customer_id", "status", "amount", "ordered_at"], true)
            }
            "customers" => (&["id", "name", "email", "country"], true),
            "items" => (&["order_id", "sku", "quantity", "price", "tags", "doc"], true),
            "Odd" => (&["Id", "plain", "select"], true),
            "known" => (&["id", "name"], false),
            _ => (&[], false),
        };
        let columns = columns.iter().map(|column| Name::exact(column)).collect();
        Relation { id: RelationId::Node(name.table.as_str().into()), columns, complete }
    }

    fn inlined(&self, cte: &Name) -> Option<Relation> {
        let model = cte.as_str().strip_prefix("__dbt__cte__")?;
        let columns = vec![Name::exact("id"), Name::exact("total")];
        Some(Relation { id: RelationId::Node(model.into()), columns, complete: true })
    }
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lineage/cases");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut count, mut wrong) = (0, String::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for case in text.split("\n### ").skip(1) {
            count += 1;
            let (title, rest) = case.split_once('\n').unwrap();
            let (query, expected) = rest.split_once("\n---\n").unwrap();
            let found = show(query);
            if found.trim() != expected.trim() {
                let name = file.file_name().unwrap().to_string_lossy();
                let _ = writeln!(wrong, "{name}: {title}\n{query}\n---\n{found}");
            }
        }
    }
    assert!(wrong.is_empty(), "other than expected:\n{wrong}");
    assert!(count >= 200, "{count} cases");
}

/// The result in the form of the cases.
fn show(query: &str) -> String {
    let Analysis { columns, passed_on, rows } = match analyse(query, &Shop) {
        Ok(analysis) => analysis,
        Err(refusal) => return format!("refused: {refusal}\n"),
    };
    let mut text = String::new();
    for column in columns {
        let _ = writeln!(text, "{}: {}", column.name, influences(&column.upstream));
    }
    for (relation, except) in passed_on {
        let (RelationId::Node(name) | RelationId::Unknown(name)) = relation;
        let except: Vec<String> = except.iter().map(ToString::to_string).collect();
        let except =
            if except.is_empty() { String::new() } else { format!(" but {}", except.join(", ")) };
        let _ = writeln!(text, "*: {name}{except}");
    }
    if !rows.is_empty() {
        let _ = writeln!(text, "rows: {}", influences(&rows));
    }
    text
}

fn influences(influences: &Influences) -> String {
    let one = |(origin, kind): (&super::Origin, super::Kind)| {
        let (RelationId::Node(name) | RelationId::Unknown(name)) = &origin.relation;
        let column = origin.column.as_ref().map_or("*", Name::as_str);
        format!("{} {name}.{column}", format!("{kind:?}").to_lowercase())
    };
    influences.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn places_are_found_in_the_text() {
    let text = "select 'é',\n  name, nope\nfrom customers";
    let place = analyse(text, &Shop).unwrap_err().place.unwrap();
    assert_eq!((place.line, place.column), (2, 9));
    assert!(text[place.offset(text).unwrap()..].starts_with("nope"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_analysed_or_refused(text in ".{0,200}") {
        let _ = analyse(&text, &Shop);
    }

    #[test]
    fn any_words_are_analysed_or_refused(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..60)
    ) {
        let _ = analyse(&words.join(" "), &Shop);
        let _ = analyse(&format!("select {} from orders", words.join(" ")), &Shop);
        let _ = analyse(&format!("select * from {}", words.join(" ")), &Shop);
    }
}

const WORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "(",
    ")",
    ",",
    "*",
    ".",
    "id",
    "orders",
    "o",
    "with",
    "recursive",
    "as",
    "union",
    "all",
    "join",
    "left",
    "using",
    "on",
    "natural",
    "lateral",
    "case",
    "when",
    "then",
    "end",
    "over",
    "partition",
    "by",
    "order",
    "group",
    "rows",
    "range",
    "between",
    "and",
    "1",
    "'x'",
    "::",
    "int",
    "[",
    "]",
    "array",
    "values",
    "exists",
    "in",
    "not",
    "distinct",
    "filter",
    "cycle",
    "set",
    "search",
    "depth",
    "first",
    "name",
    "xmlelement",
    "json_value",
    "returning",
    "window",
    "variadic",
    "similar",
    "substring",
    "escape",
    "table",
    "unnest",
    "generate_series",
    "interval",
    "=",
    "||",
    ";",
    "\"Odd\"",
    "é",
    "-",
    "grouping",
    "sets",
    "rollup",
    "fetch",
    "limit",
    "for",
    "update",
    "any",
];

#[test]
fn hostile_queries_end() {
    let nested = |open: &str, close: &str, count: usize| {
        format!("select {}1{}", open.repeat(count), close.repeat(count))
    };
    let mut doubling = "with t0 as (select id from orders)".to_owned();
    for number in 1..40 {
        let _ = write!(doubling, ", t{number} as (select *, * from t{})", number - 1);
    }
    let joins = (0..200).fold("select * from orders".to_owned(), |text, number| {
        text + &format!(" natural join orders o{number}")
    });
    for query in [
        nested("(", ")", 5_000),
        nested("f(", ")", 5_000),
        nested("case when ", " then 1 end", 5_000),
        format!("select {}1", "1 + ".repeat(50_000)),
        format!("select 1{}", " union all select 1".repeat(5_000)),
        format!("select {}", "not ".repeat(10_000)),
        format!("select * from {}", "(".repeat(5_000)),
        format!("{}select 1", "with a as (".repeat(5_000)),
        format!("select 1{}", "::int".repeat(20_000)),
        doubling + " select * from t39",
        joins,
        "with recursive a as (select 1 union all select * from b), b as (select 1 union all \
         select * from a) select * from a"
            .to_owned(),
    ] {
        let _ = analyse(&query, &Shop);
    }
}
