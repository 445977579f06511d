// The trees at the side: the project by folders, the database by schemas.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import { data, layerColour, placeOf, type Node } from "./data";
import { href, type Route } from "./route";

interface Branch {
  name: string;
  branches: Map<string, Branch>;
  leaves: { name: string; address: string; colour: string; id: string }[];
  count: number;
}

const SHOWN = 200;
const branch = (name: string): Branch => ({ name, branches: new Map(), leaves: [], count: 0 });

function put(root: Branch, path: string[], leaf: Branch["leaves"][number]): void {
  let at = root;
  at.count++;
  for (const part of path) {
    let next = at.branches.get(part);
    if (!next) at.branches.set(part, (next = branch(part)));
    at = next;
    at.count++;
  }
  at.leaves.push(leaf);
}

const leafOf = (node: Node, name = node.name) => ({ name, address: href("node", node.id), colour: layerColour(node.layer), id: node.id });

function projectPath(node: Node): string[] {
  const home = node.package === data.project ? [] : ["packages", node.package];
  if (node.type === "source") return [...home, "sources", node.fqn.at(-2) ?? ""];
  if (node.type === "exposure") return [...home, "exposures"];
  const file = node.path.split("/").slice(0, -1);
  return [...home, ...file];
}

function projectTree(): Branch {
  const root = branch("");
  for (const node of data.nodes) if (!node.hidden) put(root, projectPath(node), leafOf(node, node.type === "source" ? node.fqn.at(-1) : node.name));
  for (const macro of data.macros) {
    const home = macro.package === data.project ? [] : ["packages", macro.package];
    put(root, [...home, "macros"], { name: macro.name, address: href("macro", macro.id), colour: "transparent", id: macro.id });
  }
  return root;
}

const databasePath = (node: Node): string[] => [node.database ?? "database", node.schema ?? ""];

function databaseTree(): Branch {
  const root = branch("");
  for (const node of data.nodes) {
    if (node.hidden || !node.relation) continue;
    const name = node.relation.split(".").at(-1)?.replace(/"/g, "") ?? node.name;
    put(root, databasePath(node), leafOf(node, name));
  }
  return root;
}

export function Tree({ route }: { route: Route }): JSX.Element {
  const [by, setBy] = useState<"project" | "database">("project");
  const tree = useMemo(() => (by === "project" ? projectTree() : databaseTree()), [by]);
  const current = route.page === "node" || route.page === "macro" ? route.argument : null;
  const node = current === null ? undefined : data.nodes[placeOf.get(current) ?? -1];
  const path = node ? (by === "project" ? projectPath(node) : databasePath(node)).join("/") : "";
  const tab = (name: "project" | "database", label: string) => <button type="button" role="tab" aria-selected={by === name} onClick={() => setBy(name)}>{label}</button>;
  return (
    <nav class="tree" aria-label="Contents">
      <div class="tabs" role="tablist">{tab("project", "Project")}{tab("database", "Database")}</div>
      <Level key={by} branch={tree} at="" current={current} path={path} open />
    </nav>
  );
}

function Level({ branch, at, current, path, open }: { branch: Branch; at: string; current: string | null; path: string; open: boolean }): JSX.Element | null {
  const [shown, setShown] = useState(SHOWN);
  const currentAt = branch.leaves.findIndex((leaf) => leaf.id === current);
  const most = Math.max(shown, currentAt + 1);
  if (!open) return null;
  return (
    <ul>
      {[...branch.branches.values()].sort((one, other) => order(one.name) - order(other.name) || one.name.localeCompare(other.name)).map((it) => (
        <Folder key={it.name} branch={it} at={at ? `${at}/${it.name}` : it.name} current={current} path={path} first={at === ""} />
      ))}
      {branch.leaves.toSorted((one, other) => one.name.localeCompare(other.name)).slice(0, most).map((leaf) => (
        <li key={leaf.id}><a href={leaf.address} aria-current={leaf.id === current ? "page" : undefined} style={{ "--colour": leaf.colour }} title={leaf.name}>{leaf.name}</a></li>
      ))}
      {branch.leaves.length > most ? <li><button type="button" onClick={() => setShown(shown + 1000)}>{branch.leaves.length - most} more</button></li> : null}
    </ul>
  );
}

const order = (name: string): number => ["sources", "seeds", "models", "snapshots"].indexOf(name) + 1 || 9;

function Folder({ branch, at, current, path, first }: { branch: Branch; at: string; current: string | null; path: string; first: boolean }): JSX.Element {
  const holds = path === at || path.startsWith(`${at}/`);
  const few = data.nodes.length <= 60 || (first && branch.count <= 60);
  const [open, setOpen] = useState(holds || (few && !/^(macros|packages)/.test(at)));
  useEffect(() => { if (holds) setOpen(true); }, [holds]);
  return (
    <li>
      <button type="button" class="folder" aria-expanded={open} onClick={() => setOpen(!open)}>{branch.name || "(none)"} <small>{branch.count}</small></button>
      <Level branch={branch} at={at} current={current} path={path} open={open} />
    </li>
  );
}
