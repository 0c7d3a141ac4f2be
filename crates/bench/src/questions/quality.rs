//! How small and how strongly compressed a picture may be before a server's answer changes: size apart from quality.
//!
//! What an answer is held to is the same server's answer to the original, and the true label where there is one. Each picture
//! counts once, however many servers and starts were asked about it.

mod accuracy;
mod chain;
mod plots;

use std::collections::BTreeMap;

use resizer::agreement::agreement;

use crate::{
    questions::{
        cautions,
        evidence::{Evidence, Form},
        not_measured, together, words,
    },
    record::Cell,
    statistics::{Interval, crossed, share},
    verdict::{Answered, Finding, State},
};

const ID: &str = "quality";
const QUESTION: &str = "How small may a picture be before the answer changes?";

/// A derivative of every picture beside the original.
struct Kept {
    form: Form,
    /// Share of pictures whose best class is the original's.
    top1: Interval,
    /// Of the original's five best classes, the share that is among the derivative's.
    top5: Interval,
    pictures: usize,
    /// Bytes, as a share of the original's.
    bytes: Option<Interval>,
    state: State,
}

pub fn answer(evidence: &Evidence<'_>) -> Answered {
    let kept: Vec<Kept> = evidence.forms().into_iter().filter_map(|form| kept(evidence, form)).collect();
    if kept.is_empty() {
        let why = "Not measured: no server answered to an original and to a derivative of it.";
        let mut answered = not_measured(ID, QUESTION, why.to_owned());
        answered.cautions = cautions::of_answers(evidence);
        return answered;
    }
    let state = together(kept.iter().map(|kept| kept.state));
    let (chain, broken) = chain::check(evidence);
    let alone = quality_alone(evidence);
    let accuracies = accuracy::findings(evidence);
    let verdict = verdict(evidence, &kept, &alone, &accuracies);
    let mut findings: Vec<Finding> = kept.iter().map(top1).collect();
    findings.extend(alone);
    findings.extend(accuracies);
    findings.extend(chain);
    findings.extend(kept.iter().flat_map(|kept| std::iter::once(top5(kept)).chain(saved(kept))));
    let mut cautions = cautions::of_answers(evidence);
    cautions.extend(broken);
    if kept.len() > 1 {
        cautions.push(format!(
            "Intervals of shares stand each for itself: of {} derivatives one in twenty may be outside of its own.",
            kept.len()
        ));
    }
    Answered {
        id: ID.to_owned(),
        question: QUESTION.to_owned(),
        verdict,
        state,
        findings,
        plots: plots::all(evidence, &kept),
        cautions,
    }
}

fn kept(evidence: &Evidence<'_>, form: Form) -> Option<Kept> {
    if form.size.is_none() || form.format == "pixels" {
        return None;
    }
    let original = Form { size: None, format: String::new(), quality: None };
    let (top1, top5) = agreements(evidence, &form, &original);
    let interval = |shares: &[f64]| share::wilson(shares.iter().sum(), shares.len());
    let (pictures, top1, top5) = (top1.len(), interval(&top1)?, interval(&top5)?);
    let state = state(top1, evidence.margin());
    Some(Kept { bytes: bytes(evidence, &form), form, top1, top5, pictures, state })
}

/// A share may fall short of the whole by the margin.
fn state(share: Interval, margin: f64) -> State {
    match share {
        _ if share.low >= 1.0 - margin => State::None,
        _ if share.high < 1.0 - margin => State::Effect,
        _ => State::Open,
    }
}

