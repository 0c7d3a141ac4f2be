//! Recognises Bazel's status lines: the phase, `[done / total]` with what runs, and the indented lines below a count.
//! One line in, its meaning out; what changed since the line before is the caller's business.

use serde::Serialize;

/// How far Bazel has come, in its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Loading,
    Analysing,
    Building,
}

/// An action in Bazel's words and how long it has run; zero while Bazel does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunningAction {
    pub action: String,
    pub seconds: u64,
}

/// The meaning of a status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Phase(Phase),
    Counted {
        done: u64,
        total: u64,
        running: u64,
        slowest: Option<RunningAction>,
    },
    /// An indented line below a status line; the action when it names one that runs.
    Detail(Option<RunningAction>),
}

impl Status {
    /// Reads a line; `below` says that the line before was a status line, so an indented one belongs to it.
    pub fn read(line: &str, below: bool) -> Option<Self> {
        let text = message(line);
        if ["Loading:", "Computing main repo mapping:"].iter().any(|start| text.starts_with(start)) {
            return Some(Self::Phase(Phase::Loading));
        }
        if text.starts_with("Analyzing:") {
            return Some(Self::Phase(Phase::Analysing));
        }
        if let Some((done, total, rest)) = counts(text) {
            let (running, slowest) = activity(rest);
            return Some(Self::Counted { done, total, running, slowest });
        }
        if below && is_detail(line) {
            return Some(Self::Detail(timed(line.trim()).filter(|action| action.seconds > 0)));
        }
        None
    }
}

/// A line without what old versions (`____`) and `--show_timestamps` (`(12:34:56) `) put before it.
pub fn message(line: &str) -> &str {
    let line = line.trim_start_matches('_');
    match line.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
        Some((time, rest))
            if time.contains(':') && time.bytes().all(|b| b.is_ascii_digit() || b":. -".contains(&b)) =>
        {
            rest
        }
        _ => line,
    }
}

/// A number as Bazel writes it, with or without commas.
pub fn number(text: &str) -> Option<u64> {
    let digits: String = text.trim().chars().filter(|c| *c != ',').collect();
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn counts(text: &str) -> Option<(u64, u64, &str)> {
    let (inside, rest) = text.strip_prefix('[')?.split_once(']')?;
    let (done, total) = inside.split_once('/')?;
    Some((number(done)?, number(total)?, rest.trim()))
}

/// How many actions run, and the one that has run longest, from what follows the counts.
fn activity(rest: &str) -> (u64, Option<RunningAction>) {
    let rest = match rest.split_once("; ") {
        Some((tests, after)) if tests.contains(" tests") => after,
        _ => rest,
    };
    if let Some(jobs) = rest.strip_prefix("Still waiting for ") {
        return (jobs.split(' ').next().and_then(number).unwrap_or(0), None);
    }
    if let Some(running) = running(rest) {
        return (running, None);
    }
    let (action, others) = match rest.rsplit_once(" ... (") {
        Some((action, others)) => (action, running(others.trim_end_matches(')'))),
        None => (rest, None),
    };
    // `[Prepa]`, `[Sched]` and the like stand before actions that wait.
    if action.is_empty() || action.starts_with('[') || action == "checking cached actions" {
        return (others.unwrap_or(0), None);
    }
    (others.unwrap_or(1), timed(action))
}

/// The count of `8 actions, 7 running`, `3 actions running`, `1 action running`, `no actions running`.
fn running(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    match words[..] {
        [count, "action" | "actions", "running"] | [_, "action" | "actions", count, "running"] => {
            if count == "no" {
                Some(0)
            } else {
                number(count)
            }
        }
        [count, "action" | "actions"] => number(count).map(|_| 0),
        _ => None,
    }
}

/// `Compiling a.cc; 34s local`, and `Compiling a.cc, 34 s` as 0.x wrote it.
fn timed(text: &str) -> Option<RunningAction> {
    let stamped = text
        .rsplit_once("; ")
        .and_then(|(action, time)| Some((action, number(time.split(' ').next()?.strip_suffix('s')?)?)))
        .or_else(|| {
            text.rsplit_once(", ").and_then(|(action, time)| Some((action, number(time.strip_suffix(" s")?)?)))
        });
    let (action, seconds) = stamped.unwrap_or((text, 0));
    (!action.is_empty()).then(|| RunningAction { action: action.to_owned(), seconds })
}

/// Indented, and in the form of a running action or of a heading such as `Running (standalone):`.
fn is_detail(line: &str) -> bool {
    let text = line.trim_start();
    if text.len() + 4 > line.len() {
        return false;
    }
    let heading = ["Running", "Scheduling", "Preparing", "Analyzing", "currently loading:", "Fetching", "["];
    heading.iter().any(|start| text.starts_with(start)) || text == "..." || timed(text).is_some_and(|a| a.seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(line: &str) -> (u64, u64, u64, Option<(String, u64)>) {
        match Status::read(line, false) {
            Some(Status::Counted { done, total, running, slowest }) => {
                (done, total, running, slowest.map(|slowest| (slowest.action, slowest.seconds)))
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    fn compiling(seconds: u64) -> Option<(String, u64)> {
        Some(("Compiling a/b.cc".to_owned(), seconds))
    }

    #[test]
    fn counts_of_all_versions_are_read() {
        let cases = [
            ("[6 / 14] Compiling a/b.cc; 2s remote-cache, local ... (4 actions running)", (6, 14, 4, compiling(2))),
            (
                "[5,584 / 5,856] Compiling a/b.cc; 12s local ... (39 actions, 38 running)",
                (5584, 5856, 38, compiling(12)),
            ),
            ("(12:34:56) [7 / 9] Compiling a/b.cc; 1s local", (7, 9, 1, compiling(1))),
            ("[7 / 9] Compiling a/b.cc", (7, 9, 1, compiling(0))),
            ("[7 / 9] 3 / 10 tests, 1 failed; Compiling a/b.cc; 5s local", (7, 9, 1, compiling(5))),
            ("[1,619 / 2,152] 3 actions running", (1619, 2152, 3, None)),
            ("[1,619 / 2,152] 8 actions, 7 running", (1619, 2152, 7, None)),
            ("[1 / 2] no actions running", (1, 2, 0, None)),
            ("____[2,615 / 3,437] Still waiting for 2 jobs to complete:", (2615, 3437, 2, None)),
            ("[0 / 12] [Prepa] Writing file good-2.params ... (3 actions, 1 running)", (0, 12, 1, None)),
            ("[9 / 9] checking cached actions", (9, 9, 0, None)),
        ];
        for (line, expected) in cases {
            assert_eq!(counted(line), expected, "{line}");
        }
    }

    #[test]
    fn indented_lines_belong_to_the_count_above() {
        let seven = Some(RunningAction { action: "Compiling .../a.cc [for host]".to_owned(), seconds: 7 });
        for line in ["    Compiling .../a.cc [for host]; 7s local", "        Compiling .../a.cc [for host], 7 s"] {
            assert_eq!(Status::read(line, true), Some(Status::Detail(seven.clone())), "{line}");
            assert_eq!(Status::read(line, false), None, "{line}");
        }
        assert_eq!(Status::read("      Running (standalone):", true), Some(Status::Detail(None)));
        assert_eq!(Status::read("    1 | #include \"missing.h\"", true), None);
    }

    #[test]
    fn what_only_looks_like_a_count_is_not_one() {
        for line in ["[a / b] x", "[1 / ] x", "[12] x", "[1 / 99999999999999999999] x", "[", "INFO: [1 / 2]", "[/]"] {
            assert_eq!(Status::read(line, false), None, "{line}");
        }
    }
}
