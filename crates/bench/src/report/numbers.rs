//! Numbers as people read them: three figures, and always the unit.

/// A value in its unit: `ratio`, `ms`, `ms/MP`, `share`, `1/s`, or any other word.
pub fn value(number: f64, unit: &str) -> String {
    if !number.is_finite() {
        return String::from("no value");
    }
    let (number, before, after) = shown(number, unit);
    format!("{before}{}{after}", fixed(number, places(number, unit)))
}

/// Both ends of the interval around `around`, to the same place after the point, and the unit once.
pub fn interval(around: f64, low: f64, high: f64, unit: &str) -> String {
    let ((around, before, after), (low, ..), (high, ..)) = (shown(around, unit), shown(low, unit), shown(high, unit));
    // Of a value near zero its interval says which places matter.
    let half = if (high - low).is_finite() { (high - low) / 2.0 } else { 0.0 };
    let places = places(around.abs().max(half), unit);
    let end = |end: f64| if end.is_finite() { fixed(end, places) } else { String::from("anything") };
    format!("{before}{} to {}{after}", end(low), end(high))
}

/// The number in the unit that people see, and what stands before and after it.
fn shown<'a>(number: f64, unit: &'a str) -> (f64, &'static str, std::borrow::Cow<'a, str>) {
    match unit {
        "ratio" => (number, "× ", "".into()),
        "share" => (number * 100.0, "", " %".into()),
        "1/s" => (number, "", " / s".into()),
        "" => (number, "", "".into()),
        unit => (number, "", format!(" {unit}").into()),
    }
}

/// Three figures, with commas at thousands: 0.0123, 1.23, 12.3, 1,234.
pub fn figures(number: f64) -> String {
    fixed(number, places(number, ""))
}

/// The same for numbers that people chose: without zeros at the end.
pub fn setting(number: f64) -> String {
    let shown = figures(number);
    if !shown.contains('.') || shown.contains('e') {
        return shown;
    }
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Places after the point that make three figures; ratios near 1 keep two on both sides of it.
fn places(number: f64, unit: &str) -> usize {
    match number.abs() {
        size if size < 0.009_995 => 5,
        size if size < 0.099_95 => 4,
        size if size < 0.999_5 => {
            if unit == "ratio" {
                2
            } else {
                3
            }
        }
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    }
}

fn fixed(number: f64, places: usize) -> String {
    if number == 0.0 {
        return String::from("0");
    }
    // A hair's breadth would print as zeros.
    if places == 5 && number.abs() < 0.000_1 {
        return format!("{number:.2e}");
    }
    grouped(&format!("{number:.places$}"))
}

/// A whole number with commas at thousands.
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// Sizes in powers of ten, as the web app gives them.
#[expect(clippy::cast_precision_loss, reason = "three figures are shown")]
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} B"),
        1_000..999_500 => format!("{} kB", figures(number as f64 / 1e3)),
        _ => format!("{} MB", figures(number as f64 / 1e6)),
    }
}

/// `2026-11-27 13:10 UTC` of an RFC 3339 time in UTC; other texts as they are.
pub fn moment(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(10..11), rfc3339.get(11..16)) {
        (Some(day), Some("T"), Some(minute)) if rfc3339.ends_with('Z') => format!("{day} {minute} UTC"),
        _ => rfc3339.to_owned(),
    }
}

/// "a", "a and b", "a, b and c".
pub fn list<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// "1 picture", "2 pictures", "1,000 pictures".
pub fn of(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

fn grouped(number: &str) -> String {
    let digits = number.find('.').unwrap_or(number.len());
    let (whole, rest) = number.split_at(digits);
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut groups = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            groups.push(',');
        }
        groups.push(digit);
    }
    format!("{sign}{groups}{rest}")
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, figures, interval, list, moment, setting, value};

    #[test]
    fn numbers_keep_three_figures_whatever_their_size() {
        let shown: Vec<String> =
            [0.0, 0.000_012_3, 0.001_234, 0.012_34, 0.123_4, 1.234, -12.34, 123.4, 12_345.6].map(figures).into();
        assert_eq!(shown, ["0", "1.23e-5", "0.00123", "0.0123", "0.123", "1.23", "-12.3", "123", "12,346"]);
    }

    #[test]
    fn units_stand_where_people_expect_them() {
        assert_eq!(value(1.5, "ratio"), "× 1.50");
        assert_eq!(value(0.987, "share"), "98.7 %");
        assert_eq!(value(42.0, "1/s"), "42.0 / s");
        assert_eq!(value(3.0, "ms/MP"), "3.00 ms/MP");
        assert_eq!(value(f64::NAN, "ms"), "no value");
        assert_eq!(interval(1.0, 1.0, f64::INFINITY, "ms"), "1.00 to anything ms");
        assert_eq!(interval(1.02, 0.99, 1.04, "ratio"), "× 0.99 to 1.04");
        assert_eq!(interval(0.3, -0.2, 0.8, "ms/MP"), "-0.200 to 0.800 ms/MP");
        assert_eq!(interval(0.971, 0.95, 0.986, "share"), "95.0 to 98.6 %");
        assert_eq!([setting(5.0), setting(0.05), setting(120.0)], ["5", "0.05", "120"]);
    }

    #[test]
    fn counts_sizes_moments_and_lists_read_well() {
        assert_eq!(
            (count(1_234_567), bytes(999), bytes(123_456), bytes(2_000_000)),
            ("1,234,567".into(), "999 B".into(), "123 kB".into(), "2.00 MB".into())
        );
        assert_eq!(
            (moment("2026-11-27T13:10:44Z"), moment("yesterday")),
            ("2026-11-27 13:10 UTC".into(), "yesterday".into())
        );
        assert_eq!((list(&["a"]), list(&["a", "b", "c"])), ("a".into(), "a, b and c".into()));
    }
}
