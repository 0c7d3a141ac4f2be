//! The frame of a page: one file that loads nothing. The browser holds it to that, by a policy that allows no address at all.

use super::html::Html;

const STYLE: &str = include_str!("style.css");

/// The whole file: `title` as text, `body` below the style sheet, `scripts` at its end.
pub fn page(title: &str, body: &Html, scripts: &Html) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\n{scripts}\n</body>\n</html>\n",
        Html::text(title)
    )
}
