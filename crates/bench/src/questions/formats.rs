//! What a format costs at equal pixels: the same picture in the same size, as JPEG, PNG, WebP, and as pixels that nobody decodes.

mod plots;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    questions::{
        cautions,
        evidence::{self, Evidence, Form, Pair},
        not_measured, ratios,
        ratios::Compared,
        together, words,
    },
    record::{Cell, Plate},
    statistics::{
        crossed, quantile,
        typical::{self, Measured},
    },
    verdict::{Answered, Finding, State},
};

const ID: &str = "formats";
const QUESTION: &str = "Does a call take longer for one format than for another at equal pixels?";

/// A format and, of JPEG, its quality: a form without a size.
fn formats(evidence: &Evidence<'_>) -> Vec<Form> {
    let derivatives = evidence.forms().into_iter().filter(|form| form.size.is_some());
    let mut formats: Vec<Form> = derivatives.map(|form| Form { size: None, ..form }).collect();
    let wanted = &evidence.record.experiment.cells.qualities;
    let place = |form: &Form| {
        (form.format != "jpeg", form.quality.map(|quality| wanted.iter().position(|wanted| *wanted == quality)))
    };
    formats.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.cmp(b)));
    formats.dedup();
    formats
}

pub fn answer(evidence: &Evidence<'_>) -> Answered {
    let formats = formats(evidence);
    let refused = refused(evidence);
    let Some((reference, others)) = formats.split_first().filter(|(_, others)| !others.is_empty()) else {
        let why = "Not measured: there was one format. Give two or more, as in `--formats jpeg,png`.";
        return not_measured(ID, QUESTION, why.to_owned());
    };
    // Another quality of JPEG and raw pixels are no other format: they are told beside the question.
    let (rivals, beside): (Vec<&Form>, Vec<&Form>) =
        others.iter().partition(|form| form.format != reference.format && form.format != "pixels");
    let compare = |forms: &[&Form]| -> Vec<Compared> {
        let all = evidence.servers().flat_map(|server| forms.iter().map(move |form| (server, *form)));
        all.filter_map(|(server, form)| compare(evidence, server, form, reference, None)).collect()
    };
    let mut findings = ratios::judged(&compare(&rivals), evidence.margin());
    let state = together(findings.iter().map(|finding| finding.state));
    let judged = findings.len();
    findings.extend(compare(&beside).iter().map(|compared| ratios::finding(compared, State::Told)));
    findings.extend(at_the_largest(evidence, &rivals, reference));
    findings.extend(rivals.iter().flat_map(|form| of_plates(evidence, form, reference)));
    let verdict = verdict(evidence, &findings, judged, &refused, state);
    findings.extend(refused);
    Answered {
        id: ID.to_owned(),
        question: QUESTION.to_owned(),
        verdict,
        state,
        findings,
        plots: vec![plots::by_size(evidence, &formats), plots::decoding(evidence, &formats)],
        cautions: cautions::of_times(evidence),
    }
}

/// Cells of one format beside the reference's of the same picture and size, where both hold the same number of pixels.
fn twins<'a>(evidence: &Evidence<'a>, form: &Form, reference: &Form, size: Option<u32>) -> Vec<(&'a Plate, &'a Plate)> {
    let plates = evidence.record.plates.iter().filter(|plate| {
        let cell = &plate.cell;
        cell.size.is_some()
            && (size.is_none() || cell.size == size)
            && cell.format == form.format
            && cell.quality == form.quality
    });
    let twin = |plate: &'a Plate| {
        let other = Form { size: plate.cell.size, ..reference.clone() };
        let twin = evidence.plate(evidence.cell(plate.cell.picture, &other)?)?;
        ((twin.width, twin.height) == (plate.width, plate.height)).then_some((plate, twin))
    };
    plates.filter_map(twin).collect()
}

fn compare(evidence: &Evidence<'_>, server: u32, form: &Form, reference: &Form, size: Option<u32>) -> Option<Compared> {
    let twins = twins(evidence, form, reference, size);
    let pairs: Vec<Pair<'_>> =
        twins.iter().map(|(plate, twin)| ((server, &plate.cell), (server, &twin.cell))).collect();
    let name = evidence.name(server);
    let at = size.map_or_else(String::new, |size| format!(" at {size} px"));
    let words = [
        format!("{name} takes for {}{at}", words::format(form)),
        format!("what it takes for {}", words::format(reference)),
    ];
    let kind = size.map_or_else(|| "ratio".to_owned(), |size| format!("ratio-at-{size}"));
    let key = format!("formats/{kind}/{}/{}/{name}", form.slug(), reference.slug());
    ratios::compared(evidence, key, words, &pairs, evidence::total)
}

/// At the largest box: the ratio there, and the milliseconds that are more.
fn at_the_largest(evidence: &Evidence<'_>, rivals: &[&Form], reference: &Form) -> Vec<Finding> {
    let Some(size) = evidence.record.experiment.cells.sizes.iter().copied().max() else { return Vec::new() };
    let mut findings = Vec::new();
    for server in evidence.servers() {
        for form in rivals {
            findings.extend(
                compare(evidence, server, form, reference, Some(size))
                    .map(|compared| ratios::finding(&compared, State::Told)),
            );
            findings.extend(more(evidence, server, form, reference, size));
        }
    }
    findings
}

