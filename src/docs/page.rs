//! The site: one page that holds its data, its styles and its program.
//!
//! The page is built from `site/` by `scripts/site.sh`, so that building gdbt needs no Node.

use crate::diagnostic::{Code, Diagnostic, Result};
use serde_json::Value as Json;

/// The page without data.
const PAGE: &str = include_str!("../../site/dist/index.html");
/// Where the data goes.
const PLACE: &str = "<script id=\"data\" type=\"application/json\">null</script>";

/// The page with this data.
///
/// # Errors
/// The page in this build of gdbt is not whole.
pub fn render(data: &Json) -> Result<String> {
    let Some((head, tail)) = PAGE.split_once(PLACE) else {
        return Err(Diagnostic::new(
            Code::Internal,
            "The documentation page has no place for data",
        ));
    };
    // No text in the data may end the element that holds it.
    let data = data.to_string().replace('<', "\\u003c");
    Ok(format!("{head}{}{tail}", PLACE.replace("null", &data)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_cannot_break_out() {
        let page = render(&json!({"a": "</script><script>alert(1)</script><!--"})).unwrap();
        assert!(!page.contains("<script>alert(1)"));
        let (_, data) = page.split_once("type=\"application/json\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: Json = serde_json::from_str(data).unwrap();
        assert_eq!(data["a"], "</script><script>alert(1)</script><!--");
    }
}