/// Top-1 and top-5 agreement with the same server's answers to `reference`, 0 to 1: a mean for each picture.
fn agreements(evidence: &Evidence<'_>, form: &Form, reference: &Form) -> (Vec<f64>, Vec<f64>) {
    let (mut top1, mut top5) = (Vec::new(), Vec::new());
    for picture in evidence.pictures() {
        let (Some(cell), Some(known)) = (evidence.cell(picture, form), evidence.cell(picture, reference)) else {
            continue;
        };
        let of = |server: u32| {
            let reference = evidence.answers(server, known).next();
            evidence.answers(server, cell).filter_map(move |answer| {
                let reference = reference?;
                // A model with fewer classes than five has all of them among the best.
                Some((agreement(reference, answer)?, reference.len().min(5)))
            })
        };
        let found: Vec<_> = evidence.servers().flat_map(of).collect();
        if found.is_empty() {
            continue;
        }
        let count = found.len() as f64;
        top1.push(found.iter().filter(|(found, _)| found.top1).count() as f64 / count);
        top5.push(found.iter().map(|(found, of)| f64::from(found.top5) / *of as f64).sum::<f64>() / count);
    }
    (top1, top5)
}

/// Bytes of a form as a share of the original's: the geometric mean over pictures.
fn bytes(evidence: &Evidence<'_>, form: &Form) -> Option<Interval> {
    let size = |cell: &Cell| evidence.plate(cell).map(|plate| plate.bytes as f64).filter(|bytes| *bytes > 0.0);
    let ratio = |picture| Some((size(evidence.cell(picture, form)?)? / size(evidence.original(picture)?)?).ln());
    let table: Vec<_> = evidence.pictures().into_iter().map(|picture| vec![ratio(picture)]).collect();
    Some(crossed::ratio(&table, evidence.seed(&key("bytes", form)))?.interval())
}

/// Where nothing but the size changes there is no word on quality; where JPEG is held to PNG of the same pixels there is
/// none on size.
fn quality_alone(evidence: &Evidence<'_>) -> Vec<Finding> {
    let compressed = evidence.forms().into_iter().filter(|form| form.size.is_some() && form.quality.is_some());
    let of = |form: Form| {
        let lossless = Form { size: form.size, format: "png".to_owned(), quality: None };
        let (top1, _) = agreements(evidence, &form, &lossless);
        let found = share::wilson(top1.iter().sum(), top1.len())?;
        let (share, pictures) = (words::share(found), words::count(top1.len(), "picture"));
        let words = format!(
            "{} keeps the best class that PNG of the same pixels has for {share} of {pictures}.",
            words::form(&form)
        );
        Some(finding(key("quality-alone", &form), words, found, state(found, evidence.margin())))
    };
    compressed.filter_map(of).collect()
}

fn key(what: &str, form: &Form) -> String {
    let size = form.size.map_or_else(|| "original".to_owned(), |size| size.to_string());
    format!("quality/{what}/{}/{size}", form.slug())
}

fn finding(key: String, words: String, found: Interval, state: State) -> Finding {
    Finding { key, words, value: found.value, low: found.low, high: found.high, unit: "share".to_owned(), state }
}

fn top1(kept: &Kept) -> Finding {
    let (share, pictures) = (words::share(kept.top1), words::count(kept.pictures, "picture"));
    let words = format!("{} keeps the original's best class for {share} of {pictures}.", words::form(&kept.form));
    finding(key("top1", &kept.form), words, kept.top1, kept.state)
}

fn top5(kept: &Kept) -> Finding {
    let words =
        format!("{} keeps {} of the original's best five classes.", words::form(&kept.form), words::share(kept.top5));
    finding(key("top5", &kept.form), words, kept.top5, State::Told)
}

fn saved(kept: &Kept) -> Option<Finding> {
    let bytes = kept.bytes?;
    let saved = Interval { value: 1.0 - bytes.value, low: 1.0 - bytes.high, high: 1.0 - bytes.low };
    let form = words::form(&kept.form);
    let words = if bytes.low > 1.0 {
        format!("{form} saves nothing: it takes {} the original's bytes.", words::times(bytes))
    } else {
        format!("{form} saves {} of the original's bytes.", words::share(saved))
    };
    Some(finding(key("saved", &kept.form), words, saved, State::Told))
}

