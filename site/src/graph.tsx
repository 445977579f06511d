// The lineage graph: a canvas that can be moved, zoomed and walked through with the keyboard.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { children as childrenOf, parents as parentsOf, reach, type Node } from "./data";
import { draw, drawMap, mapCamera, palette, type Camera, type Palette } from "./canvas";
import { columnAt, ROW, scene as sceneOf, type Scene, type View } from "./scene";
import { useTheme } from "./theme";

/** The width of the panel about the chosen node. */
const BESIDE = 310;

export interface GraphProps {
  view: View;
  /** Called with the scene when it is laid out. */
  onScene?: (scene: Scene) => void;
  onChoose?: (node: Node | null) => void;
  onOpen: (node: Node) => void;
  onColumn?: (node: Node, column: string) => void;
  /** A small graph in a page: no minimap, no zooming by wheel. */
  small?: boolean;
}

export function Graph({ view, onScene, onChoose, onOpen, onColumn, small = false }: GraphProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const map = useRef<HTMLCanvasElement>(null);
  const [scene, setScene] = useState<Scene | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const camera = useRef<Camera>({ x: 0, y: 0, scale: 1 });
  const colours = useRef<Palette | null>(null);
  const frame = useRef(0);
  const theme = useTheme();
  const key = JSON.stringify(view);

  useEffect(() => {
    // The page is drawn first: laying out thousands of nodes takes a moment.
    const timer = setTimeout(() => {
      const made = sceneOf(view);
      setScene(made);
      setHovered(null);
      const at = made.nodes.findIndex((it) => it.node.id === (view.focus ?? made.path?.start.node));
      setChosen(at < 0 ? null : at);
      onScene?.(made);
      if (!canvas.current) return;
      // Room for what is told about the chosen node.
      const beside = !small && at >= 0 && canvas.current.clientWidth > 900 ? BESIDE : 0;
      camera.current = fit(made, canvas.current, at < 0 ? null : at, made.path ? 0 : beside);
    }, 0);
    return () => clearTimeout(timer);
  }, [key]);

  const lit = useMemo(() => {
    const at = hovered ?? (small ? null : chosen);
    const nodes = scene && at !== null && !scene.path ? litNodes(scene, at) : null;
    return { hovered, chosen, nodes };
  }, [scene, hovered, chosen, small]);

  const paint = () => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      if (!canvas.current || !scene) return;
      colours.current ??= palette();
      draw(canvas.current, scene, camera.current, lit, colours.current);
      const size = { width: canvas.current.clientWidth, height: canvas.current.clientHeight };
      if (map.current) drawMap(map.current, scene, camera.current, size, colours.current);
    });
  };
  useEffect(() => {
    colours.current = null;
    paint();
  }, [scene, lit, theme]);
  useEffect(() => {
    const observer = new ResizeObserver(() => paint());
    if (canvas.current) observer.observe(canvas.current);
    return () => observer.disconnect();
  });

  const choose = (at: number | null) => {
    setChosen(at);
    onChoose?.(at === null ? null : scene!.nodes[at]!.node);
  };
  const zoom = (factor: number, x?: number, y?: number) => {
    if (!canvas.current) return;
    const [centreX, centreY] = [x ?? canvas.current.clientWidth / 2, y ?? canvas.current.clientHeight / 2];
    const { current } = camera;
    const scale = Math.min(2.5, Math.max(0.02, current.scale * factor));
    camera.current = {
      scale,
      x: centreX - ((centreX - current.x) / current.scale) * scale,
      y: centreY - ((centreY - current.y) / current.scale) * scale,
    };
    paint();
  };
  const fitAll = () => {
    if (canvas.current && scene) camera.current = fit(scene, canvas.current, null);
    paint();
  };
  const show = (at: number) => {
    if (!canvas.current || !scene) return;
    const box = scene.boxes[at]!;
    const { scale, x, y } = camera.current;
    const [left, top] = [box.x * scale + x, box.y * scale + y];
    const outside = left < 20 || top < 20 || left + box.width * scale > canvas.current.clientWidth - 20 || top + box.height * scale > canvas.current.clientHeight - 20;
    if (outside) camera.current = centred(scene, canvas.current, at, scale);
  };

  // Pointers: one moves, two zoom; a click chooses, a double click opens.
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const moved = useRef(false);
  const place = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const at = (point: { x: number; y: number }): number | null => {
    if (!scene) return null;
    const { scale, x, y } = camera.current;
    return hit(scene, (point.x - x) / scale, (point.y - y) / scale);
  };
  const down = (event: PointerEvent) => {
    canvas.current!.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, place(event));
    moved.current = false;
  };
  const move = (event: PointerEvent) => {
    const point = place(event);
    const before = pointers.current.get(event.pointerId);
    if (!before) {
      const under = at(point);
      if (under !== hovered) setHovered(under);
      return;
    }
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId);
    if (others.length === 1) {
      const other = others[0]![1];
      const distance = (it: { x: number; y: number }) => Math.hypot(it.x - other.x, it.y - other.y) || 1;
      zoom(distance(point) / distance(before), (point.x + other.x) / 2, (point.y + other.y) / 2);
    } else {
      camera.current = { ...camera.current, x: camera.current.x + point.x - before.x, y: camera.current.y + point.y - before.y };
      paint();
    }
    if (Math.hypot(point.x - before.x, point.y - before.y) > 2) moved.current = true;
    pointers.current.set(event.pointerId, point);
  };
  const up = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
    if (moved.current || !scene) return;
    const point = place(event);
    const under = at(point);
    const column = under === null ? null : columnUnder(scene, under, camera.current, point);
    if (under !== null && column !== null) onColumn?.(scene.nodes[under]!.node, column);
    else if (small && under !== null) onOpen(scene.nodes[under]!.node);
    else choose(under);
    canvas.current!.focus({ preventScroll: true });
  };
  const wheel = (event: WheelEvent) => {
    if (small && !event.ctrlKey) return;
    event.preventDefault();
    const point = place(event);
    if (event.ctrlKey || Math.abs(event.deltaY) >= 50 || event.deltaMode !== 0) zoom(Math.exp(-event.deltaY / 400), point.x, point.y);
    else {
      camera.current = { ...camera.current, x: camera.current.x - event.deltaX, y: camera.current.y - event.deltaY };
      paint();
    }
  };
  useEffect(() => {
    const element = canvas.current;
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  });

  const keydown = (event: KeyboardEvent) => {
    if (!scene || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = step(scene, chosen, event.key);
    if (to !== undefined) {
      choose(to);
      show(to);
    } else if (event.key === "Enter" && chosen !== null) onOpen(scene.nodes[chosen]!.node);
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fitAll();
    else if (event.key === "Escape" && chosen !== null) choose(null);
    else return;
    event.preventDefault();
  };

  const jump = (event: PointerEvent) => {
    if (!map.current || !scene || !canvas.current || event.buttons === 0) return;
    const box = map.current.getBoundingClientRect();
    const small = mapCamera(scene, box.width, box.height);
    const [x, y] = [(event.clientX - box.left - small.x) / small.scale, (event.clientY - box.top - small.y) / small.scale];
    const { scale } = camera.current;
    camera.current = { scale, x: canvas.current.clientWidth / 2 - x * scale, y: canvas.current.clientHeight / 2 - y * scale };
    paint();
  };

  const name = chosen !== null && scene ? scene.nodes[chosen]?.node.name : undefined;
  return (
    <div class={`graph ${small ? "small" : ""}`} data-nodes={scene?.nodes.length} data-edges={scene?.edges.length}>
      <canvas
        ref={canvas} tabIndex={0} role="application"
        aria-label={`Lineage graph of ${scene?.nodes.length ?? 0} nodes. Arrow keys walk, Enter opens, plus and minus zoom, 0 shows all.${name ? ` At ${name}.` : ""}`}
        style={{ cursor: hovered === null ? "grab" : "pointer" }}
        onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={(event) => pointers.current.delete(event.pointerId)}
        onPointerLeave={() => pointers.current.size === 0 && setHovered(null)}
        onDblClick={(event) => { const under = at(place(event)); if (under !== null && scene) onOpen(scene.nodes[under]!.node); }}
        onKeyDown={keydown}
      />
      {scene === null ? <p class="waiting">Laying out…</p> : null}
      {scene?.nodes.length === 0 ? <p class="waiting">Nothing matches this selection.</p> : null}
      {small ? null : (
        <>
          <div class="zoom" role="group" aria-label="Zoom">
            <button type="button" onClick={() => zoom(1.25)} aria-label="Zoom in">+</button>
            <button type="button" onClick={() => zoom(0.8)} aria-label="Zoom out">−</button>
            <button type="button" onClick={fitAll} aria-label="Show all" title="Show all">⤢</button>
          </div>
          {scene && scene.nodes.length > 12 ? <canvas ref={map} class="minimap" aria-hidden="true" onPointerDown={jump} onPointerMove={jump} /> : null}
        </>
      )}
    </div>
  );
}

