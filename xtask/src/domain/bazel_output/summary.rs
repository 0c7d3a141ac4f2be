//! What a finished build said about itself: actions, processes, times, and the reasons for failing that we can act on.
//! Facts of the text only; whether to run again is decided elsewhere.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::progress::{Status, message, number};

const LAST_LINES: usize = 20;
const LINE_WIDTH: usize = 500;

/// The end of a build as its output tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub actions_done: u64,
    pub actions_total: u64,
    /// Bazel said that the build completed successfully.
    pub completed: bool,
    /// How many processes ran by kind: `local`, `internal`, `disk cache hit`.
    pub processes: BTreeMap<String, u64>,
    pub cache_hits: u64,
    #[serde(serialize_with = "as_seconds")]
    pub critical_path: Option<Duration>,
    #[serde(serialize_with = "as_seconds")]
    pub elapsed: Option<Duration>,
    /// A compiler, a linker or Bazel itself was killed or ran out of memory: fewer jobs may help.
    pub killed: bool,
    pub missing_target: bool,
    pub disk_full: bool,
    pub first_error: Option<String>,
    /// The last lines, a run of status lines counted as one.
    pub last_lines: Vec<String>,
}

/// The summary in the making.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    summary: Summary,
    last: VecDeque<String>,
    last_is_status: bool,
}

impl Tally {
    /// Takes a line and, for a status line, its meaning.
    pub fn line(&mut self, line: &str, status: Option<&Status>) {
        self.remember(line, status.is_some());
        match status {
            Some(Status::Counted { done, total, .. }) => {
                (self.summary.actions_done, self.summary.actions_total) = (*done, *total);
            }
            Some(_) => {}
            None => self.note(message(line)),
        }
    }

    /// The summary, with the error that was collected elsewhere.
    pub fn summary(self, first_error: Option<String>) -> Summary {
        Summary { first_error, last_lines: self.last.into(), ..self.summary }
    }

    fn remember(&mut self, line: &str, status: bool) {
        if (status && self.last_is_status) || self.last.len() == LAST_LINES {
            if status && self.last_is_status {
                self.last.pop_back()
            } else {
                self.last.pop_front()
            };
        }
        self.last.push_back(line.chars().take(LINE_WIDTH).collect());
        self.last_is_status = status;
    }

    fn note(&mut self, text: &str) {
        let summary = &mut self.summary;
        summary.killed |= tells_of_kill(text);
        summary.disk_full |= text.contains("No space left on device");
        summary.missing_target |= text.starts_with("ERROR:") && tells_of_missing_target(text);
        let Some(info) = text.strip_prefix("INFO:").map(str::trim) else {
            return;
        };
        if let Some(times) = info.strip_prefix("Elapsed time: ") {
            summary.elapsed = seconds(times);
            summary.critical_path = times.split_once("Critical Path: ").and_then(|(_, path)| seconds(path));
        } else if let Some(end) = info.strip_prefix("Build completed successfully, ") {
            summary.completed = true;
            if let Some(total) = end.split(' ').next().and_then(number) {
                (summary.actions_done, summary.actions_total) = (total, total);
            }
        } else if let Some(kinds) = processes(info) {
            summary.cache_hits = kinds
                .iter()
                .filter(|(kind, _)| kind.ends_with("cache hit"))
                .fold(0, |sum, (_, n)| n.saturating_add(sum));
            summary.processes = kinds;
        }
    }
}

/// `22.363` rather than a structure of seconds and nanoseconds.
fn as_seconds<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs_f64()).serialize(serializer)
}

fn seconds(text: &str) -> Option<Duration> {
    let (number, _) = text.split_once('s')?;
    Duration::try_from_secs_f64(number.trim().parse().ok()?).ok()
}

/// `14 processes: 9 remote cache hit, 2 internal, 3 local.`; 0.13 put a comma for the colon.
fn processes(info: &str) -> Option<BTreeMap<String, u64>> {
    let (count, rest) = info.split_once(' ')?;
    number(count)?;
    let rest = rest.strip_prefix("processes").or_else(|| rest.strip_prefix("process"))?;
    let kinds = rest.trim_start_matches([':', ',']).trim_end_matches('.').split(',');
    Some(
        kinds
            .filter_map(|kind| kind.trim().split_once(' '))
            .filter_map(|(count, kind)| Some((kind.to_owned(), number(count)?)))
            .collect(),
    )
}

