//! Whether a call's time depends on the picture's size, and by how much for each megapixel.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    questions::{
        cautions,
        evidence::{self, Evidence, Pair},
        not_measured, ratios,
        ratios::Compared,
        together, words,
    },
    record::Cell,
    statistics::{
        Interval, quantile,
        slope::{self, Lines},
    },
    verdict::{Answered, At, Finding, Kind, Plot, Series, State, X},
};

const ID: &str = "scaling";
const QUESTION: &str = "Does a call take longer for a larger picture?";

/// One server and one format, over sizes.
struct Scaled {
    server: u32,
    format: String,
    /// The time of each picture's largest to that of its smallest.
    compared: Compared,
    lines: Option<Lines>,
    /// Smallest and largest, megapixels.
    from_to: (f64, f64),
}

pub fn answer(evidence: &Evidence<'_>) -> Answered {
    let scaled: Vec<Scaled> = evidence
        .servers()
        .flat_map(|server| formats(evidence, server).into_iter().map(move |format| (server, format)))
        .filter_map(|(server, format)| scale(evidence, server, format))
        .collect();
    let (controls, encoded): (Vec<Scaled>, Vec<Scaled>) =
        scaled.into_iter().partition(|scaled| scaled.format == "pixels");
    if encoded.is_empty() {
        let why = "Not measured: no picture was answered in two sizes of one format. Give two or more `--sizes` that are smaller than the pictures.";
        return not_measured(ID, QUESTION, why.to_owned());
    }
    let (judged, of_controls) = (judge(evidence, &encoded), judge(evidence, &controls));
    let state = together(judged.iter().map(|finding| finding.state));
    let verdict = verdict(evidence, &encoded, &judged, (&controls, &of_controls), state);
    let mut findings = judged;
    findings.extend(encoded.iter().chain(&controls).flat_map(|scaled| lines(evidence, scaled)));
    findings.extend(of_controls);
    let mut cautions = cautions::of_times(evidence);
    if evidence.pictures().len() > 1 {
        cautions.push(
            "Intervals of slopes cover what differs from picture to picture, not from start to start.".to_owned(),
        );
    }
    Answered {
        id: ID.to_owned(),
        question: QUESTION.to_owned(),
        verdict,
        state,
        findings,
        plots: plots(evidence, encoded.iter().chain(&controls)),
        cautions,
    }
}

/// Formats that the server was asked for; of JPEG, the first quality that was wanted stands for all.
fn formats(evidence: &Evidence<'_>, server: u32) -> BTreeSet<String> {
    evidence.cells(server).filter(|cell| counts(evidence, cell)).map(|cell| cell.format.clone()).collect()
}

fn counts(evidence: &Evidence<'_>, cell: &Cell) -> bool {
    cell.quality.is_none() || cell.quality == evidence.record.experiment.cells.qualities.first().copied()
}

fn scale(evidence: &Evidence<'_>, server: u32, format: String) -> Option<Scaled> {
    let mut by_picture: BTreeMap<u32, Vec<(f64, &Cell)>> = BTreeMap::new();
    for (asked, cell, starts) in evidence.asked() {
        let answered = starts.values().any(|asked| !asked.calls.is_empty());
        if let Some(size) = evidence.megapixels(cell).filter(|_| asked == server && answered)
            && cell.format == format
            && counts(evidence, cell)
        {
            by_picture.entry(cell.picture).or_default().push((size, cell));
        }
    }
    by_picture.values_mut().for_each(|cells| cells.sort_by(|a, b| a.0.total_cmp(&b.0)));
    by_picture.retain(|_, cells| cells.first().zip(cells.last()).is_some_and(|(first, last)| first.0 < last.0));
    let ends = by_picture.values().filter_map(|cells| Some((cells.first()?, cells.last()?)));
    let pairs: Vec<Pair<'_>> = ends.clone().map(|(first, last)| ((server, last.1), (server, first.1))).collect();
    let from_to = ends.fold((f64::INFINITY, 0.0), |(from, to), (first, last)| (first.0.min(from), last.0.max(to)));
    let name = evidence.name(server);
    let words = [
        format!("{name} takes for the largest derivative as {}", title(&format)),
        "what it takes for the smallest".to_owned(),
    ];
    let compared =
        ratios::compared(evidence, format!("scaling/ratio/{format}/{name}"), words, &pairs, evidence::total)?;
    let lines = slope::theil_sen(
        &clusters(evidence, server, &by_picture),
        evidence.seed(&format!("scaling/slope/{format}/{name}")),
    );
    Some(Scaled { server, format, compared, lines, from_to })
}

/// Points of megapixels and median milliseconds, by picture; of one picture by start; of one start too by its calls.
fn clusters(
    evidence: &Evidence<'_>,
    server: u32,
    by_picture: &BTreeMap<u32, Vec<(f64, &Cell)>>,
) -> Vec<Vec<(f64, f64)>> {
    let mut points: BTreeMap<(u32, u32, usize), Vec<(f64, f64)>> = BTreeMap::new();
    let starts: BTreeSet<u32> = evidence.record.calls.iter().map(|call| call.restart).collect();
    let sizes: BTreeMap<&Cell, f64> = by_picture.values().flatten().map(|(size, cell)| (*cell, *size)).collect();
    for (_, cell, asked) in evidence.asked().filter(|(asked, ..)| *asked == server) {
        let Some(size) = sizes.get(cell) else { continue };
        let mut add = |start: u32, call: usize, times: &[f64]| {
            if let Some(time) = quantile::median(times.iter().copied()) {
                points.entry((cell.picture, start, call)).or_default().push((*size, time));
            }
        };
        let times: Vec<(u32, Vec<f64>)> = asked
            .iter()
            .map(|(start, asked)| (*start, asked.calls.iter().map(|call| call.total_ms).collect()))
            .collect();
        match (by_picture.len(), starts.len()) {
            (1, 1) => {
                times.iter().flat_map(|(_, times)| times.iter().enumerate()).for_each(|(at, time)| add(0, at, &[*time]))
            }
            (1, _) => times.iter().for_each(|(start, times)| add(*start, 0, times)),
            _ => add(
                0,
                0,
                &times.iter().filter_map(|(_, times)| quantile::median(times.iter().copied())).collect::<Vec<_>>(),
            ),
        }
    }
    points.into_values().collect()
}

