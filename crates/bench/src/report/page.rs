//! The report as one HTML file, from the verdicts down to how to do it again.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{conditions, html::Html, method, numbers, questions, servers, shell, trust};
use crate::{
    error::Error,
    record::Record,
    verdict::{Answered, Plot},
};

const DRAW: &str = include_str!("draw.js");

/// The text of `report.html`.
///
/// # Errors
/// Where a plot's numbers cannot be written.
pub fn page(record: &Record, answered: &[Answered]) -> Result<String, Error> {
    let sections = answered
        .iter()
        .map(|answer| questions::section(answer, &record.experiment))
        .collect::<Result<Html, Error>>()?;
    let body = Html::markup(format!(
        "<a class=\"skip\" href=\"#main\">Skip to the verdicts</a>\n<header><div class=\"inner\">{head}</div></header>\n<main id=\"main\">\n\
         <section aria-labelledby=\"verdicts-title\"><h2 id=\"verdicts-title\">Verdicts</h2>{cards}\
         <noscript><p class=\"note\">Plots need JavaScript; verdicts, findings and all numbers are here without it.</p></noscript></section>\n\
         {sections}\
         <section id=\"conditions\" class=\"plain\"><h2>Conditions</h2>{conditions}</section>\n\
         <section id=\"trust\" class=\"plain\"><h2>Can the numbers be trusted?</h2>{trust}</section>\n\
         <section id=\"method\" class=\"plain\"><h2>How it was measured</h2>{method}<h3>Do it again</h3>{repeat}</section>\n</main>",
        head = head(record),
        cards = questions::cards(answered),
        conditions = conditions::conditions(record),
        trust = trust::trust(record),
        method = method::method(&record.experiment),
        repeat = method::repeat(record),
    ));
    Ok(shell::page(&title(record), &body, &scripts(answered)?))
}

fn title(record: &Record) -> String {
    let names: Vec<&str> = record.experiment.servers.iter().map(|server| server.name.as_str()).collect();
    match names.as_slice() {
        [one] => format!("{one}, measured"),
        names if names.len() > 4 => format!("{} servers, compared", names.len()),
        names => format!("{}, compared", numbers::list(names)),
    }
}

fn head(record: &Record) -> Html {
    let experiment = &record.experiment;
    let end = record.ended.as_deref().map_or_else(
        || String::from("interrupted: what follows is of what was measured until then"),
        |end| format!("ended {}", numbers::moment(end)),
    );
    let legend = experiment
        .servers
        .iter()
        .enumerate()
        .map(|(at, server)| Html::markup(format!("<li>{}</li>", servers::named(at, server))));
    Html::markup(format!(
        "<p class=\"kind\">Bench of model servers</p><h1>{}</h1><p class=\"what\">{}</p>\
         <p class=\"when\">Begun {}, {}</p><ul class=\"legend\" aria-label=\"Servers and their colours\">{}</ul>{}",
        Html::text(title(record)),
        Html::text(what(record)),
        Html::text(numbers::moment(&record.begun)),
        Html::text(end),
        legend.collect::<Html>(),
        figures(record),
    ))
}

/// What was compared, in one line.
fn what(record: &Record) -> String {
    let experiment = &record.experiment;
    let cells = &experiment.cells;
    let formats: Vec<String> = cells.formats.iter().map(|format| format.to_uppercase()).collect();
    format!(
        "Model {} on {}, each as it is and in {} as {}{}.",
        experiment.model.name,
        numbers::of(pictures(record), "picture"),
        numbers::of(cells.sizes.len() as u64, "size"),
        numbers::list(&formats),
        if experiment.load.is_some() { ", one call at a time and under load" } else { ", one call at a time" },
    )
}

fn pictures(record: &Record) -> u64 {
    use crate::experiment::Pictures;
    match &record.experiment.pictures {
        Pictures::Generated { count, .. } => u64::from(*count),
        Pictures::Files(files) => files.len() as u64,
    }
}

/// The strip of key figures.
fn figures(record: &Record) -> Html {
    let (failed, all) = trust::failed_of_all(record);
    let tiles = [
        (numbers::count(record.experiment.servers.len() as u64), "servers"),
        (numbers::count(pictures(record)), "pictures"),
        (numbers::count(record.plates.len() as u64), "encoded pictures"),
        (numbers::count(record.experiment.repetitions.restarts.into()), "starts of each server"),
        (numbers::count(all), "calls"),
        (numbers::count(failed), "of them failed"),
    ];
    let tiles =
        tiles.iter().map(|(number, words)| format!("<div><dt>{words}</dt><dd>{number}</dd></div>")).collect::<String>();
    Html::markup(format!("<dl class=\"tiles\">{tiles}</dl>"))
}

/// Data, the packed library and what draws: all at the end, so that words come first.
fn scripts(answered: &[Answered]) -> Result<Html, Error> {
    let plots: Vec<&Plot> = answered.iter().flat_map(|answer| &answer.plots).collect();
    if plots.is_empty() {
        return Ok(Html::default());
    }
    let library = resizer::page::find("plotly.min.js", true)
        .ok_or_else(|| Error::Unreadable(String::from("this program was built without plotly.js; build it anew")))?;
    let data: Value = json!({ "plots": plots });
    Ok(Html::markup(format!(
        "<script type=\"application/json\" id=\"data\">{}</script>\n<script type=\"text/plain\" id=\"library\">{}</script>\n<script>\n{DRAW}</script>",
        for_script(&data)?,
        STANDARD.encode(&library.body),
    )))
}

/// JSON that no script element ends in: `<` is written as an escape.
fn for_script(data: &Value) -> Result<String, Error> {
    Ok(serde_json::to_string(data)?.replace('<', "\\u003c"))
}
