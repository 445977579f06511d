// Entities and how they relate, with crow's feet.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { data, layerColour, placeOf, type Entity, type EntityColumn, type Relation } from "./data";
import { download, escapeMermaid } from "./export";
import { layout, type Placed } from "./layout";
import { go, href, replace, type Route } from "./route";
import { FONT, shorten, SMALL, textWidth } from "./scene";
import { select } from "./select";
import { Empty, plural, shortType } from "./text";

const LINE = 22;
const TOP = 36;

interface Picture {
  entities: { entity: Entity; columns: EntityColumn[]; box: Placed }[];
  relations: Relation[];
  width: number;
  height: number;
}

const isKey = (column: EntityColumn): boolean => column.primary || column.foreign || column.unique;

function picture(entities: Entity[], onlyKeys: boolean): Picture {
  const at = new Map(entities.map((entity, index) => [entity.id, index]));
  const relations = data.er.relations.filter((relation) => at.has(relation.from) && at.has(relation.to));
  const columns = entities.map((entity) => (onlyKeys ? entity.columns.filter(isKey) : entity.columns));
  const boxes = entities.map((entity, index) => {
    const rows = columns[index]!;
    const texts = rows.map((column) => textWidth(shorten(column.name, 30), FONT) + textWidth(shorten(shortType(column.type ?? ""), 22), SMALL) + 84);
    return { width: Math.max(200, textWidth(entity.name, FONT) * 1.12 + textWidth(entity.schema, SMALL) + 54, ...texts), height: TOP + rows.length * LINE + 8 };
  });
  // Who is referred to stands left of who refers; cycles are cut where they close.
  const edges: [number, number][] = [];
  const closes = (from: number, to: number): boolean => from === to || edges.some(([one, other]) => one === to && closes(from, other));
  for (const relation of relations) {
    const [from, to] = [at.get(relation.to)!, at.get(relation.from)!];
    if (!closes(from, to) && !edges.some(([one, other]) => one === from && other === to)) edges.push([from, to]);
  }
  const placed = layout(boxes, edges, { rank: 130, box: 36 });
  return {
    entities: entities.map((entity, index) => ({ entity, columns: columns[index]!, box: placed.boxes[index]! })),
    relations, width: placed.width, height: placed.height,
  };
}

/** The diagram as Mermaid's erDiagram. */
export function toMermaid(entities: Entity[], relations: Relation[]): string {
  const name = (id: string) => `"${escapeMermaid(entities.find((entity) => entity.id === id)?.name ?? id)}"`;
  const word = (text: string) => text.replace(/[^A-Za-z0-9_\-[\]()]+/g, "_").replace(/^([^A-Za-z_])/, "_$1") || "unknown";
  const keys = (column: EntityColumn) => [column.primary ? "PK" : "", column.foreign ? "FK" : "", column.unique && !column.primary ? "UK" : ""].filter(Boolean).join(", ");
  const lines = entities.flatMap((entity) => [
    `  ${name(entity.id)} {`,
    ...entity.columns.map((column) => `    ${word(column.type ?? "unknown")} ${word(column.name)}${keys(column) ? ` ${keys(column)}` : ""}`),
    "  }",
  ]);
  for (const relation of relations)
    lines.push(`  ${name(relation.to)} ${relation.required ? "||" : "|o"}--${relation.one ? "o|" : "o{"} ${name(relation.from)} : "${escapeMermaid(relation.from_columns.join(", "))}"`);
  return ["erDiagram", ...lines, ""].join("\n");
}

