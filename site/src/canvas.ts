// Draws a scene on a canvas: only what is in sight, and less of it the smaller it is.

import { hueOf, mood, testsOf, worst } from "./data";
import { columnAt, columnEdges, FONT, HEAD, ROW, shorten, SMALL, type Scene } from "./scene";

export interface Camera {
  x: number;
  y: number;
  scale: number;
}

export interface Lit {
  hovered: number | null;
  chosen: number | null;
  /** Nodes and edges on the way to and from the hovered or chosen one. */
  nodes: Set<number> | null;
}

export interface Palette {
  text: string;
  faint: string;
  panel: string;
  line: string;
  edge: string;
  accent: string;
  good: string;
  warn: string;
  bad: string;
  layers: string[];
}

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour("text"), faint: colour("faint"), panel: colour("panel"), line: colour("line"),
    edge: colour("edge"), accent: colour("accent"), good: colour("good"), warn: colour("warn"), bad: colour("bad"),
    layers: Array.from({ length: 14 }, (_, layer) => colour(`layer-${layer}`)),
  };
}

const letters: Record<string, string> = {
  source: "S", seed: "C", snapshot: "H", exposure: "E", analysis: "A", metric: "M", semantic_model: "Σ", saved_query: "Q", function: "ƒ",
};

export function draw(canvas: HTMLCanvasElement, scene: Scene, camera: Camera, lit: Lit, colours: Palette): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(ratio * camera.scale, 0, 0, ratio * camera.scale, ratio * camera.x, ratio * camera.y);
  const sight = {
    left: -camera.x / camera.scale, top: -camera.y / camera.scale,
    right: (width - camera.x) / camera.scale, bottom: (height - camera.y) / camera.scale,
  };
  if (camera.scale < FAR && lit.nodes === null && !scene.path) return drawFar(context, scene, camera.scale, colours);
  drawEdges(context, scene, camera.scale, lit, colours, sight);
  drawNodes(context, scene, camera.scale, lit, colours, sight);
}

/** A scene from far away: all edges as one line, the nodes of each colour as one shape. */
interface Coarse {
  edges: Path2D;
  nodes: Map<string, Path2D>;
}

const coarse = new WeakMap<Scene, Coarse>();

/** From here on a scene is drawn without details, from shapes that are made once. */
const FAR = 0.25;

function coarseOf(scene: Scene): Coarse {
  let made = coarse.get(scene);
  if (!made) {
    made = { edges: new Path2D(), nodes: new Map() };
    scene.edges.forEach((_, at) => trace(made!.edges, scene, at, 0));
    scene.nodes.forEach(({ node }, at) => {
      const colour = node.color ?? String(hueOf(node.layer));
      const { x, y, width, height } = scene.boxes[at]!;
      const shape = made!.nodes.get(colour) ?? new Path2D();
      made!.nodes.set(colour, shape);
      shape.rect(x, y, width, height);
    });
    coarse.set(scene, made);
  }
  return made;
}

function drawFar(context: CanvasRenderingContext2D, scene: Scene, scale: number, colours: Palette): void {
  const { edges, nodes } = coarseOf(scene);
  context.lineWidth = 0.7 / scale;
  context.strokeStyle = colours.edge;
  context.stroke(edges);
  for (const [colour, shape] of nodes) {
    context.fillStyle = colours.layers[Number(colour)] ?? colour;
    context.fill(shape);
  }
}

interface Sight { left: number; top: number; right: number; bottom: number }

function drawEdges(context: CanvasRenderingContext2D, scene: Scene, scale: number, lit: Lit, colours: Palette, sight: Sight): void {
  const plain = new Path2D();
  const bright = new Path2D();
  scene.edges.forEach(([from, to], at) => {
    const [start, end] = [scene.boxes[from]!, scene.boxes[to]!];
    const bends = scene.bends[at]!;
    if (end.x < sight.left || start.x + start.width > sight.right) return;
    const ys = [start.y, end.y, ...bends.map((bend) => bend.y)];
    if (Math.max(...ys) + HEAD < sight.top || Math.min(...ys) > sight.bottom) return;
    const on = lit.nodes === null ? false : lit.nodes.has(from) && lit.nodes.has(to);
    trace(on ? bright : plain, scene, at, scale);
  });
  context.lineWidth = 1.2 / Math.max(Math.min(scale, 1), 0.35);
  context.strokeStyle = colours.edge;
  context.globalAlpha = lit.nodes || scene.path ? 0.35 : 1;
  context.stroke(plain);
  context.globalAlpha = 1;
  context.lineWidth *= 1.6;
  context.strokeStyle = colours.accent;
  context.stroke(bright);
  for (const edge of columnEdges(scene)) {
    const from = columnAt(scene, ...edge.from);
    const to = columnAt(scene, ...edge.to);
    if (!from || !to) continue;
    const line = new Path2D();
    curve(line, from.right, from.y, to.x, to.y);
    context.setLineDash(edge.kind === "direct" ? [] : [6, 4]);
    context.lineWidth = 2;
    context.strokeStyle = colours.accent;
    context.stroke(line);
    context.setLineDash([]);
  }
}

