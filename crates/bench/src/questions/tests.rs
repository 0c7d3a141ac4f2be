//! Each question to records whose answer is known.

mod coverage;
mod others;
mod times;

use super::answer;
use crate::{
    record::Record,
    verdict::{Answered, Finding},
};

fn asked(record: &Record, id: &str) -> Answered {
    answer(record).into_iter().find(|answered| answered.id == id).expect("all six are always answered")
}

fn finding<'a>(answered: &'a Answered, key: &str) -> &'a Finding {
    let keys: Vec<&str> = answered.findings.iter().map(|finding| finding.key.as_str()).collect();
    answered.findings.iter().find(|finding| finding.key == key).unwrap_or_else(|| panic!("{key} is none of {keys:?}"))
}

/// Whether any caution holds these words.
fn cautioned(answered: &Answered, words: &str) -> bool {
    answered.cautions.iter().any(|caution| caution.contains(words))
}
