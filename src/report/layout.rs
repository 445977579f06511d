//! A layered layout from left to right (Sugiyama's method): columns by longest path, order by
//! barycentres, heights by least squares. `site/src/layout.ts` does the same in the browser.

/// A node's place, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Place {
    /// Its left side.
    pub x: f64,
    /// Its upper side.
    pub y: f64,
}

/// Where everything is.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// Places of the nodes.
    pub nodes: Vec<Place>,
    /// For each edge the points between its ends: for each column that it passes, where it
    /// enters and leaves.
    pub bends: Vec<Vec<Place>>,
    /// The picture's width.
    pub width: f64,
    /// The picture's height.
    pub height: f64,
}

/// Between columns.
const COLUMN_GAP: f64 = 64.0;
/// Between nodes of one column.
const ROW_GAP: f64 = 14.0;
/// How often columns are ordered and aligned.
const SWEEPS: usize = 16;

#[derive(Debug, Clone, Default)]
struct Vertex {
    column: usize,
    order: usize,
    height: f64,
    y: f64,
    before: Vec<usize>,
    after: Vec<usize>,
}

impl Vertex {
    fn centre(&self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// Lays out nodes of these widths and of one height. The edges have no cycle.
pub fn layout(widths: &[f64], height: f64, edges: &[(usize, usize)]) -> Layout {
    let mut vertices: Vec<Vertex> = columns(widths.len(), edges)
        .into_iter()
        .map(|column| Vertex { column, height, ..Vertex::default() })
        .collect();
    let chains: Vec<Vec<usize>> =
        edges.iter().map(|(from, to)| chain(&mut vertices, *from, *to)).collect();
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for (at, vertex) in vertices.iter().enumerate() {
        if columns.len() <= vertex.column {
            columns.resize(vertex.column + 1, Vec::new());
        }
        columns[vertex.column].push(at);
    }
    order(&mut vertices, &mut columns);
    settle(&mut vertices, &columns);
    let top = vertices.iter().map(|it| it.y).fold(f64::INFINITY, f64::min);
    let bottom = vertices.iter().map(|it| it.y + it.height).fold(f64::NEG_INFINITY, f64::max);
    let mut lefts = Vec::new();
    let mut x = 0.0;
    for column in &columns {
        let width = column.iter().filter_map(|at| widths.get(*at)).copied().fold(0.0, f64::max);
        lefts.push((x, x + width));
        x += width + COLUMN_GAP;
    }
    let place = |at: usize| {
        let vertex = &vertices[at];
        Place { x: lefts[vertex.column].0, y: vertex.y - top }
    };
    let bends = chains.into_iter().map(|dummies| {
        let points = dummies.into_iter().flat_map(|at| {
            let enters = place(at);
            [enters, Place { x: lefts[vertices[at].column].1, ..enters }]
        });
        points.collect()
    });
    Layout {
        nodes: (0..widths.len()).map(place).collect(),
        bends: bends.collect(),
        width: (x - COLUMN_GAP).max(0.0),
        height: if vertices.is_empty() { 0.0 } else { bottom - top },
    }
}

/// The longest path to each node. What has no parents stands just before its first child.
fn columns(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut after = vec![Vec::new(); count];
    let mut open = vec![0_usize; count];
    for (from, to) in edges {
        after[*from].push(*to);
        open[*to] += 1;
    }
    let roots: Vec<usize> = (0..count).filter(|at| open[*at] == 0).collect();
    let mut columns = vec![0_usize; count];
    let mut ready = roots.clone();
    while let Some(at) = ready.pop() {
        for child in &after[at] {
            columns[*child] = columns[*child].max(columns[at] + 1);
            open[*child] -= 1;
            if open[*child] == 0 {
                ready.push(*child);
            }
        }
    }
    for at in roots {
        if let Some(first) = after[at].iter().map(|child| columns[*child]).min() {
            columns[at] = first.saturating_sub(1);
        }
    }
    columns
}

/// Joins two vertices by way of one of no height in each column between them.
fn chain(vertices: &mut Vec<Vertex>, from: usize, to: usize) -> Vec<usize> {
    let mut last = from;
    let mut between = Vec::new();
    for column in vertices[from].column + 1..vertices[to].column {
        let at = vertices.len();
        vertices.push(Vertex { column, before: vec![last], ..Vertex::default() });
        vertices[last].after.push(at);
        between.push(at);
        last = at;
    }
    vertices[last].after.push(to);
    vertices[to].before.push(last);
    between
}

/// The columns in the order of a sweep, from the left or from the right.
fn sweep(count: usize, forwards: bool) -> Vec<usize> {
    if forwards { (0..count).collect() } else { (0..count).rev().collect() }
}

/// Orders each column by the mean place of neighbours.
fn order(vertices: &mut [Vertex], columns: &mut [Vec<usize>]) {
    let renumber = |vertices: &mut [Vertex], column: &[usize]| {
        for (order, at) in column.iter().enumerate() {
            vertices[*at].order = order;
        }
    };
    for column in columns.iter() {
        renumber(vertices, column);
    }
    for round in 0..SWEEPS {
        let forwards = round % 2 == 0;
        for column in sweep(columns.len(), forwards) {
            let mean = |at: usize| {
                let vertex = &vertices[at];
                let near = if forwards { &vertex.before } else { &vertex.after };
                let place =
                    |at: &usize| share(vertices[*at].order, columns[vertices[*at].column].len());
                match near.len() {
                    0 => place(&at),
                    count => near.iter().map(place).sum::<f64>() / float(count),
                }
            };
            let mut means: Vec<(f64, usize)> =
                columns[column].iter().map(|at| (mean(*at), *at)).collect();
            means.sort_by(|one, other| one.0.total_cmp(&other.0));
            columns[column] = means.into_iter().map(|(_, at)| at).collect();
            renumber(vertices, &columns[column]);
        }
    }
}

/// Heights: each vertex near the mean of its neighbours, in the order of its column.
fn settle(vertices: &mut [Vertex], columns: &[Vec<usize>]) {
    for column in columns {
        let mut y = 0.0;
        for at in column {
            vertices[*at].y = y;
            y += vertices[*at].height + ROW_GAP;
        }
    }
    for round in 0..SWEEPS {
        let forwards = round % 2 == 1;
        for column in sweep(columns.len(), forwards) {
            let wish = |at: &usize| {
                let vertex = &vertices[*at];
                let (before, after) = (vertex.before.iter(), vertex.after.iter());
                let near: Vec<usize> = match (round + 2 >= SWEEPS, forwards) {
                    (true, _) => before.chain(after).copied().collect(),
                    (false, true) => before.copied().collect(),
                    (false, false) => after.copied().collect(),
                };
                match near.len() {
                    0 => vertex.y,
                    count => {
                        let sum: f64 = near.iter().map(|at| vertices[*at].centre()).sum();
                        sum / float(count) - vertex.height / 2.0
                    }
                }
            };
            let wishes: Vec<f64> = columns[column].iter().map(wish).collect();
            spread(vertices, &columns[column], &wishes);
        }
    }
}

/// The heights nearest to the wishes that keep order and distance: isotonic regression.
fn spread(vertices: &mut [Vertex], column: &[usize], wishes: &[f64]) {
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(column.len());
    // Sum and count of neighbouring vertices that move together.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (at, wish) in column.iter().zip(wishes) {
        let mut block = (wish - offset, 1);
        while let Some(last) = blocks.last().copied() {
            if last.0 / float(last.1) <= block.0 / float(block.1) {
                break;
            }
            block = (block.0 + last.0, block.1 + last.1);
            blocks.pop();
        }
        blocks.push(block);
        offsets.push(offset);
        offset += vertices[*at].height + ROW_GAP;
    }
    let heights =
        blocks.iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / float(*count), *count));
    for ((at, offset), height) in column.iter().zip(offsets).zip(heights) {
        vertices[*at].y = height + offset;
    }
}

