//! Whether answers are true, for pictures whose label is known.

use crate::{
    questions::{
        evidence::{Evidence, Form},
        words,
    },
    statistics::{LEVEL, holm, share},
    verdict::{Finding, State},
};

/// Of the original first, then of every derivative, each held to the original by McNemar's exact test; with Holm's rule over
/// all of them. Empty without labels.
pub fn findings(evidence: &Evidence<'_>) -> Vec<Finding> {
    let original = super::right(evidence, &Form { size: None, format: String::new(), quality: None });
    let Some(of_original) = share::wilson(original.values().filter(|right| **right).count() as f64, original.len())
    else {
        return Vec::new();
    };
    let pictures = words::count(original.len(), "picture");
    let words = format!("Of {pictures} with a label {} are recognised in the original.", words::share(of_original));
    let mut findings = vec![super::finding("quality/accuracy/original".to_owned(), words, of_original, State::Told)];
    let derivatives = evidence.forms().into_iter().filter(|form| form.size.is_some() && form.format != "pixels");
    let (mut tested, mut p) = (Vec::new(), Vec::new());
    for form in derivatives {
        let right = super::right(evidence, &form);
        let count = |ours: bool, theirs: bool| {
            let both =
                right.iter().filter(|(picture, right)| **right == ours && original.get(picture) == Some(&theirs));
            u32::try_from(both.count()).unwrap_or(u32::MAX)
        };
        let (won, lost) = (count(true, false), count(false, true));
        if let Some(found) = share::wilson(right.values().filter(|right| **right).count() as f64, right.len()) {
            p.push(share::mcnemar(won, lost));
            tested.push((form, found, won, lost));
        }
    }
    let surely = holm::holds(&p);
    findings.extend(tested.into_iter().zip(p).zip(surely).map(|(((form, found, won, lost), p), surely)| {
        let state = if surely { State::Effect } else { State::Open };
        let p = if p < 1.0 - LEVEL { format!(", p = {}", words::number(p)) } else { String::new() };
        let (name, share) = (words::form(&form), words::share(found));
        let words = format!("{name}: {share} are recognised, {lost} lost and {won} won beside the original{p}.");
        super::finding(super::key("accuracy", &form), words, found, state)
    }));
    findings
}

/// Of derivatives' findings, in a sentence.
pub fn summary(derivatives: &[Finding]) -> String {
    let surely: Vec<&Finding> = derivatives.iter().filter(|finding| finding.state == State::Effect).collect();
    let worst = surely.iter().min_by(|a, b| a.value.total_cmp(&b.value));
    worst.map_or_else(
        || "No derivative is shown to be recognised less or more often.".to_owned(),
        |worst| {
            format!(
                "Recognised surely otherwise than the original: {} of {} derivatives, such as {}",
                surely.len(),
                derivatives.len(),
                worst.words
            )
        },
    )
}
