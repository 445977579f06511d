//! No template, however broken, makes the Jinja stage panic, hang or overflow its stack.

use gdbt::jinja::blocks::{BlockKind, scan};
use gdbt::jinja::{SourceFile, Template};
use proptest::prelude::*;

/// Compiles and renders in every way there is; only that it comes back matters.
fn survive(text: &str) {
    let file = SourceFile::new("x.sql", text);
    let kinds = [BlockKind::Macro, BlockKind::Test, BlockKind::Materialization, BlockKind::Docs];
    if let Ok(blocks) = scan(&file, &kinds) {
        for block in blocks {
            let _ = block.macro_def(&file);
        }
    }
    if let Ok(template) = Template::compile(&file, 0..text.len()) {
        let _ = template.render(&());
        let _ = template.render_native(&());
    }
}

/// Pieces that make up templates.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{%-",
    "-%}",
    " if ",
    " else ",
    " endif ",
    " for x in ",
    " endfor ",
    " macro m(a, b=1) ",
    " endmacro ",
    " set x = ",
    " set x ",
    " endset ",
    " call ",
    " endcall ",
    " do ",
    " raw ",
    " endraw ",
    " filter upper ",
    " endfilter ",
    " with a=1 ",
    " endwith ",
    " recursive ",
    "loop",
    "loop(x)",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "|",
    "~",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "==",
    "!=",
    "<",
    " in ",
    " not ",
    " is ",
    " and ",
    " or ",
    "'",
    "\"",
    "'a'",
    "\\",
    "x",
    "m",
    "1",
    "0",
    "1.5",
    "99999999999999999999",
    "range(9)",
    "namespace()",
    ".append(x)",
    ".items()",
    ".format(x)",
    "join",
    "default(1)",
    "é",
    "\u{a0}",
    "\r\n",
    "\n",
    " ",
    " materialization v, default ",
    " endmaterialization ",
    " test t(m) ",
    " endtest ",
    " docs d ",
    " enddocs ",
    "caller()",
    "x.y",
    "[::-1]",
    "{:>9}",
    "%s",
    " if x else y ",
    "dbt_macro__m()",
    "return(1)",
];

/// A piece, or a few characters of any kind.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![9 => proptest::sample::select(PIECES).prop_map(str::to_owned), 1 => ".{0,4}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_templates(pieces in proptest::collection::vec(piece(), 0..40)) {
        survive(&pieces.concat());
    }

    #[test]
    fn broken_templates(cut in 0usize..400, other in 0usize..400, piece in piece()) {
        let whole = "{% macro m(a, b=[1]) -%}\n{% for k, v in {'a': a}.items() if k %}{{ k ~ v }}\
            {% else %}{{ caller(1) }}{% endfor %}{%- endmacro %}{% set l = [] %}{% do l.append(1) %}\
            {% if l and l[0] > 0: %}{{ '%s' % l[::-1] }}{% elif x is not defined %}{{ x.y }}\
            {% endif %}{% call(z) dbt_macro__m(1) %}{{ z }}{% endcall %}{{ l | map('string') | join }}";
        let boundary = |mut at: usize| {
            at = at.min(whole.len());
            while !whole.is_char_boundary(at) { at -= 1; }
            at
        };
        let (cut, other) = (boundary(cut), boundary(other));
        survive(&format!("{}{piece}{}", &whole[..cut], &whole[other..]));
    }
}

#[test]
fn deep_and_long_templates() {
    let many = |text: &str, count: usize| text.repeat(count);
    for text in [
        format!("{{{{ {}1{} }}}}", many("(", 5000), many(")", 5000)),
        format!("{{{{ {}1 }}}}", many("not ", 20_000)),
        format!("{{{{ {}1 }}}}", many("-", 50_000)),
        format!("{{{{ 1{} }}}}", many(" + 1", 20_000)),
        format!("{{{{ 1{} }}}}", many(" ~ 1", 20_000)),
        format!("{{{{ x{} }}}}", many(".y", 20_000)),
        format!("{{{{ x{} }}}}", many("|upper", 20_000)),
        format!("{}{}", many("{% if x %}", 3000), many("{% endif %}", 3000)),
        format!("{{% if x %}}{}{{% endif %}}", many("{% elif x %}", 5000)),
        many("{% for x in [1] %}", 3000),
        "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}"
            .to_owned(),
        "{% set l = [] %}{% do l.append(l) %}{{ l == l.copy() }}{{ l | tojson }}".to_owned(),
        "{% set l = [] %}{% set k = [] %}{% do l.append(k) %}{% do k.append(l) %}{{ l == k }}{{ l < k }}"
            .to_owned(),
        "{% macro m() %}{{ dbt_macro__m() }}{% endmacro %}{{ dbt_macro__m() }}".to_owned(),
        "{% macro m() %}{% call dbt_macro__m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ dbt_macro__m() }}"
            .to_owned(),
        "{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}".to_owned(),
        "{{ 'a' * 10 ** 18 }}".to_owned(),
        "{{ [0] * 10 ** 18 }}".to_owned(),
        "{{ 10 ** 10 ** 10 }}".to_owned(),
        "{{ '%999999999999d' % 1 }}{{ '{:999999999999}'.format(1) }}".to_owned(),
        "{{ '%*d' % (999999999, 1) }}".to_owned(),
        "{{ 'a'.ljust(10 ** 12) }}".to_owned(),
        "{{ 1.5 | round(99999999999) }}{{ 1 | round(-99999999999) }}".to_owned(),
        "{{ [1] | slice(99999999999) | list | length }}".to_owned(),
        "{{ -9223372036854775808 // -1 }}{{ (-9223372036854775807 - 1) | abs }}".to_owned(),
        "{{ [1,2][-9223372036854775807:9223372036854775807:-9223372036854775807] }}".to_owned(),
    ] {
        survive(&text);
    }
}