fn tells_of_kill(text: &str) -> bool {
    let marks = [
        "(Killed)",
        "Killed (program",
        " Killed  ",
        "signal terminated program",
        "Server terminated abruptly",
        "java.lang.OutOfMemoryError",
        "(Exit 137)",
        "virtual memory exhausted",
        "Cannot allocate memory",
        "LLVM ERROR: out of memory",
    ];
    let signal_nine = text
        .match_indices("signal 9")
        .any(|(at, mark)| !text[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()));
    signal_nine || text.trim() == "Killed" || text.ends_with(": Killed") || marks.iter().any(|mark| text.contains(mark))
}

/// A package of another repository (`'@…'`) is missing when its download failed: not the user's label.
fn tells_of_missing_target(text: &str) -> bool {
    text.contains("no such target '")
        || text.split("no such package '").skip(1).any(|package| !package.starts_with('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(log: &str) -> Summary {
        let mut tally = Tally::default();
        log.lines().for_each(|line| tally.line(line, Status::read(line, false).as_ref()));
        tally.summary(None)
    }

    #[test]
    fn processes_are_counted_by_kind() {
        let summary = tally("INFO: 14 processes: 3 remote cache hit, 2 disk cache hit, 4 internal, 5 local.");
        let kinds: Vec<(&str, u64)> = summary.processes.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(kinds, [("disk cache hit", 2), ("internal", 4), ("local", 5), ("remote cache hit", 3)]);
        assert_eq!(summary.cache_hits, 5);
        assert_eq!(tally("INFO: 1 process: 1 internal.").processes["internal"], 1);
        assert_eq!(tally("INFO: 26 processes, 13 remote cache hit, 13 local.").cache_hits, 13);
        assert!(tally("INFO: 0 processes.").processes.is_empty());
    }

    #[test]
    fn times_are_seconds_in_json() {
        let summary = tally("INFO: Elapsed time: 22.363s, Critical Path: 14.19s");
        let json = serde_json::to_value(&summary).expect("plain data");
        assert_eq!((json["elapsed"].as_f64(), json["critical_path"].as_f64()), (Some(22.363), Some(14.19)));
    }

    #[test]
    fn every_way_to_be_killed_is_known() {
        let killed = [
            "gcc: internal compiler error: Killed (program cc1plus)",
            "gcc: fatal error: Killed signal terminated program cc1plus",
            "collect2: fatal error: ld terminated with signal 9 [Killed]",
            "clang: error: unable to execute command: Killed",
            "ERROR: BUILD:1:1: Linking x failed: (Exit 137): gcc failed",
            "ERROR: BUILD:4:8: Executing genrule //:x failed: (Killed): bash failed",
            "Server terminated abruptly (error code: 14, error message: 'Socket closed', log file: '/x')",
            "java.lang.OutOfMemoryError: Java heap space",
            "bash: line 1:  1234 Killed                  gcc -c",
            "Killed",
        ];
        for line in killed {
            assert!(tally(line).killed, "{line}");
        }
        for line in [
            "INFO: From Compiling SkilledKilled.cc:",
            "ended by signal 99",
            "ERROR: x failed (Exit 1)",
            "[1 / 2] Killed",
        ] {
            assert!(!tally(line).killed, "{line}");
        }
    }

    #[test]
    fn failed_download_is_not_a_missing_target() {
        assert!(!tally("ERROR: no such package '@zlib//': java.io.IOException: 404").missing_target);
        assert!(tally("ERROR: no such package 'serving': BUILD file not found").missing_target);
        assert!(tally("ERROR: no such target '//:x': target 'x' not declared").missing_target);
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let log: String = (0..50).map(|n| format!("line {n}\n[{n} / 50] a\n[{n} / 50] b\n")).collect();
        let last = tally(&log).last_lines;
        assert_eq!(last.len(), LAST_LINES);
        assert_eq!((last[0].as_str(), last[18].as_str(), last[19].as_str()), ("line 40", "line 49", "[49 / 50] b"));
    }
}
