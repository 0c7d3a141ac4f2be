//! Numbers as people read them, and the sentences that several questions share.

use crate::{
    questions::evidence::Form,
    statistics::{Interval, crossed::Ratio},
    verdict::{At, Axis, X},
};

/// Three digits that matter: 0.0123, 1.23, 12.3, 1234.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        _ if !(1e-9..100.0).contains(&size) => 0,
        _ => (2.0 - size.log10().floor()).clamp(0.0, 9.0) as usize,
    };
    format!("{value:.digits$}")
}

/// `1.10 times (1.08 to 1.12)`.
pub fn times(interval: Interval) -> String {
    format!("{} times ({} to {})", number(interval.value), number(interval.low), number(interval.high))
}

/// `12.3 ms (11.9 to 12.8)`.
pub fn with_unit(interval: Interval, unit: &str) -> String {
    format!("{} {unit} ({} to {})", number(interval.value), number(interval.low), number(interval.high))
}

/// `96 % (80 to 99)`.
pub fn share(interval: Interval) -> String {
    let percent = interval.map(|share| 100.0 * share);
    format!("{} % ({} to {})", percentage(percent.value), percentage(percent.low), percentage(percent.high))
}

/// Whole percents, and one digit more close to 0 and to 100.
pub fn percentage(percent: f64) -> String {
    let close = percent.abs() < 10.0 || (percent > 90.0 && percent < 100.0);
    let text = if close { format!("{percent:.1}") } else { format!("{percent:.0}") };
    text.trim_end_matches(".0").to_owned()
}

/// What the interval of a ratio does not cover, as the end of a sentence: empty, or with a leading comma.
pub fn scope(ratio: &Ratio) -> &'static str {
    match (ratio.pictures > 1, ratio.starts > 1) {
        (true, true) => "",
        (true, false) => ", in this run",
        (false, true) => ", on this picture",
        (false, false) => ", on this picture, in this run",
    }
}

/// `JPEG 75 at 512 px`, `the original`.
pub fn form(form: &Form) -> String {
    match form.size {
        Some(size) => format!("{} at {size} px", format(form)),
        None => format(form),
    }
}

/// `JPEG 75`, `PNG`, `raw pixels`, `the original`.
pub fn format(form: &Form) -> String {
    let name = match form.format.as_str() {
        "" => "the original".to_owned(),
        "pixels" => "raw pixels".to_owned(),
        "jpeg" | "png" => form.format.to_uppercase(),
        "webp" => "WebP".to_owned(),
        other => other.to_owned(),
    };
    form.quality.map_or(name.clone(), |quality| format!("{name} {quality}"))
}

/// `one`, `one and two`, `one, two and three`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 picture`, `2 pictures`.
pub fn count(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The sentence with a capital letter.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An axis that is not logarithmic.
pub fn axis(title: &str) -> Axis {
    Axis { title: title.to_owned(), log: false }
}

/// A logarithmic axis.
pub fn log_axis(title: &str) -> Axis {
    Axis { title: title.to_owned(), log: true }
}

/// A point with its interval.
pub fn at(x: X, interval: Interval) -> At {
    At { x, y: interval.value, low: Some(interval.low), high: Some(interval.high), note: None }
}

/// A point without one.
pub fn bare(x: X, y: f64) -> At {
    At { x, y, low: None, high: None, note: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        let shown = [0.0123, 1.2345, 12.345, 1234.5, 0.0, -2.5, 99.96, f64::INFINITY].map(number);
        assert_eq!(shown, ["0.0123", "1.23", "12.3", "1234", "0", "-2.50", "100.0", "inf"]);
    }

    #[test]
    fn shares_are_percents_with_a_digit_more_near_the_ends() {
        assert_eq!(share(Interval { value: 0.958, low: 0.798, high: 1.0 }), "95.8 % (80 to 100)");
        assert_eq!(percentage(98.66), "98.7");
        assert_eq!(percentage(0.0), "0");
    }

    #[test]
    fn forms_are_said_as_people_say_them() {
        let made = |size, format: &str, quality| form(&Form { size, format: format.to_owned(), quality });
        assert_eq!(made(Some(512), "jpeg", Some(75)), "JPEG 75 at 512 px");
        assert_eq!(made(Some(64), "pixels", None), "raw pixels at 64 px");
        assert_eq!(made(None, "", None), "the original");
    }

    #[test]
    fn lists_and_counts_read_as_prose() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!((list(&items), list(&items[..1]), list(&[])), ("a, b and c".into(), "a".into(), String::new()));
        assert_eq!((count(1, "picture"), count(2, "start")), ("1 picture".into(), "2 starts".into()));
        assert_eq!(sentence("no"), "No");
    }
}
