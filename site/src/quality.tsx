// The data-quality page: what the latest runs found out about the data.

import { useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import { data, layers, mood, type Mood, type Run, type Test } from "./data";
import { href, replace, type Route } from "./route";
import { Empty, Layer, Markdown, NodeLink, number, plural, seconds, Sql, Status, Time, Value } from "./text";

const moods: { mood: Mood; label: string }[] = [
  { mood: "bad", label: "failing" }, { mood: "warn", label: "warning" }, { mood: "good", label: "passing" }, { mood: "none", label: "not run" },
];

interface Group {
  layer: string;
  relations: { node: number | null; tests: Test[] }[];
}

function groups(tests: Test[]): Group[] {
  const byLayer = new Map<string, Map<number | null, Test[]>>();
  for (const test of tests) {
    const node = test.node ?? null;
    const layer = node === null ? "across relations" : data.nodes[node]!.layer;
    const relations = byLayer.get(layer) ?? new Map<number | null, Test[]>();
    byLayer.set(layer, relations);
    const own = relations.get(node) ?? [];
    relations.set(node, own);
    own.push(test);
  }
  const order = [...layers, "across relations"];
  return [...byLayer]
    .map(([layer, relations]) => ({ layer, relations: [...relations].map(([node, tests]) => ({ node, tests })) }))
    .sort((one, other) => order.indexOf(one.layer) - order.indexOf(other.layer));
}

export function Quality({ route }: { route: Route }): JSX.Element {
  const wanted = route.query.get("status") ?? "";
  const text = route.query.get("q") ?? "";
  const open = route.query.get("test");
  const change = (part: Record<string, string>) => replace(href("quality", "", { status: wanted, q: text, ...part }));
  const counts = useMemo(() => {
    const counts: Record<Mood, number> = { good: 0, warn: 0, bad: 0, none: 0 };
    for (const test of data.tests) counts[mood(test.last?.status)]++;
    return counts;
  }, []);
  const shown = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return groups(data.tests.filter((test) => {
      const about = `${test.name} ${test.kind} ${test.column ?? ""} ${(test.tags ?? []).join(" ")} ${test.node === undefined ? "" : data.nodes[test.node]!.name}`.toLowerCase();
      return (!wanted || mood(test.last?.status) === wanted) && words.every((word) => about.includes(word));
    }));
  }, [wanted, text]);
  if (data.tests.length === 0) return <Empty title="No tests yet">Add <code>data_tests</code> to models and columns, and what they find shows here.</Empty>;
  const ran = data.tests.length - counts.none;
  return (
    <article class="page quality">
      <header>
        <p class="kind">Data quality</p>
        <h1>{ran === 0 ? "No test has run yet" : counts.bad > 0 ? `${plural(counts.bad, "test")} failing` : counts.warn > 0 ? `${plural(counts.warn, "test")} with warnings` : "All tests pass"}</h1>
      </header>
      <div class="tiles">
        {moods.map((it) => (
          <button type="button" key={it.mood} class={`tile ${it.mood}`} aria-pressed={wanted === it.mood} onClick={() => change({ status: wanted === it.mood ? "" : it.mood })}>
            <strong>{number(counts[it.mood])}</strong> {it.label}
          </button>
        ))}
        <History runs={data.runs} />
      </div>
      {ran > 0 ? <div class="share" role="img" aria-label={`${counts.good} of ${data.tests.length} tests pass`}>{moods.toReversed().map((it) => <i class={it.mood} style={{ flexGrow: counts[it.mood] }} />)}</div> : null}
      <label class="filter"><span class="hidden">Filter</span><input type="search" name="tests" placeholder="Filter tests by name, column, kind or tag" value={text} onInput={(event) => change({ q: event.currentTarget.value })} /></label>
      {shown.length === 0 ? <p class="faint">No test matches.</p> : null}
      {shown.map((group) => (
        <section key={group.layer} class="layer-group" data-layer={group.layer}>
          <h2><Layer name={group.layer} /> <small>{plural(group.relations.reduce((sum, it) => sum + it.tests.length, 0), "test")}</small></h2>
          {group.relations.map(({ node, tests }) => (
            <div key={node} class="relation-group">
              <h3>{node === null ? "Several relations" : <NodeLink node={data.nodes[node]!} schema />}</h3>
              <table><tbody>{tests.map((test) => <Row key={test.id} test={test} open={open === test.id} onToggle={() => change({ test: open === test.id ? "" : test.id })} />)}</tbody></table>
            </div>
          ))}
        </section>
      ))}
    </article>
  );
}

