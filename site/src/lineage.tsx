// The lineage page: the graph with its filter, focus and exports.

import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { children, data, layerColour, layers, parents, placeOf, type Node } from "./data";
import { columnKey, isTraced } from "./columns";
import { download, toJson, toMermaid, toSvg } from "./export";
import { Graph } from "./graph";
import { go, href, replace, type Route } from "./route";
import type { Scene, View } from "./scene";
import { Empty, Layer, LastRun, NodeLink, plural, shortType, summary } from "./text";

const levels = [0, 1, 2, 3, 5, 10];

export function viewOf(query: URLSearchParams): View {
  const count = (name: string) => {
    const written = query.get(name);
    return written === null || written === "all" ? Infinity : Math.max(0, Number.parseInt(written, 10) || 0);
  };
  return {
    select: query.get("select") ?? "", exclude: query.get("exclude") ?? "", focus: query.get("focus"),
    up: count("up"), down: count("down"), column: query.get("column"),
  };
}

export function address(view: View): string {
  const count = (levels: number) => (Number.isFinite(levels) ? levels : null);
  const focused = view.focus !== null;
  return href("lineage", "", {
    select: view.select, exclude: view.exclude, focus: view.focus,
    up: focused ? count(view.up) : null, down: focused ? count(view.down) : null, column: view.column,
  });
}

export function Lineage({ route }: { route: Route }): JSX.Element {
  const view = viewOf(route.query);
  const [scene, setScene] = useState<Scene | null>(null);
  const [chosen, setChosen] = useState<Node | null>(null);
  const [select, setSelect] = useState(view.select);
  const [exclude, setExclude] = useState(view.exclude);
  useEffect(() => {
    setSelect(view.select);
    setExclude(view.exclude);
  }, [view.select, view.exclude]);
  const change = (part: Partial<View>) => replace(address({ ...view, ...part }));
  if (data.nodes.length === 0) return <Empty title="Nothing to draw">The project has no models yet.</Empty>;
  const focus = view.focus === null ? null : data.nodes[placeOf.get(view.focus) ?? -1] ?? null;
  const shownLayers = layers.filter((layer) => !scene || scene.nodes.some((it) => it.node.layer === layer));
  const node = chosen ?? focus;
  return (
    <div class="lineage">
      <form class="toolbar" onSubmit={(event) => { event.preventDefault(); change({ select, exclude, column: null }); }}>
        <label>Select <input class="wide" type="text" value={select} placeholder="+dim_user, tag:daily, staging+" spellcheck={false} name="select" onInput={(event) => setSelect(event.currentTarget.value)} /></label>
        <label>Exclude <input type="text" value={exclude} placeholder="tag:slow" spellcheck={false} name="exclude" onInput={(event) => setExclude(event.currentTarget.value)} /></label>
        <button type="submit" class="primary">Apply</button>
        {view.select || view.exclude || view.focus || view.column ? <button type="button" onClick={() => go(href("lineage"))}>Show all</button> : null}
        <span class="spacer" />
        <Exports scene={scene} />
      </form>
      {focus && !view.column ? (
        <div class="toolbar focus">
          <span>Around <NodeLink node={focus} /></span>
          <Levels label="levels up" value={view.up} onChange={(up) => change({ up })} />
          <Levels label="levels down" value={view.down} onChange={(down) => change({ down })} />
          <button type="button" onClick={() => change({ focus: null })}>Leave focus</button>
        </div>
      ) : null}
      {scene?.path ? (
        <div class="toolbar focus">
          <span>Path of column <strong>{scene.path.start.column}</strong> of <NodeLink node={data.nodes[placeOf.get(scene.path.start.node)!]!} /></span>
          <span class="faint">Solid: passed on as it is. Dashed: changed, or a condition.</span>
          <button type="button" onClick={() => change({ column: null })}>Leave path</button>
        </div>
      ) : null}
      {scene?.problems.length ? <p class="problem" role="status">{scene.problems.join(" · ")}</p> : null}
      <div class="stage">
        <Graph
          view={view} onScene={(made) => { setScene(made); setChosen(null); }} onChoose={setChosen}
          onOpen={(node) => go(href("node", node.id))}
          onColumn={(node, column) => change({ column: columnKey(node.id, column) })}
        />
        <div class="legend" aria-label="Layers">
          {shownLayers.map((layer) => <span key={layer} style={{ "--colour": layerColour(layer) }}>{layer}</span>)}
          <em>{scene ? `${plural(scene.nodes.length, "node")}, ${plural(scene.edges.length, "edge")}` : ""}</em>
        </div>
        {node ? <Chosen node={node} view={view} onChange={change} /> : null}
      </div>
    </div>
  );
}

function Levels({ label, value, onChange }: { label: string; value: number; onChange: (value: number) => void }): JSX.Element {
  const written = Number.isFinite(value) ? String(value) : "all";
  const options = [...new Set([...levels.map(String), written, "all"])];
  return (
    <label>
      <select value={written} name={label.replace(" ", "-")} onChange={(event) => onChange(event.currentTarget.value === "all" ? Infinity : Number(event.currentTarget.value))}>
        {options.map((option) => <option value={option}>{option}</option>)}
      </select>{" "}{label}
    </label>
  );
}

function Exports({ scene }: { scene: Scene | null }): JSX.Element {
  const save = (name: string, type: string, make: (scene: Scene) => string) => scene && download(name, make(scene), type);
  return (
    <span class="exports" role="group" aria-label="Export what is shown">
      <button type="button" disabled={!scene} onClick={() => save("lineage.svg", "image/svg+xml", toSvg)}>SVG</button>
      <button type="button" disabled={!scene} onClick={() => save("lineage.mmd", "text/plain", toMermaid)}>Mermaid</button>
      <button type="button" disabled={!scene} onClick={() => save("lineage.json", "application/json", toJson)}>JSON</button>
    </span>
  );
}

/** What the chosen node is, beside the graph. */
function Chosen({ node, view, onChange }: { node: Node; view: View; onChange: (part: Partial<View>) => void }): JSX.Element {
  const place = placeOf.get(node.id)!;
  return (
    <aside class="chosen" aria-live="polite">
      <p class="kind">{node.type.replace("_", " ")}{node.materialized ? ` · ${node.materialized}` : ""} <Layer name={node.layer} /></p>
      <h2><NodeLink node={node} /></h2>
      {node.description ? <p>{summary(node.description, 220)}</p> : null}
      {node.last ? <p><LastRun last={node.last} /></p> : null}
      <p class="faint">{plural(parents[place]!.length, "parent")} · {plural(children[place]!.length, "child").replace("childs", "children")}</p>
      {view.focus === node.id && !view.column ? null : <button type="button" onClick={() => onChange({ focus: node.id, up: 2, down: 2, column: null })}>Focus on it</button>}{" "}
      <a class="button" href={href("node", node.id)}>Open</a>
      {node.columns?.length ? (
        <ul class="chosen-columns">
          {node.columns.map((column) => (
            <li key={column.name}>
              {isTraced(node.id, column.name)
                ? <button type="button" class="plain" onClick={() => onChange({ column: columnKey(node.id, column.name) })}>{column.name}</button>
                : column.name} <span class="faint">{shortType(column.type ?? "")}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </aside>
  );
}
