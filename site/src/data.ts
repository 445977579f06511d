// The data of the page, as `src/docs/site.rs` writes it, and what follows from it.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Column {
  name: string;
  type?: string;
  description?: string;
  tags?: string[];
  meta?: Record<string, Json>;
  constraints?: string[];
  /** Described, but not in the database. */
  absent?: boolean;
}

export interface Last {
  at: string;
  which: string;
  status: string;
  seconds?: number;
  rows?: number;
  message?: string;
  failures?: number;
}

export interface Node {
  id: string;
  name: string;
  type: string;
  package: string;
  layer: string;
  database?: string;
  schema?: string;
  relation?: string;
  path: string;
  fqn: string[];
  description?: string;
  materialized?: string;
  tags?: string[];
  meta?: Record<string, Json>;
  owner?: Json;
  columns?: Column[];
  raw?: string;
  compiled?: string;
  language?: string;
  config?: Record<string, Json>;
  details?: Record<string, Json>;
  table?: { type?: string; owner?: string; comment?: string; stats?: { label: string; value: Json }[] };
  last?: Last;
  /** What `source freshness` found out last. */
  fresh?: { status?: string; loaded_at?: string; at?: string };
  params?: Json;
  color?: string;
  hidden?: boolean;
}

export interface Test {
  id: string;
  name: string;
  kind: string;
  node?: number;
  reads?: number[];
  column?: string;
  arguments?: Record<string, Json>;
  severity: string;
  tags?: string[];
  description?: string;
  path: string;
  sql?: string;
  given?: Json;
  expect?: Json;
  last?: Last;
  history?: (string | null)[];
}

export interface Run {
  at: string;
  which: string;
  seconds: number;
  counts: Record<string, number>;
}

export interface EntityColumn {
  name: string;
  type?: string;
  primary: boolean;
  unique: boolean;
  foreign: boolean;
  required: boolean;
}

export interface Entity {
  id: string;
  name: string;
  layer: string;
  schema: string;
  columns: EntityColumn[];
}

export interface Relation {
  from: string;
  from_columns: string[];
  to: string;
  to_columns: string[];
  one: boolean;
  required: boolean;
}

export interface ColumnLineage {
  node: string;
  column: string;
  upstream: { node: string; column: string; kind: string }[];
}

export interface Macro {
  id: string;
  name: string;
  package: string;
  path: string;
  description?: string;
  arguments?: { name: string; type?: string; description?: string }[];
  sql: string;
}

export interface SiteData {
  project: string;
  version: string;
  generated_at: string;
  overview: string | null;
  nodes: Node[];
  edges: [number, number][];
  tests: Test[];
  runs: Run[];
  er: { entities: Entity[]; relations: Relation[] };
  columns: ColumnLineage[] | null;
  macros: Macro[];
}

const empty: SiteData = {
  project: "No project",
  version: "",
  generated_at: "",
  overview: null,
  nodes: [],
  edges: [],
  tests: [],
  runs: [],
  er: { entities: [], relations: [] },
  columns: null,
  macros: [],
};

const text = document.getElementById("data")?.textContent ?? "null";
export const data: SiteData = (JSON.parse(text) as SiteData | null) ?? empty;

/** A node's place in `data.nodes` by its id. */
export const placeOf = new Map(data.nodes.map((node, place) => [node.id, place]));

const lists = (): number[][] => data.nodes.map(() => []);
/** What a node depends on, and what depends on it, by place. */
export const parents = lists();
export const children = lists();
for (const [from, to] of data.edges) {
  children[from]!.push(to);
  parents[to]!.push(from);
}

/** The tests of a node. */
export const testsOf = new Map<number, Test[]>();
for (const test of data.tests) {
  if (test.node === undefined) continue;
  const tests = testsOf.get(test.node);
  if (tests) tests.push(test);
  else testsOf.set(test.node, [test]);
}

/** Whether a status is good, to be looked at, or bad; "none" for what has not run. */
export type Mood = "good" | "warn" | "bad" | "none";
export function mood(status: string | null | undefined): Mood {
  switch (status) {
    case "pass":
    case "success":
      return "good";
    case "warn":
    case "partial success":
      return "warn";
    case "fail":
    case "error":
    case "runtime error":
      return "bad";
    default:
      return "none";
  }
}

const order: Mood[] = ["none", "good", "warn", "bad"];
export const worst = (moods: Mood[]): Mood =>
  moods.reduce((one, other) => (order.indexOf(one) > order.indexOf(other) ? one : other), "none");

/** Layers from left to right: by how deep their nodes are on average. */
export const layers: string[] = (() => {
  const depth = new Array<number>(data.nodes.length).fill(-1);
  const visit = (start: number) => {
    const stack = [start];
    while (stack.length > 0) {
      const place = stack[stack.length - 1]!;
      const open = parents[place]!.filter((parent) => depth[parent] === -1);
      if (open.length > 0) stack.push(...open);
      else {
        depth[place] = Math.max(-1, ...parents[place]!.map((parent) => depth[parent]!)) + 1;
        stack.pop();
      }
    }
  };
  const sums = new Map<string, [number, number]>();
  data.nodes.forEach((node, place) => {
    if (depth[place] === -1) visit(place);
    const [sum, count] = sums.get(node.layer) ?? [0, 0];
    sums.set(node.layer, [sum + depth[place]!, count + 1]);
  });
  const mean = (layer: string) => sums.get(layer)![0] / sums.get(layer)![1];
  return [...sums.keys()].sort((one, other) => mean(one) - mean(other));
})();

const named: [RegExp, number][] = [
  [/^(raw|sources?|landing|bronze)\b/i, 0],
  [/^(staging|stg|base|clean)\b/i, 1],
  [/^(int|intermediate|prep|silver)\b/i, 2],
  [/^(dwh|core|warehouse|dimensional|marts?_core|vault)\b/i, 3],
  [/^(marts?|gold|reporting|reports?|analytics)\b/i, 4],
  [/^(seeds?)\b/i, 5],
  [/^(snapshots?)\b/i, 6],
  [/^(exposures?)\b/i, 7],
];
const hues = new Map<string, number>();
{
  let next = 8;
  for (const layer of layers) {
    const node = data.nodes.find((it) => it.layer === layer);
    const known = named.find(([pattern]) => pattern.test(layer))?.[1];
    if (known !== undefined) hues.set(layer, known);
    else if (node?.type === "source") hues.set(layer, 0);
    else hues.set(layer, 8 + (next++ % 6));
  }
}
/** The number of a layer's colour: `--layer-N` of the style sheet. */
export const hueOf = (layer: string): number => hues.get(layer) ?? 8;
export const layerColour = (layer: string): string => `var(--layer-${hueOf(layer)})`;

/** Everything up to so many steps away, upwards or downwards. */
export function reach(starts: Iterable<number>, next: number[][], steps = Infinity): Set<number> {
  const seen = new Set(starts);
  let edge = [...seen];
  for (let step = 0; step < steps && edge.length > 0; step++) {
    const found: number[] = [];
    for (const place of edge)
      for (const other of next[place]!)
        if (!seen.has(other)) {
          seen.add(other);
          found.push(other);
        }
    edge = found;
  }
  return seen;
}
