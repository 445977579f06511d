// A layered layout from left to right (Sugiyama's method): ranks by longest path, order by
// barycentres, heights by least squares. dagre gives like pictures and took six times as long
// for 5,000 nodes, which is too long for a page that opens at once.

export interface Box {
  width: number;
  height: number;
}

export interface Placed extends Box {
  x: number;
  y: number;
}

export interface Layout {
  boxes: Placed[];
  /** For each edge the points it passes through between its ends. */
  bends: { x: number; y: number }[][];
  width: number;
  height: number;
}

export interface Gaps {
  /** Between ranks. */
  rank: number;
  /** Between boxes of one rank. */
  box: number;
}

interface Vertex extends Box {
  rank: number;
  order: number;
  y: number;
  before: number[];
  after: number[];
  dummy: boolean;
}

/** Lays out boxes and edges between their places. The graph has no cycles. */
export function layout(boxes: Box[], edges: [number, number][], gaps: Gaps): Layout {
  const placed: Placed[] = boxes.map((box) => ({ ...box, x: 0, y: 0 }));
  const bends: Layout["bends"] = edges.map(() => []);
  const parts = components(boxes.length, edges);
  const size = { width: 0, height: 0 };
  const lone: number[] = [];
  for (const part of parts) {
    if (part.length === 1) {
      lone.push(part[0]!);
      continue;
    }
    const inner = new Map(part.map((place, at) => [place, at]));
    const own = edges.flatMap((edge, at) => (inner.has(edge[0]) ? [at] : []));
    const found = connected(
      part.map((place) => boxes[place]!),
      own.map((at) => [inner.get(edges[at]![0])!, inner.get(edges[at]![1])!]),
      gaps,
    );
    part.forEach((place, at) => {
      const box = found.boxes[at]!;
      placed[place] = { ...box, y: box.y + size.height };
    });
    own.forEach((edge, at) => {
      bends[edge] = found.bends[at]!.map((point) => ({ x: point.x, y: point.y + size.height }));
    });
    size.width = Math.max(size.width, found.width);
    size.height += found.height + gaps.box * 2;
  }
  shelve(lone.map((place) => placed[place]!), size, gaps);
  return { boxes: placed, bends, ...size };
}

/** Boxes without edges stand in rows below the rest. */
function shelve(boxes: Placed[], size: { width: number; height: number }, gaps: Gaps): void {
  const width = Math.max(size.width, Math.sqrt(boxes.length) * 320);
  let [x, row] = [0, 0];
  for (const box of boxes) {
    if (x > 0 && x + box.width > width) {
      size.height += row + gaps.box;
      [x, row] = [0, 0];
    }
    [box.x, box.y] = [x, size.height];
    x += box.width + gaps.rank / 3;
    row = Math.max(row, box.height);
    size.width = Math.max(size.width, box.x + box.width);
  }
  size.height += row;
}

/** The connected parts, the largest first. */
function components(count: number, edges: [number, number][]): number[][] {
  const root = Array.from({ length: count }, (_, place) => place);
  const find = (place: number): number => {
    while (root[place] !== place) place = root[place] = root[root[place]!]!;
    return place;
  };
  for (const [from, to] of edges) root[find(from)] = find(to);
  const parts = new Map<number, number[]>();
  for (let place = 0; place < count; place++) {
    const part = parts.get(find(place));
    if (part) part.push(place);
    else parts.set(find(place), [place]);
  }
  return [...parts.values()].sort((one, other) => other.length - one.length);
}

function connected(boxes: Box[], edges: [number, number][], gaps: Gaps): Layout {
  const ranks = rank(boxes.length, edges);
  const vertices: Vertex[] = boxes.map((box, place) => ({
    ...box,
    rank: ranks[place]!,
    order: 0,
    y: 0,
    before: [],
    after: [],
    dummy: false,
  }));
  const chains = edges.map(([from, to]) => chain(vertices, from, to));
  const rows: number[][] = [];
  vertices.forEach((vertex, at) => (rows[vertex.rank] ??= []).push(at));
  order(vertices, rows);
  settle(vertices, rows, gaps.box);
  let x = 0;
  const lefts = rows.map((row) => {
    const left = x;
    x += Math.max(...row.map((at) => vertices[at]!.width)) + gaps.rank;
    return left;
  });
  const widths = rows.map((row) => Math.max(...row.map((at) => vertices[at]!.width)));
  const top = Math.min(...vertices.map((vertex) => vertex.y));
  const bottom = Math.max(...vertices.map((vertex) => vertex.y + vertex.height));
  return {
    boxes: boxes.map((box, place) => ({
      ...box,
      x: lefts[vertices[place]!.rank]!,
      y: vertices[place]!.y - top,
    })),
    bends: chains.map((dummies) =>
      dummies.flatMap((at) => {
        const vertex = vertices[at]!;
        const y = vertex.y - top;
        const left = lefts[vertex.rank]!;
        return [{ x: left, y }, { x: left + widths[vertex.rank]!, y }];
      }),
    ),
    width: x - gaps.rank,
    height: bottom - top,
  };
}

