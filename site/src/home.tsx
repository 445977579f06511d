// The first page: what the project is, what it has, how it does.

import type { JSX } from "preact";
import { data, layerColour, layers, mood, type Mood } from "./data";
import { href } from "./route";
import { Empty, Markdown, NodeLink, number, plural, seconds, Time } from "./text";

export function Home(): JSX.Element {
  if (data.nodes.length === 0) return <Empty title="An empty project">Add a model and run <code>gdbt docs generate</code> again.</Empty>;
  const count = (type: string) => data.nodes.filter((node) => node.type === type).length;
  const kinds: [string, number][] = [
    ["model", count("model")], ["source", count("source")], ["seed", count("seed")], ["snapshot", count("snapshot")],
    ["exposure", count("exposure")], ["metric", count("metric")], ["test", data.tests.length],
  ];
  const run = data.runs.at(-1);
  const described = data.nodes.filter((node) => node.description).length;
  const failing = data.tests.filter((test) => mood(test.last?.status) === "bad");
  const depth = layers.map((layer) => ({ layer, nodes: data.nodes.filter((node) => node.layer === layer && !node.hidden) }));
  return (
    <article class="page home">
      <header>
        <p class="kind">Data documentation</p>
        <h1>{data.project}</h1>
        <p class="faint">{kinds.filter(([, count]) => count > 0).map(([kind, count]) => plural(count, kind)).join(" · ")} · {Math.round((described / data.nodes.length) * 100)}% described</p>
      </header>
      {data.overview ? <Markdown text={data.overview} /> : null}
      {run ? <LatestRun /> : null}
      {failing.length > 0 ? (
        <section class="failing">
          <h2>Failing tests</h2>
          <ul>{failing.slice(0, 8).map((test) => <li key={test.id}><a href={href("quality", "", { test: test.id })}>{test.kind}{test.column ? ` · ${test.column}` : ""}</a>{test.node === undefined ? null : <> on <NodeLink node={data.nodes[test.node]!} /></>}{test.last?.failures ? <span class="faint"> {plural(test.last.failures, "row")}</span> : null}</li>)}</ul>
        </section>
      ) : null}
      <section>
        <h2>Layers</h2>
        <div class="cards">
          {depth.map(({ layer, nodes }) => (
            <div class="card" key={layer} style={{ "--colour": layerColour(layer) }}>
              <h3>{layer} <small>{number(nodes.length)}</small></h3>
              <ul>{nodes.slice(0, 7).map((node) => <li key={node.id}><NodeLink node={node} /></li>)}</ul>
              {nodes.length > 7 ? <a class="more" href={href("lineage", "", { select: `layer:${layer}` })}>{number(nodes.length - 7)} more</a> : null}
            </div>
          ))}
        </div>
      </section>
    </article>
  );
}

function LatestRun(): JSX.Element {
  const run = data.runs.at(-1)!;
  const sums: Record<Mood, number> = { good: 0, warn: 0, bad: 0, none: 0 };
  for (const [status, count] of Object.entries(run.counts)) sums[mood(status)] += count;
  const words: [Mood, string][] = [["bad", "failed"], ["warn", "warned"], ["good", "well"], ["none", "skipped"]];
  if (run.counts["no-op"]) sums.none -= run.counts["no-op"];
  return (
    <a class="latest" href={href("quality")}>
      <strong>Latest {run.which}</strong> <Time at={run.at} /> <span class="faint">{seconds(run.seconds)}</span>
      <span class="spacer" />
      {words.filter(([mood]) => sums[mood] > 0).map(([mood, word]) => <span key={mood} class={`status ${mood}`}>{number(sums[mood])} {word}</span>)}
    </a>
  );
}