function Row({ test, open, onToggle }: { test: Test; open: boolean; onToggle: () => void }): JSX.Element {
  return (
    <>
      <tr class={open ? "open" : ""} ref={(row) => { if (open && row && !row.dataset["shown"]) { row.dataset["shown"] = "1"; row.scrollIntoView({ block: "center" }); } }}>
        <td class="state"><Status status={test.last?.status} /></td>
        <td><button type="button" class="plain" aria-expanded={open} onClick={onToggle}>{test.kind}{test.column ? <> · <code>{test.column}</code></> : test.kind === "singular" ? <> · {test.name}</> : null}</button>{test.severity === "warn" ? <span class="tag">warns</span> : null}{test.tags?.map((tag) => <span class="tag">{tag}</span>)}</td>
        <td class="figure">{test.last?.failures ? plural(test.last.failures, "row") : ""}</td>
        <td class="figure faint">{seconds(test.last?.seconds)}</td>
        <td class="marks"><Marks test={test} /></td>
      </tr>
      {open ? <tr class="detail"><td colSpan={5}><Detail test={test} /></td></tr> : null}
    </>
  );
}

/** The statuses of the last runs, the newest at the right. */
function Marks({ test }: { test: Test }): JSX.Element | null {
  const history = (test.history ?? []).flatMap((status, at) => (status === null ? [] : [{ status, run: data.runs[at]! }])).slice(-20);
  if (history.length === 0) return null;
  return <span role="img" aria-label={`History: ${history.map((it) => it.status).join(", ")}`}>{history.map((it) => <i class={mood(it.status)} title={`${it.status}, ${new Date(it.run.at).toLocaleString("en-GB")}`} />)}</span>;
}

function Detail({ test }: { test: Test }): JSX.Element {
  const [code, setCode] = useState(mood(test.last?.status) === "bad");
  return (
    <div>
      <p><code>{test.name}</code></p>
      {test.description ? <Markdown text={test.description} /> : null}
      {test.last ? <p><Status status={test.last.status} /> <Time at={test.last.at} /> <span class="faint">{test.last.message}</span></p> : null}
      {test.arguments && Object.keys(test.arguments).length > 0 ? <Value value={test.arguments} /> : null}
      {test.given ? <><h4>Given</h4><Value value={test.given} /><h4>Expected</h4><Value value={test.expect ?? null} /></> : null}
      {test.reads && test.reads.length > 1 ? <p>Reads {test.reads.map((place) => <><NodeLink node={data.nodes[place]!} /> </>)}</p> : null}
      <p class="faint"><code>{test.path}</code></p>
      {test.sql ? code ? <Sql text={test.sql.trim()} /> : <button type="button" onClick={() => setCode(true)}>Show SQL</button> : null}
    </div>
  );
}

/** A bar for each of the kept runs. */
function History({ runs }: { runs: Run[] }): JSX.Element | null {
  if (runs.length === 0) return null;
  const totals = runs.map((run) => Object.values(run.counts).reduce((sum, it) => sum + it, 0));
  const most = Math.max(...totals, 1);
  return (
    <figure class="history">
      <figcaption>Last {plural(runs.length, "run")}</figcaption>
      <div>
        {runs.map((run, at) => {
          const sums: Record<Mood, number> = { good: 0, warn: 0, bad: 0, none: 0 };
          for (const [status, count] of Object.entries(run.counts)) sums[mood(status)] += count;
          const told = Object.entries(run.counts).map(([status, count]) => `${count} ${status}`).join(", ");
          return (
            <span key={run.at} title={`${run.which}, ${new Date(run.at).toLocaleString("en-GB")}, ${seconds(run.seconds)}: ${told}`} style={{ height: `${Math.max(8, (totals[at]! / most) * 100)}%` }}>
              {moods.map((it) => <i class={it.mood} style={{ flexGrow: sums[it.mood] }} />)}
            </span>
          );
        })}
      </div>
    </figure>
  );
}