fn share(part: usize, whole: usize) -> f64 {
    float(part) / float(whole.max(1))
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_stand_right_of_what_they_depend_on_and_apart() {
        let edges = [(0, 2), (1, 2), (2, 3), (0, 3), (4, 3)];
        let layout = layout(&[100.0; 5], 30.0, &edges);
        for (from, to) in edges {
            assert!(layout.nodes[from].x + 100.0 < layout.nodes[to].x, "{from} {to}");
        }
        for one in 0..5 {
            for other in one + 1..5 {
                let (one, other) = (layout.nodes[one], layout.nodes[other]);
                assert!(
                    (one.x - other.x).abs() > 1.0 || (one.y - other.y).abs() >= 30.0,
                    "{one:?} {other:?}"
                );
            }
        }
        // The edge past a column is led through it; a root stands next to its child.
        assert_eq!(layout.bends[3].len(), 2);
        assert!((layout.nodes[4].x - layout.nodes[2].x).abs() < 1e-9);
        assert!(layout.nodes.iter().all(|it| it.y >= 0.0 && it.y + 30.0 <= layout.height));
    }

    #[test]
    fn nothing_is_laid_out_to_nothing() {
        let layout = layout(&[], 30.0, &[]);
        assert_eq!((layout.width, layout.height), (0.0, 0.0));
    }
}
