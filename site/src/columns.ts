// Column lineage: the path of one column up to its sources and down to what is made of it.

import { data } from "./data";

export interface ColumnRef {
  node: string;
  column: string;
}

export interface ColumnEdge {
  from: ColumnRef;
  to: ColumnRef;
  kind: string;
}

export interface ColumnPath {
  start: ColumnRef;
  nodes: Set<string>;
  columnsOf: Map<string, string[]>;
  edges: ColumnEdge[];
}

export const columnKey = (node: string, column: string): string => `${node}:${column}`;

const up = new Map<string, ColumnEdge[]>();
const down = new Map<string, ColumnEdge[]>();
for (const entry of data.columns ?? [])
  for (const source of entry.upstream) {
    const edge = { from: { node: source.node, column: source.column }, to: { node: entry.node, column: entry.column }, kind: source.kind };
    const put = (map: Map<string, ColumnEdge[]>, end: ColumnRef) => {
      const key = columnKey(end.node, end.column);
      const edges = map.get(key);
      if (edges) edges.push(edge);
      else map.set(key, [edge]);
    };
    put(up, edge.to);
    put(down, edge.from);
  }

/** Whether anything is known about columns at all. */
export const hasColumnLineage = up.size > 0;

/** Whether a column's lineage is known. */
export const isTraced = (node: string, column: string): boolean =>
  up.has(columnKey(node, column)) || down.has(columnKey(node, column));

/** Whether a column's values are used; filters, joins and their like only decide about rows. */
const isValue = (kind: string): boolean => /^(direct|transformed|aggregated)$/.test(kind);

/** The columns directly above and below. */
export const upstreamOf = (node: string, column: string): ColumnEdge[] => up.get(columnKey(node, column)) ?? [];
export const downstreamOf = (node: string, column: string): ColumnEdge[] => down.get(columnKey(node, column)) ?? [];

/** The path of `node:column`, in both directions, along values. */
export function columnPath(key: string): ColumnPath | null {
  const colon = key.indexOf(":");
  const start = { node: key.slice(0, colon), column: key.slice(colon + 1) };
  if (!data.nodes.some((it) => it.id === start.node)) return null;
  const edges = new Set<ColumnEdge>();
  const walk = (map: Map<string, ColumnEdge[]>, end: (edge: ColumnEdge) => ColumnRef) => {
    const seen = new Set<string>();
    const open = [start];
    for (let ref = open.pop(); ref; ref = open.pop()) {
      const key = columnKey(ref.node, ref.column);
      if (seen.has(key)) continue;
      seen.add(key);
      for (const edge of map.get(key) ?? []) {
        const direct = ref === start;
        if (!isValue(edge.kind) && !direct) continue;
        edges.add(edge);
        if (isValue(edge.kind)) open.push(end(edge));
      }
    }
  };
  walk(up, (edge) => edge.from);
  walk(down, (edge) => edge.to);
  const columnsOf = new Map<string, string[]>([[start.node, [start.column]]]);
  for (const edge of edges)
    for (const ref of [edge.from, edge.to]) {
      const columns = columnsOf.get(ref.node);
      if (!columns) columnsOf.set(ref.node, [ref.column]);
      else if (!columns.includes(ref.column)) columns.push(ref.column);
    }
  return { start, nodes: new Set(columnsOf.keys()), columnsOf, edges: [...edges] };
}
