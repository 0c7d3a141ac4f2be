//! The name that somebody who mistyped another one probably meant.
//! How a suggestion is worded is decided here, once; who asks decides what the known names are.

/// `` did you mean `copts`? `` where a known name is near enough.
pub fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    nearest(word, known).map(|name| format!("did you mean `{name}`?"))
}

/// Longer words are no typing slips, and comparing costs the product of the lengths.
const LONGEST: usize = 64;

fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['_', '.', ' '], "-");
    let wanted = plain(word);
    let (distance, name) = known.iter().map(|name| (strsim::osa_distance(&wanted, &plain(name)), *name)).min()?;
    // A third of a short word wrong is a slip, half of it is another word.
    (distance <= 1 + wanted.chars().count() / 5 && distance < wanted.chars().count()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        assert_eq!(nearest(word, &["copts", "cpu-features", "device", "cpu", "sample", "cpu-optimized"]), expected);
    }

    #[test]
    fn slips_are_understood() {
        check("copt", Some("copts"));
        check("cpu_features", Some("cpu-features"));
        check("CPU-Features", Some("cpu-features"));
        check("sampel", Some("sample"));
        check("cpu-optimised", Some("cpu-optimized"));
    }

    #[test]
    fn other_words_are_not_bent() {
        check("", None);
        check("x", None);
        check("registry", None);
        check(&"copts".repeat(99), None);
    }

    #[test]
    fn suggestions_are_questions() {
        assert_eq!(did_you_mean("devise", &["device"]).as_deref(), Some("did you mean `device`?"));
        assert_eq!(did_you_mean("devise", &[]), None);
    }
}