fn title(format: &str) -> String {
    words::format(&evidence::Form { size: None, format: format.to_owned(), quality: None })
}

fn judge(evidence: &Evidence<'_>, scaled: &[Scaled]) -> Vec<Finding> {
    ratios::judged(scaled.iter().map(|scaled| &scaled.compared), evidence.margin())
}

fn lines(evidence: &Evidence<'_>, scaled: &Scaled) -> Vec<Finding> {
    let Some(lines) = scaled.lines else { return Vec::new() };
    let (format, name) = (title(&scaled.format), evidence.name(scaled.server));
    let finding = |what: &str, words: String, interval: Interval, unit: &str| Finding {
        key: format!("scaling/{what}/{}/{name}", scaled.format),
        words,
        value: interval.value,
        low: interval.low,
        high: interval.high,
        unit: unit.to_owned(),
        state: State::Told,
    };
    let slope = words::with_unit(lines.slope, "ms");
    let intercept = words::with_unit(lines.intercept, "ms");
    vec![
        finding("slope", format!("{name}, {format}: each megapixel takes {slope}."), lines.slope, "ms/MP"),
        finding(
            "intercept",
            format!("{name}, {format}: {intercept} are left whatever the size."),
            lines.intercept,
            "ms",
        ),
    ]
}

fn verdict(
    evidence: &Evidence<'_>,
    encoded: &[Scaled],
    judged: &[Finding],
    (controls, of_controls): (&[Scaled], &[Finding]),
    state: State,
) -> String {
    let margin = words::percentage(100.0 * evidence.margin());
    let (from, to) = encoded
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(from, to), scaled| (from.min(scaled.from_to.0), to.max(scaled.from_to.1)));
    let range = format!("From {} to {} megapixels", words::number(from), words::number(to));
    let most = encoded.iter().zip(judged).max_by(|a, b| a.1.value.ln().abs().total_cmp(&b.1.value.ln().abs()));
    let strongest = most.map_or_else(String::new, |(scaled, finding)| {
        let slope = scaled.lines.map(|lines| format!(" Each megapixel takes {}.", words::with_unit(lines.slope, "ms")));
        format!("{}{}", finding.words, slope.unwrap_or_default())
    });
    let start = match state {
        State::Effect => format!("{range} a call's time depends on the size."),
        State::None => format!("{range} a call's time does not depend on the size by more than {margin} %."),
        State::Open | State::NotMeasured | State::Told => {
            format!("{range} it is open whether size matters by more than {margin} %.")
        }
    };
    let control = controls.iter().zip(of_controls).max_by(|a, b| a.1.value.ln().abs().total_cmp(&b.1.value.ln().abs()));
    let control = control.map_or_else(
        || " Without raw pixels as a control it is not known how much of it is decoding.".to_owned(),
        |(_, finding)| format!(" Where nothing is decoded: {}", finding.words),
    );
    format!("{start} Where it matters most: {strongest}{control}")
}

fn plots<'a>(evidence: &Evidence<'_>, scaled: impl Iterator<Item = &'a Scaled>) -> Vec<Plot> {
    let mut dots = Vec::new();
    for scaled in scaled {
        let name = format!("{}, {}", evidence.name(scaled.server), title(&scaled.format));
        let mut points = Vec::new();
        for (_, cell, starts) in evidence.asked().filter(|(asked, ..)| *asked == scaled.server) {
            let wanted = cell.format == scaled.format && counts(evidence, cell);
            let times = starts.values().flat_map(|asked| asked.calls.iter().map(|call| call.total_ms));
            if let (true, Some(size), Some(time)) = (wanted, evidence.megapixels(cell), quantile::median(times)) {
                let note =
                    evidence.plate(cell).map(|plate| format!("{}, {}x{}", plate.name, plate.width, plate.height));
                points.push(At { note, ..words::bare(X::Number(size), time) });
            }
        }
        dots.push(Series { name: name.clone(), kind: Kind::Dots, server: Some(scaled.server), points });
        if let Some(lines) = scaled.lines {
            let (from, to) = scaled.from_to;
            let line = |x: f64| words::bare(X::Number(x), lines.intercept.value + lines.slope.value * x);
            let points = (0..=8).map(|step| line(from + (to - from) * f64::from(step) / 8.0)).collect();
            dots.push(Series { name: format!("{name}, line"), kind: Kind::Line, server: Some(scaled.server), points });
        }
    }
    vec![Plot {
        id: "scaling-megapixels".to_owned(),
        title: "Time of a call over the picture's size".to_owned(),
        caption: "A dot is the median of a derivative's calls; originals stand with derivatives of their format. Lines are Theil and Sen's, fitted within pictures.".to_owned(),
        x: words::axis("megapixels"),
        y: words::axis("ms"),
        series: dots,
        lines: Vec::new(),
        stacked: false,
    }]
}