fn verdict(evidence: &Evidence<'_>, kept: &[Kept], alone: &[Finding], accuracies: &[Finding]) -> String {
    let mut said = vec![cheapest(evidence, kept)];
    let mut sizes: Vec<&Kept> = kept.iter().filter(|kept| kept.form.format == "png").collect();
    sizes.sort_by_key(|kept| std::cmp::Reverse(kept.form.size));
    said.push(match (sizes.first(), sizes.last()) {
        (Some(first), Some(last)) if sizes.len() > 1 => format!(
            "Size alone (PNG, which loses nothing else): at {} px {} keep their best class, at {} px {}.",
            first.form.size.unwrap_or(0),
            words::share(first.top1),
            last.form.size.unwrap_or(0),
            words::share(last.top1)
        ),
        _ => "What size does alone is not known without PNG in two sizes (`--formats jpeg,png`).".to_owned(),
    });
    let worst = alone.iter().min_by(|a, b| a.value.total_cmp(&b.value));
    said.push(worst.map_or_else(
        || "What quality does alone is not known without JPEG beside PNG in the same size.".to_owned(),
        |worst| format!("Quality alone, where it costs most: {}", worst.words),
    ));
    said.push(accuracies.first().map_or_else(
        || "Agreement is not accuracy: there were no labels.".to_owned(),
        |original| format!("{} {}", original.words, accuracy::summary(&accuracies[1..])),
    ));
    said.join(" ")
}

/// The fewest bytes that are shown to keep the answer, or else those that kept it most often.
fn cheapest(evidence: &Evidence<'_>, kept: &[Kept]) -> String {
    let by_bytes = |a: &&Kept, b: &&Kept| {
        let bytes = |kept: &Kept| kept.bytes.map_or(f64::INFINITY, |bytes| bytes.value);
        bytes(a).total_cmp(&bytes(b))
    };
    let saving = |kept: &Kept| {
        kept.bytes.map_or_else(String::new, |bytes| {
            format!(" with {} % of the bytes", words::percentage(100.0 * bytes.value))
        })
    };
    let wanted = words::percentage(100.0 * (1.0 - evidence.margin()));
    if let Some(shown) = kept.iter().filter(|kept| kept.state == State::None).min_by(by_bytes) {
        let (form, share) = (words::form(&shown.form), words::share(shown.top1));
        return format!(
            "{} keeps the best class of {share} of the pictures{}: at least the {wanted} % that the margin asks for.",
            words::sentence(&form),
            saving(shown)
        );
    }
    let most = kept.iter().map(|kept| kept.top1.value).fold(0.0, f64::max);
    let best = kept.iter().filter(|kept| kept.top1.value >= most).min_by(by_bytes);
    let Some(best) = best else { return String::new() };
    let (form, share, pictures) =
        (words::form(&best.form), words::share(best.top1), words::count(best.pictures, "picture"));
    let start = format!(
        "{} kept the best class of {share} of {pictures}{}, and none did so more often.",
        words::sentence(&form),
        saving(best)
    );
    let needed = share::pictures_for(1.0 - evidence.margin());
    match most {
        1.0 => format!("{start} To show that {wanted} % keep it takes {needed} pictures without a miss."),
        _ => format!("{start} No derivative is shown to keep {wanted} %."),
    }
}

/// Pictures by whether most answers to a form of them are right, where their label is known.
fn right(evidence: &Evidence<'_>, form: &Form) -> BTreeMap<u32, bool> {
    let judge = |picture: u32| {
        let cell = evidence.cell(picture, form)?;
        let label = evidence.plate(cell)?.label.as_ref()?;
        let answers = evidence.servers().flat_map(|server| evidence.answers(server, cell));
        let judged: Vec<bool> = answers.filter_map(|answer| resizer::agreement::correct(answer, label)).collect();
        let right = judged.iter().filter(|right| **right).count();
        (!judged.is_empty()).then_some((picture, 2 * right > judged.len()))
    };
    evidence.pictures().into_iter().filter_map(judge).collect()
}
