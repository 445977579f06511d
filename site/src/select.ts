// gdbt's selector syntax for what the graph shows: methods with wildcards, `+`, `n+`, `@`,
// unions by space and intersections by comma.

import { children, data, parents, reach, type Json, type Node } from "./data";

export interface Selection {
  places: Set<number>;
  /** What could not be understood or found nothing. */
  problems: string[];
}

/** The nodes that `select` means, without those of `exclude`. Nothing selected means all. */
export function select(selectText: string, excludeText = ""): Selection {
  const problems: string[] = [];
  const words = selectText.split(/\s+/).filter(Boolean);
  const places = words.length > 0 ? union(words, problems) : new Set(data.nodes.keys());
  for (const place of union(excludeText.split(/\s+/).filter(Boolean), problems)) places.delete(place);
  return { places, problems };
}

function union(words: string[], problems: string[]): Set<number> {
  const all = new Set<number>();
  for (const word of words) {
    const parts = word.split(",").filter(Boolean).map((part) => criterion(part, problems));
    const common = parts.reduce((one, other) => new Set([...one].filter((place) => other.has(place))));
    if (common.size === 0) problems.push(`'${word}' matches nothing`);
    for (const place of common) all.add(place);
  }
  return all;
}

const pattern = /^(@)?(\d*\+)?(?:([a-z_]+(?:\.[A-Za-z0-9_.-]+)?):)?(.*?)(\+\d*)?$/;

function criterion(text: string, problems: string[]): Set<number> {
  const [, at, up, method, value, down] = pattern.exec(text) ?? [];
  const test = matcher(method, value ?? "");
  if (!test) {
    problems.push(`'${method}:' is not a method that this page knows`);
    return new Set();
  }
  const found = data.nodes.flatMap((node, place) => (test(node) ? [place] : []));
  const steps = (written: string) => Number(written.replace("+", "") || Infinity);
  if (at) return reach(reach(found, children), parents);
  const all = new Set(found);
  if (up) for (const place of reach(found, parents, steps(up))) all.add(place);
  if (down) for (const place of reach(found, children, steps(down))) all.add(place);
  return all;
}

function wildcard(value: string): (text: string) => boolean {
  const escaped = value.replace(/[.+^${}()|\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  const regex = new RegExp(`^${escaped}$`);
  return (text) => regex.test(text);
}

function matcher(method: string | undefined, value: string): ((node: Node) => boolean) | undefined {
  const like = wildcard(value);
  const texts = (json: Json | undefined): string[] =>
    Array.isArray(json) ? json.map(String) : json === undefined || json === null ? [] : [String(json)];
  if (method === undefined) {
    if (value.includes("/") || /\.(sql|csv|ya?ml)$/.test(value)) return (node) => inPath(node, value, like);
    return (node) => node.type !== "exposure" && ofName(node, value, like);
  }
  if (method.startsWith("config.")) {
    const path = method.slice("config.".length).split(".");
    return (node) => texts(path.reduce<Json | undefined>(step, configOf(node))).some(like);
  }
  switch (method) {
    case "fqn":
      return (node) => ofName(node, value, like);
    case "tag":
      return (node) => (node.tags ?? []).some(like);
    case "path":
      return (node) => inPath(node, value, like);
    case "file":
      return (node) => {
        const file = node.path.split("/").pop() ?? "";
        return like(file) || like(file.replace(/\.[^.]*$/, ""));
      };
    case "package":
      return (node) => like(value === "this" ? data.project : node.package) && node.package !== "";
    case "resource_type":
      return (node) => node.type === value;
    case "source":
      return (node) => {
        if (node.type !== "source") return false;
        const full = node.fqn.slice(-2).join(".");
        return like(full) || like(node.fqn.at(-2) ?? "") || like(`${node.package}.${full}`);
      };
    case "exposure":
    case "metric":
    case "semantic_model":
    case "saved_query":
      return (node) => node.type === method && (like(node.name) || like(`${node.package}.${node.name}`));
    case "group":
    case "access":
    case "version":
      return (node) => texts(node.details?.[method]).some(like);
    case "layer":
      return (node) => like(node.layer);
    case "schema":
      return (node) => like(node.schema ?? "");
    case "status":
    case "result":
      return (node) => like(node.last?.status ?? "");
    default:
      return undefined;
  }
}

function step(json: Json | undefined, key: string): Json | undefined {
  return json !== null && typeof json === "object" && !Array.isArray(json) ? json[key] : undefined;
}

const configOf = (node: Node): Json => ({
  ...node.config,
  ...(node.materialized ? { materialized: node.materialized } : {}),
  ...(node.schema ? { schema: node.schema } : {}),
  tags: node.tags ?? [],
  meta: node.meta ?? {},
});

function ofName(node: Node, value: string, like: (text: string) => boolean): boolean {
  if (node.name === value || like(node.name) || like(node.fqn.at(-1) ?? "")) return true;
  // A package or a folder selects what is in it.
  return node.fqn.some((_, at) => like(node.fqn.slice(0, at + 1).join(".")) || like(node.fqn.slice(1, at + 1).join(".") || "\0"));
}

function inPath(node: Node, value: string, like: (text: string) => boolean): boolean {
  const path = value.replace(/\/+$/, "");
  return like(node.path) || node.path === path || node.path.startsWith(`${path}/`);
}
