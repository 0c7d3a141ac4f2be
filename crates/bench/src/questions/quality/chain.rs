//! A check of the whole chain: PNG loses nothing, so that of a picture's own pixels must be answered as the original is.

use resizer::agreement::{Scored, agreement};

use crate::{
    questions::{evidence::Evidence, words},
    statistics::share,
    verdict::{Finding, State},
};

/// Formats whose every pixel we decode as the server does. JPEG's decoders differ by a step of brightness here and there.
const LOSSLESS: [&str; 4] = ["bmp", "gif", "png", "tiff"];

/// Scores of the same pixels may differ by so much of the greatest: float arithmetic has no fixed order.
const NOISE: f64 = 1e-3;

/// The finding, where a derivative has its original's own size; and a caution where a lossless one is answered otherwise.
pub fn check(evidence: &Evidence<'_>) -> (Option<Finding>, Option<String>) {
    let (mut held, mut pictures, mut broken) = (0.0, 0, Vec::new());
    for picture in evidence.pictures() {
        let Some(original) = evidence.original(picture).and_then(|cell| evidence.plate(cell)) else { continue };
        let same = |plate: &&crate::record::Plate| {
            let size = (plate.width, plate.height) == (original.width, original.height);
            plate.cell.picture == picture && plate.cell.size.is_some() && plate.cell.format == "png" && size
        };
        let Some(plate) = evidence.record.plates.iter().find(same) else { continue };
        let lossless = LOSSLESS.contains(&original.cell.format.as_str());
        let agrees = |server: u32| {
            let (reference, answer) =
                (evidence.answers(server, &original.cell).next()?, evidence.answers(server, &plate.cell).next()?);
            Some(if lossless { equal(reference, answer) } else { agreement(reference, answer)?.top1 })
        };
        let found: Vec<bool> = evidence.servers().filter_map(agrees).collect();
        if found.is_empty() {
            continue;
        }
        pictures += 1;
        held += found.iter().filter(|agrees| **agrees).count() as f64 / found.len() as f64;
        if lossless && found.contains(&false) {
            broken.push(original.name.clone());
        }
    }
    let finding = share::wilson(held, pictures).map(|found| {
        let state = if broken.is_empty() { State::Told } else { State::Effect };
        let (share, pictures) = (words::share(found), words::count(pictures, "picture"));
        let words =
            format!("PNG of the original's own pixels is answered as the original is for {share} of {pictures}.");
        super::finding("quality/chain".to_owned(), words, found, state)
    });
    let caution = (!broken.is_empty()).then(|| {
        let names = words::list(&broken.iter().take(3).cloned().collect::<Vec<_>>());
        let (of, verb) = (words::count(broken.len(), "lossless picture"), if broken.len() == 1 { "is" } else { "are" });
        format!("{of} ({names}) {verb} answered otherwise as PNG of the same pixels: something on the way changes pictures, such as a profile, transparency or 16 bits a channel.")
    });
    (finding, caution)
}

/// Whether both hold the same classes in the same order with scores that differ by no more than arithmetic does.
fn equal(reference: &[Scored], answer: &[Scored]) -> bool {
    let greatest = reference.iter().map(|(_, score)| score.abs()).fold(0.0, f64::max);
    let near = |(a, b): (&Scored, &Scored)| a.0 == b.0 && (a.1 - b.1).abs() <= NOISE * greatest;
    reference.len() == answer.len() && reference.iter().zip(answer).all(near)
}
