// The visible graph as SVG, Mermaid and JSON.

import { hueOf, placeOf } from "./data";
import { columnAt, columnEdges, FONT, HEAD, ROW, shorten, SMALL, type Scene } from "./scene";

export function download(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const escapeXml = (text: string): string =>
  text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`).replace(/[\u0000-\u0008\u000b-\u001f]/g, " ");

/** A standalone SVG in the colours of the page. */
export function toSvg(scene: Scene): string {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const parts: string[] = [];
  const bezier = (x1: number, y1: number, x2: number, y2: number) => {
    const middle = Math.max((x2 - x1) / 2, 24);
    return `M${x1} ${y1}C${x1 + middle} ${y1} ${x2 - middle} ${y2} ${x2} ${y2}`;
  };
  scene.edges.forEach(([from, to], at) => {
    const [start, end] = [scene.boxes[from]!, scene.boxes[to]!];
    let [x, y] = [start.x + start.width, start.y + HEAD / 2];
    let line = "";
    const bends = scene.bends[at]!;
    for (let bend = 0; bend + 1 < bends.length; bend += 2) {
      line += bezier(x, y, bends[bend]!.x, bends[bend]!.y) + `L${bends[bend + 1]!.x} ${bends[bend + 1]!.y}`;
      [x, y] = [bends[bend + 1]!.x, bends[bend + 1]!.y];
    }
    line += bezier(x, y, end.x, end.y + HEAD / 2);
    parts.push(`<path d="${line}" fill="none" stroke="${colour("edge")}" stroke-width="1.2"/>`);
  });
  for (const edge of columnEdges(scene)) {
    const [from, to] = [columnAt(scene, ...edge.from), columnAt(scene, ...edge.to)];
    if (from && to) parts.push(`<path d="${bezier(from.right, from.y, to.x, to.y)}" fill="none" stroke="${colour("accent")}" stroke-width="2"/>`);
  }
  scene.nodes.forEach(({ node, columns }, at) => {
    const { x, y, width, height } = scene.boxes[at]!;
    const fill = escapeXml(node.color ?? colour(`layer-${hueOf(node.layer)}`));
    parts.push(
      `<g><title>${escapeXml(node.id)}</title>` +
        `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="7" fill="${colour("panel")}" stroke="${colour("line")}"/>` +
        `<rect x="${x}" y="${y}" width="5" height="${height}" rx="2" fill="${fill}"/>` +
        `<text x="${x + 15}" y="${y + HEAD / 2}" dominant-baseline="central" fill="${colour("text")}" style="font:${escapeXml(FONT)}">${escapeXml(shorten(node.name))}</text>` +
        columns.map((column, row) => `<text x="${x + 18}" y="${y + HEAD + row * ROW + ROW / 2}" dominant-baseline="central" fill="${colour("text")}" style="font:${escapeXml(SMALL)}">${escapeXml(shorten(column))}</text>`).join("") +
        "</g>",
    );
  });
  const [width, height] = [scene.width + 40, scene.height + 40];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="-20 -20 ${width} ${height}"><rect x="-20" y="-20" width="100%" height="100%" fill="${colour("ground")}"/>${parts.join("")}</svg>\n`;
}

export const escapeMermaid = (text: string): string =>
  text.replace(/["#<>&`\\]/g, (character) => `#${character.charCodeAt(0)};`).replace(/[\u0000-\u001f]/g, " ");

/** A Mermaid flowchart with one subgraph for each layer. */
export function toMermaid(scene: Scene): string {
  const layers = new Map<string, string[]>();
  scene.nodes.forEach(({ node }, at) => {
    const [open, close] = node.type === "source" ? ["[(", ")]"] : node.type === "exposure" ? ["([", "])"] : node.type === "seed" ? ["[/", "/]"] : ["[", "]"];
    const lines = layers.get(node.layer) ?? [];
    lines.push(`    n${at}${open}"${escapeMermaid(node.name)}"${close}`);
    layers.set(node.layer, lines);
  });
  const blocks = [...layers].map(([layer, lines], at) => `  subgraph layer${at}["${escapeMermaid(layer)}"]\n${lines.join("\n")}\n  end`);
  return ["flowchart LR", ...blocks, ...scene.edges.map(([from, to]) => `  n${from} --> n${to}`), ""].join("\n");
}

/** Nodes and edges in the form of `lineage.json`. */
export function toJson(scene: Scene): string {
  const nodes = scene.nodes.map(({ node }) => ({
    unique_id: node.id, name: node.name, resource_type: node.type, layer: node.layer,
    schema: node.schema ?? null, relation: node.relation ?? null, path: node.path,
  }));
  const edges = scene.edges.map(([from, to]) => ({ from: scene.nodes[from]!.node.id, to: scene.nodes[to]!.node.id }));
  const columns = scene.path?.edges.filter((edge) => placeOf.has(edge.from.node)) ?? [];
  return JSON.stringify({ nodes, edges, ...(columns.length > 0 ? { columns } : {}) }, null, 2) + "\n";
}
