//! The servers of an experiment and what is known of each.

use super::{html, html::Html, palette};
use crate::experiment::{Build, Server};

/// A server a row.
pub fn table(servers: &[Server]) -> Html {
    let rows: Vec<Vec<Html>> = servers.iter().enumerate().map(|(at, server)| row(at, server)).collect();
    html::table("Servers", &["Server", "Build", "Address", "What is known of it"], &rows)
}

fn row(at: usize, server: &Server) -> Vec<Html> {
    let facts = server.facts.iter().map(|(name, value)| {
        Html::markup(format!("<div><dt>{}</dt><dd>{}</dd></div>", Html::text(name), Html::text(value)))
    });
    vec![
        named(at, server),
        Html::text(server.build.as_ref().map_or_else(|| String::from("not known"), build)),
        Html::markup(format!("<code>{}</code>", Html::text(&server.address))),
        Html::markup(format!("<dl class=\"facts\">{}</dl>", facts.collect::<Html>())),
    ]
}

/// The name beside its colour.
pub fn named(at: usize, server: &Server) -> Html {
    Html::markup(format!(
        "<span class=\"swatch\" style=\"background:{}\" aria-hidden=\"true\"></span>{}",
        palette::hue(at),
        Html::text(&server.name)
    ))
}

/// Device, flags and limit, in words.
pub fn build(build: &Build) -> String {
    let cpus = match build.cpus.as_deref() {
        None => String::from("all CPUs"),
        Some("1") => String::from("1 CPU"),
        Some(cpus) => format!("{cpus} CPUs"),
    };
    let simulated = if build.simulated { ", GPU only simulated" } else { "" };
    format!("{}, {}, {cpus}{simulated}", build.device, build.flags)
}
