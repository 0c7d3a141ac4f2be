//! How long a transfer will still take, from how far it has come since it was first told of.
//! What was there before (a download that is resumed) says nothing about how fast the rest comes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::units::duration;

/// Before that a guess would jump about.
const SOONEST: Duration = Duration::from_secs(1);

/// Transfers under way: when each was first told of, and how far it was then.
#[derive(Default)]
pub struct Pace {
    begun: BTreeMap<String, (Instant, u64)>,
}

impl Pace {
    /// `, about 12s left`; nothing where it cannot be told.
    pub fn left(&mut self, what: &str, done: u64, total: Option<u64>, now: Instant) -> String {
        let Some(total) = total.filter(|total| done < *total) else {
            self.begun.remove(what);
            return String::new();
        };
        let (begin, before) = *self.begun.entry(what.to_owned()).or_insert((now, done));
        let took = now.saturating_duration_since(begin);
        let come = done.saturating_sub(before);
        if took < SOONEST || come == 0 {
            return String::new();
        }
        let left = Duration::try_from_secs_f64(took.as_secs_f64() / come as f64 * (total - done) as f64);
        left.map_or(String::new(), |left| format!(", about {} left", duration(left)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_meanwhile_counts() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let mut at = |second, done| pace.left("x", done, Some(1000), start + Duration::from_secs(second));
        assert_eq!(at(0, 500), "");
        assert_eq!(at(0, 510), "", "too soon");
        assert_eq!(at(10, 600), ", about 40s left");
        assert_eq!(at(20, 1000), "", "it is over");
        assert_eq!(at(30, 0), "", "a new one of the same name");
        assert_eq!(at(40, 0), "", "it stands still");
        assert_eq!(pace.left("y", 5, None, start), "");
    }
}
