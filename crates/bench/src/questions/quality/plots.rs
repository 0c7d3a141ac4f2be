//! Agreement as plots: against bytes, and against size with quality apart.

use std::collections::BTreeMap;

use super::Kept;
use crate::{
    questions::{evidence::Evidence, words},
    verdict::{At, Kind, Line, Plot, Series, X},
};

pub fn all(evidence: &Evidence<'_>, kept: &[Kept]) -> Vec<Plot> {
    let wanted = Line { horizontal: true, at: 100.0 * (1.0 - evidence.margin()), name: "margin".to_owned() };
    let bytes = |kept: &Kept| Some(X::Number(100.0 * kept.bytes?.value));
    let size = |kept: &Kept| Some(X::Name(kept.form.size?.to_string()));
    vec![
        Plot {
            id: "quality-bytes".to_owned(),
            title: "Agreement over bytes".to_owned(),
            caption: "Each dot is a size in a format: how much of the original's bytes it takes, and how many pictures keep their best class. The upper left is best.".to_owned(),
            x: words::log_axis("% of the original's bytes"),
            y: words::axis("% of pictures with the original's best class"),
            series: series(kept, bytes),
            lines: vec![wanted.clone()],
            stacked: false,
        },
        Plot {
            id: "quality-sizes".to_owned(),
            title: "Agreement over size".to_owned(),
            caption: "PNG loses nothing but size; what JPEG lies below it at the same size is quality alone. With Wilson's 95 % intervals.".to_owned(),
            x: words::axis("box, pixels"),
            y: words::axis("% of pictures with the original's best class"),
            series: series(kept, size),
            lines: vec![wanted],
            stacked: false,
        },
    ]
}

/// One a format and quality, largest sizes first.
fn series(kept: &[Kept], x: impl Fn(&Kept) -> Option<X>) -> Vec<Series> {
    let mut formats: BTreeMap<String, Vec<&Kept>> = BTreeMap::new();
    for kept in kept {
        formats.entry(words::format(&kept.form)).or_default().push(kept);
    }
    let point = |kept: &&Kept| {
        let note = Some(format!("{}, {}", words::form(&kept.form), words::count(kept.pictures, "picture")));
        Some(At { note, ..words::at(x(kept)?, kept.top1.map(|share| 100.0 * share)) })
    };
    let of = |(name, mut kept): (String, Vec<&Kept>)| {
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.form.size));
        Series { name, kind: Kind::Dots, server: None, points: kept.iter().filter_map(point).collect() }
    };
    formats.into_iter().map(of).collect()
}
