// A page with the data of a small shop, and one with a project of any size.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const built = readFileSync(new URL("../dist/index.html", import.meta.url), "utf8");
const place = '<script id="data" type="application/json">null</script>';

/** Writes a page with this data and returns its address. */
export function write(data) {
  const page = built.replace(place, () => place.replace("null", () => JSON.stringify(data).replaceAll("<", "\\u003c")));
  const file = join(mkdtempSync(join(tmpdir(), "gdbt-site-")), "index.html");
  writeFileSync(file, page);
  return pathToFileURL(file).href;
}

const column = (name, type, description) => ({ name, type, ...(description ? { description } : {}) });
const last = (status, more = {}) => ({ at: "2026-01-02T03:04:05Z", which: "build", status, seconds: 0.5, ...more });
const test = (node, kind, column, status, more = {}) => ({
  id: `test.shop.${kind}_${node}_${column}`, name: `${kind}_${column}`, kind, node, column, severity: "error", path: "models/schema.yml",
  sql: `select ${column} from t`, last: last(status), history: ["pass", status], ...more,
});

function node(type, layer, name, columns, more = {}) {
  const full = type === "source" ? `${layer}.${name}` : name;
  return {
    id: `${type}.shop.${full}`, name: full, type, package: "shop", layer, database: "db", schema: layer, relation: `"db"."${layer}"."${name}"`,
    path: `models/${layer}/${name}.sql`, fqn: ["shop", layer, name], columns, raw: `select * from {{ ref('x') }} -- ${name}`, ...more,
  };
}

const entity = (id, name, columns) => ({
  id, name, layer: "dwh", schema: "dwh",
  columns: columns.map(([name, keys]) => ({ name, type: "text", primary: keys === "pk", unique: keys === "pk", foreign: keys === "fk", required: keys !== "" })),
});

export function shop() {
  const nodes = [
    node("source", "raw", "sessions", [column("userid", "bigint"), column("medium", "text")], { fqn: ["shop", "raw", "sessions"], fresh: { status: "warn", loaded_at: "2026-01-01T00:00:00Z", at: "2026-01-02T00:00:00Z" } }),
    node("model", "staging", "all_sessions", [column("userid", "bigint"), column("channel", "text")], { materialized: "view", compiled: "select userid, lower(medium) as channel\nfrom raw.sessions where 'a' <> 'b'" }),
    node("model", "dwh", "dim_user", [column("user_key", "text", "Surrogate **key**.")], {
      materialized: "table", tags: ["critical"], owner: { name: "Data team" }, meta: { tier: 1 },
      description: "Users.\n\n<img src=x onerror=\"window.broken = true\"><script>window.broken = true</script> [docs](javascript:alert(1))",
      last: last("success", { rows: 1234 }), compiled: "select md5(userid::text) as user_key from staging.all_sessions",
    }),
    node("model", "dwh", "fact_sessions", [column("session_key", "text"), column("user_key", "text")], { materialized: "incremental" }),
    node("model", "mart", "attribution", [column("users", "bigint", "How many people of the zebra channel.")], { materialized: "table" }),
    node("exposure", "exposures", "dashboard", [], { relation: undefined, schema: undefined }),
  ];
  const edges = [[0, 1], [1, 2], [1, 3], [3, 4], [2, 4], [4, 5]];
  const [source, staging, dim, fact, mart] = nodes.map((it) => it.id);
  return {
    project: "shop", version: "1", generated_at: "2026-01-02T03:04:05Z", overview: "# Welcome\n\nTo the shop.",
    nodes, edges,
    tests: [
      test(2, "unique", "user_key", "pass"), test(2, "not_null", "user_key", "pass"),
      test(3, "relationships", "user_key", "fail", { last: last("fail", { failures: 7, message: "Got 7 results, configured to fail if != 0" }) }),
      test(1, "accepted_values", "channel", "warn", { severity: "warn" }),
      { ...test(4, "not_null", "users", "pass"), last: undefined, history: undefined },
    ],
    runs: [{ at: "2026-01-01T03:04:05Z", which: "build", seconds: 3, counts: { pass: 4, success: 4 } }, { at: "2026-01-02T03:04:05Z", which: "build", seconds: 3, counts: { pass: 2, warn: 1, fail: 1, success: 4 } }],
    er: {
      entities: [entity(dim, "dim_user", [["user_key", "pk"]]), entity(fact, "fact_sessions", [["session_key", "pk"], ["user_key", "fk"], ["at", ""]])],
      relations: [{ from: fact, from_columns: ["user_key"], to: dim, to_columns: ["user_key"], one: false, required: true }],
    },
    columns: [
      { node: staging, column: "userid", upstream: [{ node: source, column: "userid", kind: "direct" }] },
      { node: staging, column: "channel", upstream: [{ node: source, column: "medium", kind: "transformed" }] },
      { node: dim, column: "user_key", upstream: [{ node: staging, column: "userid", kind: "transformed" }] },
      { node: mart, column: "users", upstream: [{ node: dim, column: "user_key", kind: "aggregated" }, { node: staging, column: "channel", kind: "filter" }] },
    ],
    macros: [{ id: "macro.shop.cents", name: "cents", package: "shop", path: "macros/cents.sql", description: "Money.", sql: "{% macro cents(x) %}{{ x }} / 100{% endmacro %}" }],
  };
}

/** A project of so many models in eight layers. */
export function big(count) {
  let seed = 7;
  const random = (below) => (seed = (seed * 16807) % 2147483647) % below;
  const layers = ["raw", "staging", "intermediate", "core", "dwh", "vault", "mart", "reports"];
  const per = Math.ceil(count / layers.length);
  const nodes = Array.from({ length: count }, (_, at) => {
    const layer = layers[Math.floor(at / per)];
    const columns = Array.from({ length: 8 }, (_, c) => column(`column_${c}`, "text", c === 0 ? "Says what it is." : ""));
    return node(layer === "raw" ? "source" : "model", layer, `model_${at}`, columns, {
      description: `Model number ${at} of the ${layer} layer.`, compiled: `select ${columns.map((it) => it.name).join(",\n  ")}\nfrom model_${at}_upstream\nwhere column_0 is not null\n`.repeat(3),
    });
  });
  const edges = [];
  for (let at = per; at < count; at++) {
    const layer = Math.floor(at / per);
    const near = Math.floor(((at % per) / per) * per);
    for (const step of new Set([near, near + random(9), random(20) === 0 ? random(per) : near])) edges.push([(layer - 1) * per + Math.min(step, per - 1), at]);
  }
  return { ...shop(), project: "big", nodes, edges, tests: nodes.flatMap((_, at) => (at % 3 ? [] : [test(at, "not_null", "column_0", "pass")])), er: { entities: [], relations: [] }, columns: null };
}