/// How many milliseconds more a format takes, and how many of them decoding takes here.
fn more(evidence: &Evidence<'_>, server: u32, form: &Form, reference: &Form, size: u32) -> Option<Finding> {
    let twins = twins(evidence, form, reference, Some(size));
    let mut medians: BTreeMap<(&Cell, u32), f64> = BTreeMap::new();
    for (_, cell, starts) in evidence.asked().filter(|(asked, ..)| *asked == server) {
        for (start, asked) in starts {
            medians.extend(
                quantile::median(asked.calls.iter().map(|call| call.total_ms)).map(|time| ((cell, *start), time)),
            );
        }
    }
    let mut differences = Vec::new();
    for (plate, twin) in &twins {
        for ((_, start), time) in medians.range((&plate.cell, 0)..=(&plate.cell, u32::MAX)) {
            if let Some(other) = medians.get(&(&twin.cell, *start)) {
                differences.push(Measured {
                    value: time - other,
                    picture: plate.cell.picture as usize,
                    start: *start as usize,
                });
            }
        }
    }
    let name = evidence.name(server);
    let key = format!("formats/more-ms/{}/{}/{name}", form.slug(), reference.slug());
    let found = typical::quantile(&differences, 0.5, evidence.seed(&key))?;
    let decoding = quantile::median(twins.iter().filter_map(|(plate, twin)| Some(plate.decode_ms? - twin.decode_ms?)));
    let decoding = decoding.map_or_else(String::new, |more| {
        format!("; decoding alone, here and in one thread, takes {} ms more", words::number(more))
    });
    let (form, reference) = (words::format(form), words::format(reference));
    let more = words::with_unit(found, "ms");
    Some(Finding {
        key,
        words: format!("At {size} px {name} takes {more} more for {form} than for {reference}{decoding}."),
        value: found.value,
        low: found.low,
        high: found.high,
        unit: "ms".to_owned(),
        state: State::Told,
    })
}

/// Bytes and decoding here, which no server has a part in.
fn of_plates(evidence: &Evidence<'_>, form: &Form, reference: &Form) -> Vec<Finding> {
    let twins = twins(evidence, form, reference, None);
    let finding = |what: &str, said: &str, value: fn(&Plate) -> Option<f64>| {
        let mut pictures: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for (plate, twin) in &twins {
            if let (Some(ours), Some(theirs)) = (value(plate), value(twin)) {
                pictures.entry(plate.cell.picture).or_default().push((ours / theirs).ln());
            }
        }
        pictures.retain(|_, ratios| ratios.iter().all(|ratio| ratio.is_finite()));
        let mean = |ratios: &Vec<f64>| vec![Some(ratios.iter().sum::<f64>() / ratios.len() as f64)];
        let key = format!("formats/{what}/{}/{}", form.slug(), reference.slug());
        let found = crossed::ratio(&pictures.values().map(mean).collect::<Vec<_>>(), evidence.seed(&key))?.interval();
        let times = words::times(found);
        Some(Finding {
            words: format!("{} {said} {times} what {} does.", words::format(form), words::format(reference)),
            key,
            value: found.value,
            low: found.low,
            high: found.high,
            unit: "ratio".to_owned(),
            state: State::Told,
        })
    };
    let bytes = finding("bytes", "takes in bytes", |plate| Some(plate.bytes as f64));
    let decoding = finding("decoding", "takes to decode, here and in one thread,", |plate| plate.decode_ms);
    bytes.into_iter().chain(decoding).collect()
}

/// Formats and sizes that a server answered nothing of.
fn refused(evidence: &Evidence<'_>) -> Vec<Finding> {
    let of = |server: u32| {
        let mut by_format: BTreeMap<String, (Vec<Form>, String)> = BTreeMap::new();
        for (form, said) in cautions::refused(evidence, server) {
            by_format.entry(form.slug()).or_insert_with(|| (Vec::new(), said)).0.push(form);
        }
        let all = |slug: &str| {
            evidence.cells(server).map(Form::of).filter(|form| form.slug() == slug).collect::<BTreeSet<_>>().len()
        };
        let name = evidence.name(server);
        by_format
            .into_iter()
            .map(|(slug, (forms, said))| {
                let whole = forms.len() == all(&slug);
                let what = if whole {
                    words::format(&forms[0])
                } else {
                    words::list(&forms.iter().map(words::form).collect::<Vec<_>>())
                };
                Finding {
                    key: format!("formats/refused/{slug}/{name}"),
                    words: format!("{name} refuses {what}: {}", said.trim_end_matches('.').to_owned() + "."),
                    value: 1.0,
                    low: 1.0,
                    high: 1.0,
                    unit: "share".to_owned(),
                    state: State::Told,
                }
            })
            .collect::<Vec<_>>()
    };
    evidence.servers().flat_map(of).collect()
}

fn verdict(evidence: &Evidence<'_>, findings: &[Finding], judged: usize, refused: &[Finding], state: State) -> String {
    let margin = words::percentage(100.0 * evidence.margin());
    let mut said: Vec<String> = match state {
        State::Effect => Vec::new(),
        State::None => vec![format!("No format takes longer than another by more than {margin} %.")],
        State::Open => vec![format!("Whether formats differ by more than {margin} % is open.")],
        State::NotMeasured | State::Told => {
            vec!["Not measured: no two formats of the same pixels were answered.".to_owned()]
        }
    };
    let mut most: Vec<&Finding> = findings[..judged].iter().collect();
    most.sort_by(|a, b| {
        (a.state != State::Effect, -a.value.ln().abs())
            .partial_cmp(&(b.state != State::Effect, -b.value.ln().abs()))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    said.extend(most.iter().take(2).map(|finding| finding.words.clone()));
    said.extend(
        findings[judged..]
            .iter()
            .find(|finding| finding.key.starts_with("formats/more-ms/"))
            .map(|finding| finding.words.clone()),
    );
    said.extend(
        findings[judged..]
            .iter()
            .find(|finding| finding.key.starts_with("formats/bytes/"))
            .map(|finding| finding.words.clone()),
    );
    said.extend(refused.iter().map(|finding| finding.words.clone()));
    said.join(" ")
}
