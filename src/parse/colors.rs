//! The colours that `docs.node_color` takes: names of HTML and hexadecimal codes
//! (<https://docs.getdbt.com/reference/resource-configs/docs>).

/// The names of CSS (<https://www.w3.org/TR/css-color-4/#named-colors>), in American spelling
/// as dbt has them.
const NAMES: &str = "aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue \
    blueviolet brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk \
    crimson cyan darkblue darkcyan darkgoldenrod darkgray darkgreen darkkhaki darkmagenta \
    darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen darkslateblue \
    darkslategray darkturquoise darkviolet deeppink deepskyblue dimgray dodgerblue firebrick \
    floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow \
    honeydew hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen \
    lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen \
    lightpink lightsalmon lightseagreen lightskyblue lightslategray lightsteelblue lightyellow \
    lime limegreen linen magenta maroon mediumaquamarine mediumblue mediumorchid mediumpurple \
    mediumseagreen mediumslateblue mediumspringgreen mediumturquoise mediumvioletred \
    midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange \
    orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff \
    peru pink plum powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon \
    sandybrown seagreen seashell sienna silver skyblue slateblue slategray snow springgreen \
    steelblue tan teal thistle tomato turquoise violet wheat white whitesmoke yellow \
    yellowgreen";

/// Whether a text names a colour.
pub fn is_color(text: &str) -> bool {
    let text = text.to_lowercase();
    match text.strip_prefix('#') {
        Some(code) => {
            matches!(code.len(), 3 | 6) && code.chars().all(|digit| digit.is_ascii_hexdigit())
        }
        None => NAMES.split(' ').any(|name| name == text),
    }
}

#[cfg(test)]
mod tests {
    use super::is_color;

    #[test]
    fn names_and_codes_are_colours() {
        for color in ["blue", "RebeccaPurple", "#FFF", "#00ff7f"] {
            assert!(is_color(color), "{color}");
        }
        for text in ["", "notacolor", "#ff", "#ggg", "blue green"] {
            assert!(!is_color(text), "{text}");
        }
    }
}