/** The longest path to each node; what has no parents stands just before its first child. */
function rank(count: number, edges: [number, number][]): number[] {
  const after: number[][] = Array.from({ length: count }, () => []);
  const left = new Array<number>(count).fill(0);
  for (const [from, to] of edges) {
    after[from]!.push(to);
    left[to]!++;
  }
  const ranks = new Array<number>(count).fill(0);
  const roots = left.flatMap((open, place) => (open === 0 ? [place] : []));
  const ready = [...roots];
  for (let place = ready.pop(); place !== undefined; place = ready.pop())
    for (const child of after[place]!) {
      ranks[child] = Math.max(ranks[child]!, ranks[place]! + 1);
      if (--left[child]! === 0) ready.push(child);
    }
  for (const place of roots)
    if (after[place]!.length > 0)
      ranks[place] = Math.min(...after[place]!.map((child) => ranks[child]!)) - 1;
  const least = Math.min(...ranks);
  return ranks.map((it) => it - least);
}

/** Joins two vertices by way of a dummy in each rank between them. */
function chain(vertices: Vertex[], from: number, to: number): number[] {
  const dummies: number[] = [];
  let last = from;
  for (let between = vertices[from]!.rank + 1; between < vertices[to]!.rank; between++) {
    const at = vertices.push({
      rank: between, order: 0, y: 0, width: 0, height: 0, before: [last], after: [], dummy: true,
    }) - 1;
    vertices[last]!.after.push(at);
    dummies.push(at);
    last = at;
  }
  vertices[last]!.after.push(to);
  vertices[to]!.before.push(last);
  return dummies;
}

/** Orders each rank by the mean place of neighbours, forwards and backwards. */
function order(vertices: Vertex[], rows: number[][]): void {
  // To begin with, by depth first from the left: families stay together.
  const seen = new Set<number>();
  const next = rows.map(() => 0);
  for (const start of rows.flat()) {
    const stack = [start];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const vertex = vertices[at]!;
      vertex.order = next[vertex.rank]!++;
      stack.push(...vertex.before, ...vertex.after);
    }
  }
  for (const row of rows) row.sort((one, other) => vertices[one]!.order - vertices[other]!.order);
  const means = new Float64Array(vertices.length);
  const sweeps = vertices.length > 4000 ? 8 : 24;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const forwards = sweep % 2 === 0;
    for (const row of forwards ? rows : rows.toReversed()) {
      for (const at of row) {
        const vertex = vertices[at]!;
        const near = forwards ? vertex.before : vertex.after;
        let sum = near.length > 0 ? 0 : vertex.order / row.length;
        for (const it of near) sum += vertices[it]!.order / rows[vertices[it]!.rank]!.length / near.length;
        means[at] = sum;
      }
      row.sort((one, other) => means[one]! - means[other]!);
      row.forEach((at, order) => (vertices[at]!.order = order));
    }
  }
}

/** Heights: each vertex near the mean of its neighbours, without changing any order. */
function settle(vertices: Vertex[], rows: number[][], gap: number): void {
  for (const row of rows) {
    let y = 0;
    for (const at of row) {
      vertices[at]!.y = y;
      y += vertices[at]!.height + space(vertices[at]!, gap);
    }
  }
  const centre = (vertex: Vertex) => vertex.y + vertex.height / 2;
  const sweeps = vertices.length > 4000 ? 6 : 16;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const forwards = sweep % 2 === 1;
    for (const row of forwards ? rows : rows.toReversed()) {
      const wishes = row.map((at) => {
        const vertex = vertices[at]!;
        const last = sweep >= sweeps - 2;
        const near = last ? [...vertex.before, ...vertex.after] : forwards ? vertex.before : vertex.after;
        if (near.length === 0) return vertex.y;
        const weights = near.map((it) => (vertices[it]!.dummy && vertex.dummy ? 4 : 1));
        const total = weights.reduce((sum, it) => sum + it, 0);
        const mean = near.reduce((sum, it, at) => sum + centre(vertices[it]!) * weights[at]!, 0) / total;
        return mean - vertex.height / 2;
      });
      spread(row.map((at) => vertices[at]!), wishes, gap);
    }
  }
}

const space = (vertex: Vertex, gap: number): number => (vertex.dummy ? gap * 0.6 : gap);

/** The heights nearest to the wishes that keep order and distance: isotonic regression. */
function spread(row: Vertex[], wishes: number[], gap: number): void {
  let offset = 0;
  const offsets = row.map((vertex) => {
    const own = offset;
    offset += vertex.height + space(vertex, gap);
    return own;
  });
  const blocks: { sum: number; count: number }[] = [];
  wishes.forEach((wish, at) => {
    let block = { sum: wish - offsets[at]!, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count > block.sum / block.count; last = blocks.at(-1)) {
      block = { sum: block.sum + last.sum, count: block.count + last.count };
      blocks.pop();
    }
    blocks.push(block);
  });
  let at = 0;
  for (const block of blocks)
    for (let end = at + block.count; at < end; at++) row[at]!.y = block.sum / block.count + offsets[at]!;
}
