// Search over names, columns, descriptions and SQL.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { data, layerColour, type Node } from "./data";
import { go, href } from "./route";

interface Entry {
  address: string;
  title: string;
  kind: string;
  layer: string;
  name: string;
  columns: string[];
  description: string;
  rest: string;
  columnNotes: string;
}

interface Hit {
  entry: Entry;
  score: number;
  /** Where it was found, in words. */
  where: string;
}

let entries: Entry[] | null = null;

function all(): Entry[] {
  entries ??= [
    ...data.nodes.filter((node) => !node.hidden).map(ofNode),
    ...data.macros.map((macro): Entry => ({
      address: href("macro", macro.id), title: macro.name, kind: "macro", layer: "", name: macro.name.toLowerCase(),
      columns: [], description: (macro.description ?? "").toLowerCase(), rest: macro.sql.toLowerCase(), columnNotes: "",
    })),
  ];
  return entries;
}

const ofNode = (node: Node): Entry => ({
  address: href("node", node.id), title: node.name, kind: node.type.replace("_", " "), layer: node.layer, name: node.name.toLowerCase(),
  columns: (node.columns ?? []).map((column) => column.name.toLowerCase()),
  description: (node.description ?? "").toLowerCase(),
  columnNotes: (node.columns ?? []).map((column) => column.description ?? "").join("\n").toLowerCase(),
  rest: `${node.raw ?? ""}\n${(node.tags ?? []).join(" ")} ${node.path} ${node.relation ?? ""}`.toLowerCase(),
});

/** What every word of the query is found in, the best first. */
export function search(query: string, most = 40): Hit[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hits: Hit[] = [];
  for (const entry of all()) {
    let total = 0;
    let where = "";
    const found = words.every((word) => {
      const [score, place] = rate(entry, word);
      total += score;
      if (place && !where) where = place;
      return score > 0;
    });
    if (found) hits.push({ entry, score: total - entry.name.length / 200, where });
  }
  return hits.sort((one, other) => other.score - one.score).slice(0, most);
}

function rate(entry: Entry, word: string): [number, string] {
  if (entry.name === word) return [100, ""];
  if (entry.name.startsWith(word)) return [80, ""];
  if (entry.name.includes(word)) return [60, ""];
  const column = entry.columns.find((it) => it === word) ?? entry.columns.find((it) => it.includes(word));
  if (column) return [column === word ? 50 : 40, `column ${column}`];
  if (entry.description.includes(word)) return [25, excerpt(entry.description, word)];
  if (entry.columnNotes.includes(word)) return [20, excerpt(entry.columnNotes, word)];
  if (entry.rest.includes(word)) return [8, excerpt(entry.rest, word)];
  return [0, ""];
}

function excerpt(text: string, word: string): string {
  const at = text.indexOf(word);
  return `${at > 24 ? "…" : ""}${text.slice(Math.max(0, at - 24), at + 60).replace(/\s+/g, " ").trim()}…`;
}

export function Search(): JSX.Element {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const hits = useMemo(() => search(query), [query]);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if ((event.key === "/" && !typing) || (event.key === "k" && (event.ctrlKey || event.metaKey))) {
        event.preventDefault();
        input.current?.focus();
        input.current?.select();
      }
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  useEffect(() => document.getElementById(`hit-${at}`)?.scrollIntoView({ block: "nearest" }), [at]);
  const close = () => { setOpen(false); input.current?.blur(); };
  const choose = (hit: Hit | undefined) => { if (hit) { go(hit.entry.address); close(); } };
  const keydown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, hits.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") choose(hits[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  };
  return (
    <div class="search">
      <input
        ref={input} type="search" name="search" value={query} placeholder="Search names, columns, descriptions, SQL" spellcheck={false} autocomplete="off"
        {...({ role: "combobox" } as object)} aria-expanded={open && hits.length > 0} aria-controls="hits" aria-activedescendant={open && hits.length > 0 ? `hit-${at}` : undefined} aria-label="Search"
        onInput={(event) => { setQuery(event.currentTarget.value); setAt(0); setOpen(true); }}
        onFocus={() => setOpen(true)} onBlur={() => setTimeout(() => setOpen(false), 150)} onKeyDown={keydown}
      />
      <kbd>/</kbd>
      {open && query.trim() ? (
        <ul id="hits" role="listbox">
          {hits.map((hit, index) => (
            <li key={hit.entry.address} id={`hit-${index}`} role="option" aria-selected={index === at} onPointerDown={(event) => { event.preventDefault(); choose(hit); }} onPointerEnter={() => setAt(index)}>
              <span class="hit-name" style={hit.entry.layer ? { "--colour": layerColour(hit.entry.layer) } : {}}>{hit.entry.title}</span>
              <span class="faint">{hit.entry.kind}{hit.entry.layer && hit.entry.kind !== hit.entry.layer ? ` · ${hit.entry.layer}` : ""}</span>
              {hit.where ? <span class="where">{hit.where}</span> : null}
            </li>
          ))}
          {hits.length === 0 ? <li class="none">Nothing matches “{query}”.</li> : null}
        </ul>
      ) : null}
    </div>
  );
}