/** Everything that a node depends on or is used by, within the scene. */
function litNodes(scene: Scene, at: number): Set<number> {
  const index = new Map(scene.nodes.map((it, index) => [it.place, index]));
  const start = scene.nodes[at]!.place;
  const all = [...reach([start], parentsOf), ...reach([start], childrenOf)];
  return new Set(all.flatMap((place) => index.get(place) ?? []));
}

function fit(scene: Scene, canvas: HTMLCanvasElement, at: number | null, beside = 0): Camera {
  const [width, height] = [canvas.clientWidth - beside, canvas.clientHeight];
  const scale = Math.min(1, (width - 48) / Math.max(scene.width, 1), (height - 48) / Math.max(scene.height, 1));
  if (at !== null && scale < 0.45) return centred(scene, canvas, at, 0.8);
  return { scale, x: (width - scene.width * scale) / 2, y: (height - scene.height * scale) / 2 };
}

function centred(scene: Scene, canvas: HTMLCanvasElement, at: number, scale: number): Camera {
  const box = scene.boxes[at]!;
  return {
    scale, x: canvas.clientWidth / 2 - (box.x + box.width / 2) * scale, y: canvas.clientHeight / 2 - (box.y + box.height / 2) * scale,
  };
}

function hit(scene: Scene, x: number, y: number): number | null {
  const at = scene.boxes.findIndex((box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height);
  return at < 0 ? null : at;
}

function columnUnder(scene: Scene, at: number, camera: Camera, point: { x: number; y: number }): string | null {
  const y = (point.y - camera.y) / camera.scale;
  return scene.nodes[at]!.columns.find((column) => Math.abs((columnAt(scene, at, column)?.y ?? Infinity) - y) <= ROW / 2) ?? null;
}

/** Where an arrow key leads: left and right along edges, up and down within a rank. */
function step(scene: Scene, from: number | null, key: string): number | undefined {
  if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(key) || scene.nodes.length === 0) return undefined;
  if (from === null) return 0;
  const box = scene.boxes[from]!;
  const nearest = (places: number[]) =>
    places.sort((one, other) => Math.abs(scene.boxes[one]!.y - box.y) - Math.abs(scene.boxes[other]!.y - box.y))[0];
  if (key === "ArrowLeft") return nearest(scene.edges.flatMap(([one, other]) => (other === from ? [one] : []))) ?? from;
  if (key === "ArrowRight") return nearest(scene.edges.flatMap(([one, other]) => (one === from ? [other] : []))) ?? from;
  const sign = key === "ArrowUp" ? -1 : 1;
  return nearest(scene.boxes.flatMap((other, at) => (other.x === box.x && (other.y - box.y) * sign > 0 ? [at] : []))) ?? from;
}
