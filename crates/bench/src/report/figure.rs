//! A plot in the page: its words, the place that the page's script draws into, and its numbers as a table and a CSV file.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{csv, html, html::Html, numbers};
use crate::{
    error::Error,
    experiment::Server,
    verdict::{Plot, X},
};

/// Rows that a page shows; the CSV file always has all.
const MOST_ROWS: usize = 300;

/// More places on an axis than half a page's width has room for.
const MANY: usize = 9;

/// The figure; the drawing's place is `chart-<id>`.
///
/// # Errors
/// Those of [`csv::write`].
pub fn figure(plot: &Plot, servers: &[Server]) -> Result<Html, Error> {
    let (id, title, caption) = (Html::text(&plot.id), Html::text(&plot.title), Html::text(&plot.caption));
    let class = if places(plot) > MANY { "card wide" } else { "card" };
    let file = csv::write(plot, servers)?;
    let raw = numbers_behind(plot, servers, &file);
    Ok(Html::markup(format!(
        "<figure class=\"{class}\" aria-labelledby=\"title-{id}\"><h4 id=\"title-{id}\">{title}</h4>\
         <div class=\"plot\" id=\"chart-{id}\" data-plot=\"{id}\" role=\"img\" aria-label=\"{title}: {caption}\"></div>\
         <figcaption>{caption}</figcaption>{raw}</figure>\n"
    )))
}

fn numbers_behind(plot: &Plot, servers: &[Server], file: &[u8]) -> Html {
    let all = csv::rows(plot, servers).count();
    let shown = csv::rows(plot, servers).take(MOST_ROWS);
    let rows: Vec<Vec<Html>> = shown.map(|row| row.iter().map(Html::text).collect()).collect();
    let x = plain(&plot.x.title);
    let y = plain(&plot.y.title);
    let headers = ["series", "server", x, y, "low", "high", "note"];
    let rest = match all.saturating_sub(MOST_ROWS) {
        0 => Html::default(),
        rest => Html::markup(format!("<p class=\"note\">{} more in the CSV file.</p>", numbers::count(rest as u64))),
    };
    let table = html::table(&format!("{}, numbers", plot.title), &headers, &rows);
    let body = Html::from_iter([table, rest]);
    Html::markup(format!(
        "<div class=\"raw\">{}<a class=\"download\" download=\"{}\" href=\"data:text/csv;charset=utf-8;base64,{}\">CSV<span class=\"unseen\"> of {}</span></a></div>",
        html::folded("The numbers", &body),
        file_name(plot),
        STANDARD.encode(file),
        Html::text(&plot.title),
    ))
}

/// Of the plot's CSV file: its id, with a dash for whatever not every file system takes.
pub fn file_name(plot: &Plot) -> String {
    let fit = |letter: char| if letter.is_ascii_alphanumeric() || "-_".contains(letter) { letter } else { '-' };
    format!("{}.csv", plot.id.chars().map(fit).collect::<String>())
}

const fn plain(title: &str) -> &str {
    if title.is_empty() { "value" } else { title }
}

/// How many names stand on the x axis.
fn places(plot: &Plot) -> usize {
    let points = plot.series.iter().flat_map(|series| &series.points);
    let names = points.filter_map(|at| match &at.x {
        X::Name(name) => Some(name.as_str()),
        X::Number(_) => None,
    });
    names.collect::<BTreeSet<_>>().len()
}
