// The page of a node.

import { useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { children, data, mood, parents, placeOf, testsOf, type Column, type Json, type Node, type Test } from "./data";
import { columnKey, downstreamOf, isTraced, upstreamOf, type ColumnEdge } from "./columns";
import { Graph } from "./graph";
import { go, href, type Route } from "./route";
import { Copy, Empty, LastRun, Layer, Markdown, NodeLink, plural, shortType, Sql, Status, Time, Value } from "./text";

export function NodePage({ route }: { route: Route }): JSX.Element {
  const place = placeOf.get(route.argument);
  const node = place === undefined ? undefined : data.nodes[place];
  if (!node || place === undefined) return <Empty title="Not here">Nothing in this project is called {route.argument}.</Empty>;
  const tests = testsOf.get(place) ?? [];
  return (
    <article class="page node" key={node.id}>
      <Head node={node} />
      {node.description ? <Markdown text={node.description} /> : <p class="faint">No description.</p>}
      <Facts node={node} />
      {node.columns?.length ? <Columns node={node} tests={tests} lit={route.query.get("column")} /> : null}
      {node.params ? <section><h2>Definition</h2><Value value={node.params} /></section> : null}
      <section>
        <h2>Lineage</h2>
        {parents[place]!.length + children[place]!.length > 0 ? (
          <>
            <Graph small view={{ select: "", exclude: "", focus: node.id, up: 1, down: 1, column: null }} onOpen={(other) => go(href("node", other.id))} />
            <div class="two">
              <Related title="Depends on" places={parents[place]!} />
              <Related title="Used by" places={children[place]!} />
            </div>
            <p><a class="button" href={href("lineage", "", { focus: node.id, up: 2, down: 2 })}>Open in the lineage graph</a></p>
          </>
        ) : <p class="faint">It depends on nothing and nothing uses it.</p>}
      </section>
      {tests.length > 0 ? <Tests tests={tests} /> : null}
      <Code node={node} />
    </article>
  );
}

function Head({ node }: { node: Node }): JSX.Element {
  return (
    <header>
      <p class="kind">{node.package} · {node.type.replace("_", " ")}{node.materialized ? ` · ${node.materialized}` : ""} <Layer name={node.layer} /></p>
      <h1>{node.name}</h1>
      {node.relation ? <p class="relation"><code>{node.relation}</code> <Copy text={node.relation} /></p> : null}
    </header>
  );
}

function Facts({ node }: { node: Node }): JSX.Element | null {
  const details = node.details ?? {};
  const facts: [string, ComponentChildren][] = [
    ["Last run", node.last ? <LastRun last={node.last} /> : null],
    ["Freshness", node.fresh ? <span><Status status={node.fresh.status} /> loaded <Time at={node.fresh.loaded_at ?? ""} /> <span class="faint">asked <Time at={node.fresh.at ?? ""} /></span></span> : null],
    ["Message", node.last && mood(node.last.status) === "bad" ? <span class="message">{node.last.message}</span> : null],
    ["Owner", node.owner ? <Value value={node.owner} /> : null],
    ["Tags", node.tags?.length ? <span class="tags">{node.tags.map((tag) => <a href={href("lineage", "", { select: `tag:${tag}` })}>{tag}</a>)}</span> : null],
    ["In the database", node.table ? <span>{node.table.type?.toLowerCase().replace("base table", "table")}{node.table.owner ? `, owned by ${node.table.owner}` : ""}</span> : null],
    ...(node.table?.stats ?? []).map((stat): [string, ComponentChildren] => [stat.label, <Value value={stat.value} />]),
    ["File", <code>{node.path}</code>],
    ...Object.entries(details).map(([key, value]): [string, ComponentChildren] => [title(key), <Value value={value} />]),
    ["Meta", node.meta && Object.keys(node.meta).length > 0 ? <Value value={node.meta} /> : null],
    ["Configuration", node.config && Object.keys(node.config).length > 0 ? <Value value={node.config} /> : null],
  ];
  const shown = facts.filter(([, value]) => value !== null && value !== undefined);
  return <dl class="facts">{shown.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

const title = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1).replace(/_/g, " ");

function Columns({ node, tests, lit }: { node: Node; tests: Test[]; lit: string | null }): JSX.Element {
  const [open, setOpen] = useState<string | null>(lit);
  const columns = node.columns ?? [];
  const described = columns.filter((column) => column.description).length;
  return (
    <section>
      <h2>Columns <small>{plural(columns.length, "column")}, {described} described</small></h2>
      <div class="scroll">
        <table class="columns">
          <thead><tr><th>Column</th><th>Type</th><th>Description</th><th>Tests</th></tr></thead>
          <tbody>
            {columns.map((column) => {
              const traced = isTraced(node.id, column.name);
              const own = tests.filter((test) => test.column?.toLowerCase() === column.name.toLowerCase());
              return (
                <>
                  <tr key={column.name} class={open === column.name ? "open" : ""} id={`column-${column.name}`}>
                    <td>
                      {traced ? <button type="button" class="plain" aria-expanded={open === column.name} onClick={() => setOpen(open === column.name ? null : column.name)}>{column.name}</button> : column.name}
                      {own.some((test) => test.kind === "unique") || column.constraints?.includes("primary_key") ? <span class="key" title="Unique">key</span> : null}
                    </td>
                    <td class="type" title={column.type}>{column.type ? shortType(column.type) : null}{column.absent ? <span class="faint"> not in the database</span> : null}</td>
                    <td>{column.description ? <Markdown text={column.description} /> : null}<Extras column={column} /></td>
                    <td class="tests">{own.map((test) => <a href={href("quality", "", { test: test.id })} class={`test ${mood(test.last?.status)}`} title={`${test.name}: ${test.last?.status ?? "not run"}`}>{test.kind}</a>)}</td>
                  </tr>
                  {open === column.name ? <tr class="path"><td colSpan={4}><ColumnPaths node={node} column={column} /></td></tr> : null}
                </>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Extras({ column }: { column: Column }): JSX.Element | null {
  const meta = column.meta && Object.keys(column.meta).length > 0 ? column.meta : null;
  if (!meta && !column.tags?.length && !column.constraints?.length) return null;
  return (
    <div class="extras">
      {column.constraints?.map((it) => <span class="tag">{it.replace("_", " ")}</span>)}
      {column.tags?.map((it) => <span class="tag">{it}</span>)}
      {meta ? <Value value={meta as Json} /> : null}
    </div>
  );
}

function ColumnPaths({ node, column }: { node: Node; column: Column }): JSX.Element {
  const list = (title: string, edges: ColumnEdge[], end: (edge: ColumnEdge) => { node: string; column: string }) => (
    <div>
      <h3>{title}</h3>
      {edges.length === 0 ? <p class="faint">Nothing.</p> : (
        <ul>
          {edges.map((edge) => {
            const { node: id, column } = end(edge);
            const other = data.nodes[placeOf.get(id) ?? -1];
            return <li key={`${id}${column}${edge.kind}`}>{other ? <NodeLink node={other} /> : id}.<a href={href("node", id, { column })}>{column}</a> <span class="tag">{edge.kind.replace("_", " ")}</span></li>;
          })}
        </ul>
      )}
    </div>
  );
  return (
    <div class="two">
      {list("Made from", upstreamOf(node.id, column.name), (edge) => edge.from)}
      {list("Goes into", downstreamOf(node.id, column.name), (edge) => edge.to)}
      <p><a class="button" href={href("lineage", "", { column: columnKey(node.id, column.name) })}>Show the whole path</a></p>
    </div>
  );
}

function Related({ title, places }: { title: string; places: number[] }): JSX.Element {
  return (
    <div>
      <h3>{title} <small>{places.length}</small></h3>
      {places.length === 0 ? <p class="faint">Nothing.</p> : <ul class="related">{places.map((place) => <li key={place}><NodeLink node={data.nodes[place]!} /> <span class="faint">{data.nodes[place]!.type}</span></li>)}</ul>}
    </div>
  );
}

function Tests({ tests }: { tests: Test[] }): JSX.Element {
  return (
    <section>
      <h2>Tests <small>{plural(tests.length, "test")}</small></h2>
      <ul class="test-list">
        {tests.map((test) => (
          <li key={test.id}><Status status={test.last?.status} /> <a href={href("quality", "", { test: test.id })}>{test.name}</a>{test.last?.failures ? <span class="faint"> {plural(test.last.failures, "row")}</span> : null}</li>
        ))}
      </ul>
    </section>
  );
}

function Code({ node }: { node: Node }): JSX.Element | null {
  const [shown, setShown] = useState<"compiled" | "raw">(node.compiled ? "compiled" : "raw");
  if (!node.raw && !node.compiled) return null;
  const tab = (name: "compiled" | "raw", label: string) => (
    <button type="button" role="tab" aria-selected={shown === name} disabled={!node[name]} onClick={() => setShown(name)}>{label}</button>
  );
  return (
    <section>
      <h2>Code</h2>
      <div class="tabs" role="tablist">{tab("compiled", "Compiled")}{tab("raw", "Source")}</div>
      <Sql text={(node[shown] ?? "").trim()} />
    </section>
  );
}

export function MacroPage({ route }: { route: Route }): JSX.Element {
  const macro = data.macros.find((it) => it.id === route.argument);
  if (!macro) return <Empty title="Not here">No macro is called {route.argument}.</Empty>;
  return (
    <article class="page node">
      <header><p class="kind">{macro.package} · macro</p><h1>{macro.name}</h1></header>
      {macro.description ? <Markdown text={macro.description} /> : <p class="faint">No description.</p>}
      <dl class="facts"><div><dt>File</dt><dd><code>{macro.path}</code></dd></div></dl>
      {macro.arguments?.length ? (
        <section>
          <h2>Arguments</h2>
          <table class="columns"><tbody>{macro.arguments.map((it) => <tr><td>{it.name}</td><td class="type">{it.type}</td><td>{it.description ? <Markdown text={it.description} /> : null}</td></tr>)}</tbody></table>
        </section>
      ) : null}
      <section><h2>Code</h2><Sql text={macro.sql.trim()} /></section>
    </article>
  );
}