export function Er({ route }: { route: Route }): JSX.Element {
  const schemas = useMemo(() => [...new Set(data.er.entities.map((entity) => entity.schema))].sort(), []);
  const related = useMemo(() => new Set(data.er.relations.flatMap((relation) => [relation.from, relation.to])), []);
  const schema = route.query.get("schema") ?? "";
  const chosen = route.query.get("select") ?? "";
  const alone = route.query.get("alone") === "1" || related.size === 0;
  const onlyKeys = route.query.get("keys") === "1";
  const [text, setText] = useState(chosen);
  useEffect(() => setText(chosen), [chosen]);
  const change = (part: Record<string, string>) => replace(href("er", "", { schema, select: chosen, alone: alone ? "1" : "", keys: onlyKeys ? "1" : "", ...part }));

  const { shown, entities } = useMemo(() => {
    const places = chosen ? select(chosen).places : null;
    const entities = data.er.entities.filter((entity) =>
      (!schema || entity.schema === schema) && (alone || related.has(entity.id)) && (!places || places.has(placeOf.get(entity.id) ?? -1)));
    return { shown: picture(entities, onlyKeys), entities };
  }, [schema, chosen, alone, onlyKeys]);

  if (data.er.entities.length === 0)
    return <Empty title="No keys yet">Entities appear here when models have <code>relationships</code> tests, <code>unique</code> tests, or key constraints.</Empty>;
  return (
    <div class="lineage er">
      <form class="toolbar" onSubmit={(event) => { event.preventDefault(); change({ select: text }); }}>
        <label>Schema <select name="schema" value={schema} onChange={(event) => change({ schema: event.currentTarget.value })}>
          <option value="">all</option>{schemas.map((it) => <option value={it}>{it}</option>)}
        </select></label>
        <label>Select <input class="wide" type="text" name="select" value={text} placeholder="dim_*, fact_sessions+" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} /></label>
        <label class="check"><input type="checkbox" name="keys" checked={onlyKeys} onChange={() => change({ keys: onlyKeys ? "" : "1" })} /> only keys</label>
        <label class="check"><input type="checkbox" name="alone" checked={alone} disabled={related.size === 0} onChange={() => change({ alone: alone ? "" : "1" })} /> without relations, too</label>
        <span class="spacer" />
        <span class="exports" role="group" aria-label="Export the diagram">
          <button type="button" onClick={() => { const svg = document.querySelector(".er svg"); if (svg) download("er.svg", standalone(svg, shown), "image/svg+xml"); }}>SVG</button>
          <button type="button" onClick={() => download("er.mmd", toMermaid(entities, shown.relations), "text/plain")}>Mermaid</button>
        </span>
      </form>
      <div class="stage">
        {entities.length === 0 ? <p class="waiting">Nothing matches.</p> : <Diagram shown={shown} />}
        <div class="legend"><em>{plural(entities.length, "entity")}, {plural(shown.relations.length, "relation")}</em></div>
      </div>
    </div>
  );
}

function Diagram({ shown }: { shown: Picture }): JSX.Element {
  const svg = useRef<SVGSVGElement>(null);
  const [camera, setCamera] = useState({ x: 0, y: 0, scale: 1 });
  const [hovered, setHovered] = useState<string | null>(null);
  const drag = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => {
    const box = svg.current!.getBoundingClientRect();
    const scale = Math.min(1.1, (box.width - 60) / shown.width, (box.height - 60) / shown.height);
    setCamera({ scale, x: (box.width - shown.width * scale) / 2, y: (box.height - shown.height * scale) / 2 });
  }, [shown]);
  const zoom = (factor: number, x: number, y: number) => setCamera((it) => {
    const scale = Math.min(3, Math.max(0.05, it.scale * factor));
    return { scale, x: x - ((x - it.x) / it.scale) * scale, y: y - ((y - it.y) / it.scale) * scale };
  });
  useEffect(() => {
    const element = svg.current!;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 500), event.clientX - box.left, event.clientY - box.top);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);
  const middle = () => { const box = svg.current!.getBoundingClientRect(); return [box.width / 2, box.height / 2] as const; };
  const near = (relation: Relation) => hovered === null || relation.from === hovered || relation.to === hovered;
  return (
    <>
      <svg
        ref={svg} role="img" aria-label="Entity relationship diagram"
        onPointerDown={(event) => { drag.current = { x: event.clientX, y: event.clientY }; }}
        onPointerMove={(event) => {
          if (!drag.current || event.buttons === 0) return;
          const [x, y] = [event.clientX - drag.current.x, event.clientY - drag.current.y];
          drag.current = { x: event.clientX, y: event.clientY };
          setCamera((it) => ({ ...it, x: it.x + x, y: it.y + y }));
        }}
      >
        <g transform={`translate(${camera.x} ${camera.y}) scale(${camera.scale})`}>
          {shown.relations.map((relation) => <Line key={`${relation.from}${relation.from_columns}${relation.to}`} shown={shown} relation={relation} lit={near(relation)} />)}
          {shown.entities.map((it) => <Table key={it.entity.id} {...it} onHover={setHovered} />)}
        </g>
      </svg>
      <div class="zoom" role="group" aria-label="Zoom">
        <button type="button" aria-label="Zoom in" onClick={() => zoom(1.25, ...middle())}>+</button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(0.8, ...middle())}>−</button>
      </div>
    </>
  );
}

