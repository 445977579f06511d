//! Lineage as a picture (<https://www.w3.org/TR/SVG2/>).

use super::layout::{Place, layout};
use super::lineage::{Lineage, LineageNode};
use std::fmt::Write as _;

/// A node's height.
const HEIGHT: f64 = 34.0;
/// The width of a letter of the font, a little more than it is.
const LETTER: f64 = 7.6;
/// Around the picture.
const MARGIN: f64 = 20.0;
/// Above it, for the names of the layers.
const HEAD: f64 = 34.0;
/// Colours of layers, in the order of their first appearance.
const COLOURS: [&str; 8] =
    ["#b9770e", "#2477c9", "#6f4fd0", "#16885a", "#c2417f", "#8a6d3b", "#0e8f9b", "#b0492c"];

/// The picture, left to right, coloured by layer.
pub fn draw(lineage: &Lineage<'_>) -> String {
    let letters = |text: &str| u32::try_from(text.chars().count()).map_or(0.0, f64::from);
    let widths: Vec<f64> =
        lineage.nodes.iter().map(|node| letters(&node.name) * LETTER + 30.0).collect();
    let layout = layout(&widths, HEIGHT, &lineage.edges);
    let layers = lineage.layers();
    let colour = |node: &LineageNode<'_>| {
        let at = layers.get_index_of(node.layer.as_str()).unwrap_or_default();
        COLOURS[at % COLOURS.len()]
    };
    let (width, height) = (layout.width + 2.0 * MARGIN, layout.height + 2.0 * MARGIN + HEAD);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"{} {} {width:.0} {height:.0}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"13\">\n<rect x=\"{}\" y=\"{}\" width=\"100%\" height=\"100%\" \
         fill=\"#ffffff\"/>\n",
        -MARGIN,
        -MARGIN - HEAD,
        -MARGIN,
        -MARGIN - HEAD,
    );
    let mut x = 0.0;
    for (at, layer) in layers.keys().enumerate() {
        let _ = writeln!(
            text,
            "<rect x=\"{x:.0}\" y=\"{}\" width=\"10\" height=\"10\" rx=\"3\" fill=\"{}\"/><text \
             x=\"{:.0}\" y=\"{}\" fill=\"#475066\">{}</text>",
            -HEAD,
            COLOURS[at % COLOURS.len()],
            x + 16.0,
            9.5 - HEAD,
            escape(layer)
        );
        x += letters(layer) * LETTER + 36.0;
    }
    for ((from, to), bends) in lineage.edges.iter().zip(&layout.bends) {
        let (start, end) = (layout.nodes[*from], layout.nodes[*to]);
        let mut at = Place { x: start.x + widths[*from], y: start.y + HEIGHT / 2.0 };
        let mut path = String::new();
        for bend in bends.chunks_exact(2) {
            let _ = write!(path, "{}L{:.1} {:.1}", curve(at, bend[0]), bend[1].x, bend[1].y);
            at = bend[1];
        }
        path.push_str(&curve(at, Place { x: end.x, y: end.y + HEIGHT / 2.0 }));
        let _ = writeln!(
            text,
            "<path d=\"{path}\" fill=\"none\" stroke=\"#aab3c5\" stroke-width=\"1.3\"/>"
        );
    }
    for ((node, place), width) in lineage.nodes.iter().zip(&layout.nodes).zip(&widths) {
        let (x, y, colour) = (place.x, place.y, colour(node));
        let _ = writeln!(
            text,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{HEIGHT}\" rx=\"7\" fill=\"{colour}\" fill-opacity=\"0.12\" \
             stroke=\"{colour}\" stroke-opacity=\"0.5\"/><rect x=\"{x:.1}\" y=\"{y:.1}\" \
             width=\"5\" height=\"{HEIGHT}\" rx=\"2\" fill=\"{colour}\"/><text x=\"{:.1}\" \
             y=\"{:.1}\" fill=\"#1b2130\">{}</text></g>",
            escape(node.unique_id.as_str()),
            x + 15.0,
            y + HEIGHT / 2.0 + 4.5,
            escape(&node.name)
        );
    }
    text.push_str("</svg>\n");
    text
}

/// An edge between two columns.
fn curve(from: Place, to: Place) -> String {
    let bow = ((to.x - from.x) / 2.0).max(24.0);
    format!(
        "M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
        from.x,
        from.y,
        from.x + bow,
        from.y,
        to.x - bow,
        to.y,
        to.x,
        to.y
    )
}

/// Text inside of an element. XML allows no control characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}