/** An edge of the scene as a line. */
export function trace(path: Path2D, scene: Scene, at: number, scale = 1): void {
  const [from, to] = scene.edges[at]!;
  const [start, end] = [scene.boxes[from]!, scene.boxes[to]!];
  let [x, y] = [start.x + start.width, start.y + HEAD / 2];
  const bends = scene.bends[at]!;
  if (scale < FAR) {
    path.moveTo(x, y);
    for (const bend of bends) path.lineTo(bend.x, bend.y);
    path.lineTo(end.x, end.y + HEAD / 2);
    return;
  }
  for (let bend = 0; bend + 1 < bends.length; bend += 2) {
    const [one, other] = [bends[bend]!, bends[bend + 1]!];
    curve(path, x, y, one.x, one.y);
    path.lineTo(other.x, other.y);
    [x, y] = [other.x, other.y];
  }
  curve(path, x, y, end.x, end.y + HEAD / 2);
}

function curve(path: Path2D, x1: number, y1: number, x2: number, y2: number): void {
  const middle = Math.max((x2 - x1) / 2, 24);
  path.moveTo(x1, y1);
  path.bezierCurveTo(x1 + middle, y1, x2 - middle, y2, x2, y2);
}

function drawNodes(context: CanvasRenderingContext2D, scene: Scene, scale: number, lit: Lit, colours: Palette, sight: Sight): void {
  context.textBaseline = "middle";
  scene.nodes.forEach(({ node, place, columns }, at) => {
    const box = scene.boxes[at]!;
    if (box.x > sight.right || box.x + box.width < sight.left || box.y > sight.bottom || box.y + box.height < sight.top) return;
    const colour = node.color ?? colours.layers[hueOf(node.layer)]!;
    context.globalAlpha = lit.nodes && !lit.nodes.has(at) ? 0.3 : 1;
    if (scale < FAR) {
      context.fillStyle = colour;
      context.fillRect(box.x, box.y, box.width, box.height);
      context.globalAlpha = 1;
      return;
    }
    const chosen = lit.chosen === at || lit.hovered === at;
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, 7);
    context.fillStyle = colours.panel;
    context.fill();
    context.save();
    context.clip();
    context.fillStyle = colour;
    context.globalAlpha *= 0.13;
    context.fillRect(box.x, box.y, box.width, HEAD);
    context.globalAlpha /= 0.13;
    context.fillRect(box.x, box.y, 5, box.height);
    context.restore();
    context.lineWidth = chosen ? 2 : 1;
    context.strokeStyle = chosen ? colours.accent : colours.line;
    if (node.materialized === "ephemeral") context.setLineDash([4, 3]);
    context.stroke();
    context.setLineDash([]);
    context.font = FONT;
    context.fillStyle = colours.text;
    context.fillText(shorten(node.name), box.x + 15, box.y + HEAD / 2 + 0.5);
    const letter = letters[node.type];
    if (letter) {
      context.font = SMALL;
      context.fillStyle = colours.faint;
      context.textAlign = "right";
      context.fillText(letter, box.x + box.width - 20, box.y + HEAD / 2 + 0.5);
      context.textAlign = "left";
    }
    const state = worst([mood(node.last?.status), mood(node.fresh?.status), ...(testsOf.get(place) ?? []).map((test) => mood(test.last?.status))]);
    if (state !== "none") {
      context.beginPath();
      context.arc(box.x + box.width - 11, box.y + HEAD / 2, 3.5, 0, Math.PI * 2);
      context.fillStyle = colours[state];
      context.fill();
    }
    context.font = SMALL;
    columns.forEach((column, row) => {
      const start = scene.path?.start;
      const isStart = start?.node === node.id && start.column === column;
      context.fillStyle = isStart ? colours.accent : colours.text;
      context.fillText(shorten(column), box.x + 18, box.y + HEAD + row * ROW + ROW / 2);
    });
    context.globalAlpha = 1;
  });
}

/** The whole scene in small, with what is in sight. */
export function drawMap(canvas: HTMLCanvasElement, scene: Scene, camera: Camera, view: { width: number; height: number }, colours: Palette): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const { scale, x, y } = mapCamera(scene, width, height);
  context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
  scene.nodes.forEach(({ node }, at) => {
    const box = scene.boxes[at]!;
    context.fillStyle = node.color ?? colours.layers[hueOf(node.layer)]!;
    context.fillRect(box.x, box.y, Math.max(box.width, 2 / scale), Math.max(box.height, 1.2 / scale));
  });
  context.strokeStyle = colours.accent;
  context.lineWidth = 1.5 / scale;
  context.strokeRect(-camera.x / camera.scale, -camera.y / camera.scale, view.width / camera.scale, view.height / camera.scale);
}

export function mapCamera(scene: Scene, width: number, height: number): Camera {
  const scale = Math.min((width - 12) / Math.max(scene.width, 1), (height - 12) / Math.max(scene.height, 1));
  return { scale, x: (width - scene.width * scale) / 2, y: (height - scene.height * scale) / 2 };
}