function Table({ entity, columns, box, onHover }: Picture["entities"][number] & { onHover: (id: string | null) => void }): JSX.Element {
  const open = () => go(href("node", entity.id));
  const keys = (column: EntityColumn) => [column.primary ? "PK" : "", column.foreign ? "FK" : "", column.unique && !column.primary ? "UK" : ""].filter(Boolean).join(" ");
  return (
    <g
      class="entity" transform={`translate(${box.x} ${box.y})`} role="link" tabIndex={0} aria-label={entity.name} data-entity={entity.name}
      onPointerEnter={() => onHover(entity.id)} onPointerLeave={() => onHover(null)} onFocus={() => onHover(entity.id)} onBlur={() => onHover(null)}
      onDblClick={open} onKeyDown={(event) => event.key === "Enter" && open()}
    >
      <rect class="box" width={box.width} height={box.height} rx="8" />
      <path class="head" d={`M0 ${TOP - 4}V8a8 8 0 0 1 8 -8H${box.width - 8}a8 8 0 0 1 8 8V${TOP - 4}Z`} style={{ fill: layerColour(entity.layer) }} />
      <text class="name" x="14" y={(TOP - 4) / 2}>{entity.name}</text>
      <text class="schema" x={box.width - 12} y={(TOP - 4) / 2} text-anchor="end">{entity.schema}</text>
      {columns.map((column, row) => {
        const y = TOP + row * LINE + LINE / 2;
        return (
          <g key={column.name}>
            <text class="keys" x="12" y={y}>{keys(column)}</text>
            <text class={isKey(column) ? "column is-key" : "column"} x="52" y={y}>{shorten(column.name, 30)}{column.required ? <tspan class="required"> •</tspan> : null}</text>
            <text class="type" x={box.width - 12} y={y} text-anchor="end">{shorten(shortType(column.type ?? ""), 22)}</text>
          </g>
        );
      })}
    </g>
  );
}

/** A reference: the foot at who refers, a bar or a ring at who is referred to. */
function Line({ shown, relation, lit }: { shown: Picture; relation: Relation; lit: boolean }): JSX.Element {
  const from = shown.entities.find((it) => it.entity.id === relation.from)!;
  const to = shown.entities.find((it) => it.entity.id === relation.to)!;
  const row = (side: typeof from, columns: string[]) => {
    const at = side.columns.findIndex((column) => column.name.toLowerCase() === columns[0]?.toLowerCase());
    return side.box.y + (at < 0 ? TOP / 2 : TOP + at * LINE + LINE / 2);
  };
  const [y1, y2] = [row(to, relation.to_columns), row(from, relation.from_columns)];
  const rightwards = to.box.x + to.box.width <= from.box.x;
  const x1 = to.box.x + to.box.width;
  const x2 = rightwards ? from.box.x : from.box.x + from.box.width;
  const side = rightwards ? -1 : 1;
  const bow = rightwards ? (x2 - x1) / 2 : 70;
  const foot = relation.one
    ? `M${x2 + side * 9} ${y2 - 6}v12`
    : `M${x2 + side * 14} ${y2}L${x2} ${y2 - 7}M${x2 + side * 14} ${y2}L${x2} ${y2 + 7}M${x2 + side * 14} ${y2}H${x2}`;
  return (
    <g class={lit ? "relation" : "relation dim"}>
      <title>{`${from.entity.name}.${relation.from_columns.join(", ")} → ${to.entity.name}.${relation.to_columns.join(", ")}`}</title>
      <path d={`M${x1} ${y1}C${x1 + bow} ${y1} ${x2 + side * bow} ${y2} ${x2} ${y2}`} />
      <path d={foot} />
      <circle cx={x2 + side * (relation.one ? 15 : 18)} cy={y2} r="4" />
      <path d={`M${x1 + 8} ${y1 - 6}v12${relation.required ? `M${x1 + 13} ${y1 - 6}v12` : ""}`} />
      {relation.required ? null : <circle cx={x1 + 15} cy={y1} r="4" />}
    </g>
  );
}

/** The drawing with its styles written into it. */
function standalone(svg: Element, shown: Picture): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [from, to] = [svg.querySelectorAll<SVGElement>("*"), copy.querySelectorAll<SVGElement>("*")];
  from.forEach((element, at) => {
    const style = getComputedStyle(element);
    const kept = ["fill", "stroke", "stroke-width", "font", "opacity", "dominant-baseline", "text-anchor"];
    to[at]!.setAttribute("style", kept.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
  });
  copy.querySelector("g")?.setAttribute("transform", "translate(20 20)");
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", `0 0 ${shown.width + 40} ${shown.height + 40}`);
  copy.setAttribute("width", String(shown.width + 40));
  copy.setAttribute("height", String(shown.height + 40));
  return new XMLSerializer().serializeToString(copy);
}
