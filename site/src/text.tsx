// Small pieces of pages: markdown, SQL, times, badges.

import DOMPurify from "dompurify";
import { marked } from "marked";
import { useMemo, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { layerColour, mood, type Json, type Last, type Node } from "./data";
import { href } from "./route";

/** Rendered markdown. What it contains was written by people of the project, and is cleaned all the same. */
export function Markdown({ text }: { text: string }): JSX.Element {
  const html = useMemo(() => clean(text), [text]);
  return <div class="markdown" dangerouslySetInnerHTML={{ __html: html }} />;
}

function clean(text: string): string {
  const html = marked.parse(text, { async: false, gfm: true });
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true }, FORBID_TAGS: ["style", "form", "input", "button", "select", "textarea"], FORBID_ATTR: ["style", "id", "name", "class"],
  });
}

/** The first line of a description, as plain text. */
export function summary(text: string | undefined, length = 160): string {
  const line = (text ?? "").trim().split(/\n\s*\n/)[0]?.replace(/[*_`#>]|\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/\s+/g, " ") ?? "";
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

const keywords = new Set(
  ("all analyze and any array as asc between both by case cast check collate column constraint create cross current_date current_timestamp default delete desc distinct do drop " +
    "else end except exists extract false fetch filter first following for foreign from full generated grant group grouping having if ilike in index inner insert intersect interval into is " +
    "join key last lateral leading left like limit materialized natural not null nulls offset on only or order outer over partition preceding primary range recursive references returning right row rows " +
    "select set sets similar some symmetric table temporary then to trailing true unbounded union unique unlogged update using values view when where window with within without").split(" "),
);
const token = /(\{#[\s\S]*?#\}|--[^\n]*|\/\*[\s\S]*?\*\/)|(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})|('(?:[^']|'')*'|\$\$[\s\S]*?\$\$)|("(?:[^"]|"")*")|(\b\d+(?:\.\d+)?\b)|([A-Za-z_][A-Za-z0-9_]*)(?=(\s*\()?)/g;

/** SQL with Jinja in colours. A regular expression is enough: nothing depends on it. */
function highlight(sql: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of sql.matchAll(token)) {
    const [text, comment, jinja, string, , number, word, call] = match;
    const kind = comment ? "comment" : jinja ? "jinja" : string ? "string" : number ? "number" : word ? (keywords.has(word.toLowerCase()) ? "keyword" : call ? "call" : null) : null;
    if (!kind) continue;
    parts.push(sql.slice(end, match.index), <span class={`sql-${kind}`}>{text}</span>);
    end = match.index + text.length;
  }
  parts.push(sql.slice(end));
  return parts;
}

export function Sql({ text }: { text: string }): JSX.Element {
  const parts = useMemo(() => highlight(text), [text]);
  const lines = text.split("\n").length;
  return (
    <div class="sql">
      <Copy text={text} />
      <div class="sql-lines" aria-hidden="true">{Array.from({ length: lines }, (_, line) => line + 1).join("\n")}</div>
      <pre tabIndex={0}><code>{parts}</code></pre>
    </div>
  );
}

export function Copy({ text, label = "Copy" }: { text: string; label?: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const copy = () => {
    void navigator.clipboard?.writeText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1200);
    });
  };
  return <button type="button" class="copy" onClick={copy}>{done ? "Copied" : label}</button>;
}

export function Layer({ name }: { name: string }): JSX.Element {
  return <span class="layer" style={{ "--colour": layerColour(name) }}>{name}</span>;
}

export function Status({ status }: { status: string | null | undefined }): JSX.Element {
  return <span class={`status ${mood(status)}`}>{status ?? "not run"}</span>;
}

export function NodeLink({ node, schema = false }: { node: Node; schema?: boolean }): JSX.Element {
  return (
    <a class="node-link" href={href("node", node.id)} style={{ "--colour": layerColour(node.layer) }}>
      {schema && node.schema && node.type !== "source" ? <span class="faint">{node.schema}.</span> : null}
      {node.name}
    </a>
  );
}

/** A type's short name, where PostgreSQL has one. */
export const shortType = (type: string): string =>
  type.replace("character varying", "varchar").replace(/timestamp(\(\d\))? with time zone/, "timestamptz$1").replace(" without time zone", "").replace(/time(\(\d\))? with time zone/, "timetz$1").replace("double precision", "float8");

export const number = (value: number): string => value.toLocaleString("en-US");
export const plural = (count: number, word: string): string =>
  `${number(count)} ${count === 1 ? word : word.endsWith("y") ? `${word.slice(0, -1)}ies` : word.endsWith("sis") ? `${word.slice(0, -2)}es` : `${word}s`}`;

export function seconds(value: number | undefined): string {
  if (value === undefined) return "";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 90) return `${value.toFixed(1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

/** A time in the reader's zone. */
export function Time({ at }: { at: string }): JSX.Element {
  const date = new Date(at);
  const shown = Number.isNaN(date.getTime()) ? at : date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  return <time dateTime={at} title={at}>{shown}</time>;
}

export function LastRun({ last }: { last: Last }): JSX.Element {
  const facts = [last.rows === undefined ? "" : plural(last.rows, "row"), seconds(last.seconds)].filter(Boolean);
  return <span><Status status={last.status} /> <Time at={last.at} />{facts.length > 0 ? <span class="faint"> · {facts.join(" · ")}</span> : null}</span>;
}

/** A JSON value as text for people. */
export function Value({ value }: { value: Json }): JSX.Element {
  if (value === null) return <span class="faint">none</span>;
  if (typeof value === "boolean") return <span>{value ? "yes" : "no"}</span>;
  if (typeof value !== "object") return <span>{/^https:\/\/\S+$/.test(String(value)) ? <a href={String(value)} rel="noreferrer">{String(value)}</a> : String(value)}</span>;
  if (Array.isArray(value)) {
    if (value.every((item) => item === null || typeof item !== "object")) return <span>{value.map(String).join(", ")}</span>;
    return <ul class="values">{value.map((item) => <li><Value value={item} /></li>)}</ul>;
  }
  return <dl class="values">{Object.entries(value).map(([key, item]) => <div><dt>{key}</dt><dd><Value value={item} /></dd></div>)}</dl>;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <svg viewBox="0 0 48 32" width="72" aria-hidden="true"><path d="M4 8h12M4 24h12M32 16h12M16 8c9 0 7 8 16 8M16 24c9 0 7-8 16-8" /></svg>
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}
