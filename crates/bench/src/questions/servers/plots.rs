//! Servers as plots: times by size, the curve of all calls, where the time goes, and each start by itself.

use std::collections::BTreeMap;

use crate::{
    questions::{
        evidence::{self, Evidence, Time},
        words,
    },
    statistics::{quantile, typical},
    verdict::{At, Kind, Plot, Series, X},
};

pub fn all(evidence: &Evidence<'_>, servers: &[u32]) -> Vec<Plot> {
    let mut plots = vec![by_size(evidence, servers), curve(evidence, servers), parts(evidence, servers)];
    plots.extend(starts(evidence, servers));
    plots
}

fn series(evidence: &Evidence<'_>, server: u32, kind: Kind, points: Vec<At>) -> Series {
    Series { name: evidence.name(server).to_owned(), kind, server: Some(server), points }
}

fn by_size(evidence: &Evidence<'_>, servers: &[u32]) -> Plot {
    let mut sizes: Vec<Option<u32>> =
        evidence.forms().iter().filter(|form| form.format != "pixels").map(|form| form.size).collect();
    sizes.sort_by_key(|size| std::cmp::Reverse(size.unwrap_or(u32::MAX)));
    sizes.dedup();
    let point = |server: u32, size: Option<u32>| {
        let times = evidence.times(server, evidence::total, |cell| cell.size == size && cell.format != "pixels");
        let name = size.map_or_else(|| "original".to_owned(), |size| size.to_string());
        let found = typical::quantile(&times, 0.5, evidence.seed(&format!("servers/size/{server}/{name}")))?;
        Some(words::at(X::Name(name), found))
    };
    let of = |server: &u32| {
        series(evidence, *server, Kind::Dots, sizes.iter().filter_map(|size| point(*server, *size)).collect())
    };
    Plot {
        id: "servers-by-size".to_owned(),
        title: "Time of a call by size".to_owned(),
        caption: "Medians of all encoded formats, with 95 % intervals from drawing pictures and starts anew."
            .to_owned(),
        x: words::axis("box, pixels"),
        y: words::axis("ms"),
        series: servers.iter().map(of).collect(),
        lines: Vec::new(),
        stacked: false,
    }
}

fn curve(evidence: &Evidence<'_>, servers: &[u32]) -> Plot {
    let of = |server: &u32| {
        let mut times: Vec<f64> =
            evidence.times(*server, evidence::total, |_| true).iter().map(|time| time.value).collect();
        times.sort_unstable_by(f64::total_cmp);
        let shares = (0..100).map(|percent| f64::from(percent) / 100.0).chain([0.995, 0.999, 1.0]);
        let points =
            shares.filter_map(|share| Some(words::bare(X::Number(quantile::sorted(&times, share)?), 100.0 * share)));
        series(evidence, *server, Kind::Line, points.collect())
    };
    Plot {
        id: "servers-curve".to_owned(),
        title: "How many calls are answered within a time".to_owned(),
        caption:
            "All calls of the grid; the further left the curve, the faster the server, and its upper end is the tail."
                .to_owned(),
        x: words::log_axis("ms"),
        y: words::axis("% of calls"),
        series: servers.iter().map(of).collect(),
        lines: Vec::new(),
        stacked: false,
    }
}

/// Means, for only these add up.
fn parts(evidence: &Evidence<'_>, servers: &[u32]) -> Plot {
    let parts: [(&str, Time); 3] = [
        ("messages to bytes and back", |call| Some(call.serialize_ms)),
        ("server, as it says", |call| call.server_ms),
        ("network and the rest", |call| {
            Some((call.total_ms - call.serialize_ms - call.server_ms.unwrap_or(0.0)).max(0.0))
        }),
    ];
    let mean = |server: u32, time: Time| {
        let times = evidence.times(server, time, |_| true);
        (!times.is_empty()).then(|| times.iter().map(|time| time.value).sum::<f64>() / times.len() as f64)
    };
    let bar = |server: &u32, time| Some(words::bare(X::Name(evidence.name(*server).to_owned()), mean(*server, time)?));
    let of = |(name, time): (&str, Time)| Series {
        name: name.to_owned(),
        kind: Kind::Bars,
        server: None,
        points: servers.iter().filter_map(|server| bar(server, time)).collect(),
    };
    Plot {
        id: "servers-parts".to_owned(),
        title: "Where the time goes".to_owned(),
        caption: "Mean of all calls. Of a server that does not say what it took, its work is in the rest.".to_owned(),
        x: words::axis("server"),
        y: words::axis("ms"),
        series: parts.into_iter().map(of).filter(|series| !series.points.is_empty()).collect(),
        lines: Vec::new(),
        stacked: true,
    }
}

/// Each start by itself, where there are several.
fn starts(evidence: &Evidence<'_>, servers: &[u32]) -> Option<Plot> {
    let of = |server: &u32| {
        let mut starts = BTreeMap::<usize, Vec<f64>>::new();
        for time in evidence.times(*server, evidence::total, |_| true) {
            starts.entry(time.start).or_default().push(time.value);
        }
        let points = starts
            .into_iter()
            .filter_map(|(start, times)| Some(words::bare(X::Name((start + 1).to_string()), quantile::median(times)?)));
        series(evidence, *server, Kind::Dots, points.collect())
    };
    let series: Vec<Series> = servers.iter().map(of).collect();
    series.iter().any(|series| series.points.len() > 1).then(|| Plot {
        id: "servers-starts".to_owned(),
        title: "Each start by itself".to_owned(),
        caption: "Medians of all calls of one start: what differs here no number of calls makes up for.".to_owned(),
        x: words::axis("start"),
        y: words::axis("ms"),
        series,
        lines: Vec::new(),
        stacked: false,
    })
}
