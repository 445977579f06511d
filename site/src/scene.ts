// What the lineage graph shows: nodes as boxes, with the columns of a path where one is lit.

import { children, data, parents, placeOf, reach, type Node } from "./data";
import { layout, type Layout } from "./layout";
import { select } from "./select";
import { columnKey, columnPath, type ColumnPath } from "./columns";

export interface View {
  select: string;
  exclude: string;
  /** The id of the node that is looked at, with so many levels to each side. */
  focus: string | null;
  up: number;
  down: number;
  /** `node.column` of the column whose path is lit. */
  column: string | null;
}

export interface SceneNode {
  node: Node;
  place: number;
  /** Columns on the lit path. */
  columns: string[];
}

export interface Scene extends Layout {
  nodes: SceneNode[];
  edges: [number, number][];
  path: ColumnPath | null;
  problems: string[];
}

export const ROW = 18;
export const HEAD = 34;
const characters = document.createElement("canvas").getContext("2d");

export const FONT = '13px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Inter, Roboto, sans-serif';
export const SMALL = '11.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';

const widths = new Map<string, number>();
export function textWidth(text: string, font: string): number {
  const key = font + text;
  let width = widths.get(key);
  if (width === undefined) {
    if (characters) characters.font = font;
    width = characters?.measureText(text).width ?? text.length * 7;
    widths.set(key, width);
  }
  return width;
}

export const shorten = (text: string, length = 34): string =>
  text.length > length ? `${text.slice(0, length - 12)}…${text.slice(-11)}` : text;

/** The nodes of a view, as places in the data. */
export function visible(view: View): { places: Set<number>; problems: string[]; path: ColumnPath | null } {
  const chosen = select(view.select, view.exclude);
  let places = chosen.places;
  const path = view.column ? columnPath(view.column) : null;
  if (path) return { places: new Set([...path.nodes].flatMap((id) => placeOf.get(id) ?? [])), problems: [], path };
  const focus = view.focus === null ? undefined : placeOf.get(view.focus);
  if (focus !== undefined) {
    const near = reach([focus], parents, view.up);
    for (const place of reach([focus], children, view.down)) near.add(place);
    places = new Set([...near].filter((place) => place === focus || places.has(place)));
  }
  const problems = view.focus !== null && focus === undefined ? [`'${view.focus}' is not here`] : chosen.problems;
  return { places, problems, path };
}

export function scene(view: View): Scene {
  const { places, problems, path } = visible(view);
  const nodes = [...places].sort((one, other) => one - other).map((place): SceneNode => {
    const node = data.nodes[place]!;
    return { node, place, columns: path?.columnsOf.get(node.id) ?? [] };
  });
  const at = new Map(nodes.map((it, index) => [it.place, index]));
  const edges = nodes.flatMap((it, index) =>
    parents[it.place]!.flatMap((parent): [number, number][] => {
      const from = at.get(parent);
      return from === undefined ? [] : [[from, index]];
    }),
  );
  const boxes = nodes.map((it) => {
    const texts = [textWidth(shorten(it.node.name), FONT) + 52, ...it.columns.map((name) => textWidth(shorten(name), SMALL) + 36)];
    return { width: Math.max(110, ...texts), height: HEAD + (it.columns.length > 0 ? it.columns.length * ROW + 6 : 0) };
  });
  return { nodes, edges, path, problems, ...layout(boxes, edges, { rank: 64, box: 14 }) };
}

/** Where a lit column's row is. */
export function columnAt(scene: Scene, index: number, column: string): { x: number; y: number; right: number } | null {
  const [box, row] = [scene.boxes[index]!, scene.nodes[index]!.columns.indexOf(column)];
  if (row < 0) return null;
  return { x: box.x, right: box.x + box.width, y: box.y + HEAD + row * ROW + ROW / 2 };
}

/** Edges between lit columns, as pairs of node index and column. */
export function columnEdges(scene: Scene): { from: [number, string]; to: [number, string]; kind: string }[] {
  if (!scene.path) return [];
  const index = new Map(scene.nodes.map((it, index) => [it.node.id, index]));
  return scene.path.edges.flatMap((edge) => {
    const [from, to] = [index.get(edge.from.node), index.get(edge.to.node)];
    if (from === undefined || to === undefined) return [];
    return [{ from: [from, edge.from.column], to: [to, edge.to.column], kind: edge.kind }];
  });
}

export { columnKey };
