//! Each renderer against the exact text it must show.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::domain::bazel_output::RunningAction;

/// A writer whose text the test can read.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("one thread").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("one thread").clone()).expect("only text is written")
    }

    /// What a terminal of this width would show after these bytes; it wraps like one, late.
    fn screen(&self, width: usize) -> Vec<String> {
        let (text, mut rows, mut row, mut column) = (self.text(), vec![Vec::new()], 0, 0);
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\n' => (row, column) = (row + 1, 0),
                '\r' => column = 0,
                '\x1b' => match (chars.next(), chars.next(), chars.next()) {
                    (Some('['), Some('2'), Some('K')) => rows[row].clear(),
                    (Some('['), Some(count), Some('A')) => row -= count.to_digit(10).expect("a digit") as usize,
                    (Some('['), Some(count), Some('B')) => row += count.to_digit(10).expect("a digit") as usize,
                    other => panic!("sequence {other:?} is not known here"),
                },
                c => {
                    if column == width {
                        (row, column) = (row + 1, 0);
                    }
                    rows.resize(rows.len().max(row + 1), Vec::new());
                    let cells = rows[row].len().max(column + 1);
                    rows[row].resize(cells, ' ');
                    rows[row][column] = c;
                    column += 1;
                }
            }
            rows.resize(rows.len().max(row + 1), Vec::new());
        }
        // Where a spinner stands depends on how often it was drawn: not a matter for exact text.
        let still = |row: String| match row.strip_prefix(['\\', '|', '/']) {
            Some(rest) => format!("-{rest}"),
            None => row,
        };
        let mut shown: Vec<String> =
            rows.iter().map(|row| still(row.iter().collect::<String>().trim_end().to_owned())).collect();
        shown.truncate(shown.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1));
        shown
    }
}

/// A report on two pages, with a clock that the test sets in seconds.
fn report(options: Options, width: Option<u16>) -> (Report, Page, Page, Arc<Mutex<u64>>) {
    report_on(Page::default(), Page::default(), options, width)
}

fn report_on(
    stdout: Page,
    stderr: Page,
    options: Options,
    width: Option<u16>,
) -> (Report, Page, Page, Arc<Mutex<u64>>) {
    let clock = Arc::new(Mutex::new(0));
    let (start, hands) = (Instant::now(), Arc::clone(&clock));
    let around = Surroundings {
        stdout: Box::new(stdout.clone()),
        stderr: Box::new(stderr.clone()),
        width: width.map(|width| Box::new(move || width) as Box<dyn Fn() -> u16 + Send + Sync>),
        animated: false,
        clock: Box::new(move || start + Duration::from_secs(*hands.lock().expect("one thread"))),
    };
    (Report::with_surroundings(options, around), stdout, stderr, clock)
}

const BARS: Options = Options { json: false, verbose: false, progress: true, color: false };

fn optimized() -> String {
    "cpu-optimized".to_owned()
}

fn progress(done: u64) -> Event {
    let slowest = Some(RunningAction { action: "Compiling x.cc".to_owned(), seconds: 34 });
    Event::Progress { variant: optimized(), done, total: 340, running: 2, slowest, eta_seconds: Some(130) }
}

fn result() -> Event {
    Event::Result { line: "bin/server".to_owned(), details: json!({"bytes": 7}) }
}

fn started() -> Event {
    Event::StepStarted { variant: Some(optimized()), step: "bazel".to_owned() }
}

fn finished() -> Event {
    Event::StepFinished { variant: Some(optimized()), step: "bazel".to_owned(), seconds: 552.4 }
}

fn all_words() -> Vec<Event> {
    let variant = optimized;
    vec![
        Event::Note { text: "sources are at bc7e9d2".to_owned() },
        Event::Warning { text: "12 GiB are free".to_owned() },
        Event::Rebuild { variant: variant(), reason: "copts changed: +-mavx512f".to_owned() },
        Event::FirstError {
            variant: variant(),
            text: "ERROR: x\na.cc: error: \x1b[31mno\x1b[0m".to_owned(),
            log: "a.log".to_owned(),
        },
        Event::Stalled { variant: variant(), seconds: 300, action: Some("Compiling x.cc".to_owned()) },
        Event::RunAgain { variant: variant(), jobs: 4, reason: "the compiler was killed".to_owned() },
        Event::UpToDate { variant: variant(), reason: "same key, same binary".to_owned() },
        Event::Working { step: "build image tf-dev".to_owned(), line: "Step 3/9 : RUN \x1b[1mapt-get".to_owned() },
        Event::Failed { variant: variant(), text: "two things\n- one\n- other".to_owned() },
        Event::Bytes { what: "push".to_owned(), done: 1 << 30, total: Some(3 << 30) },
        Event::Bytes { what: "push".to_owned(), done: 3 << 30, total: Some(3 << 30) },
        Event::Table { title: "builds".to_owned(), headers: vec!["variant".to_owned()], rows: vec![vec![variant()]] },
    ]
}

const ALL_WORDS: &str = "\
sources are at bc7e9d2
warning: 12 GiB are free
cpu-optimized: to be rebuilt: copts changed: +-mavx512f
cpu-optimized: first error
  ERROR: x
  a.cc: error: no
  whole log: a.log
cpu-optimized: no progress for 5m00s, still at Compiling x.cc
cpu-optimized: runs again with 4 jobs: the compiler was killed
cpu-optimized: up to date: same key, same binary
build image tf-dev: Step 3/9 : RUN apt-get
cpu-optimized: failed: two things
  - one
  - other
push: 1.0 GiB of 3.0 GiB (33%)
push: 3.0 GiB
builds
  variant
  cpu-optimized
";

#[test]
fn plain_says_everything_in_sentences() {
    let (report, stdout, stderr, _) = report(BARS, None);
    all_words().into_iter().chain([result()]).for_each(|event| report.event(event));
    assert_eq!(stderr.text(), ALL_WORDS);
    assert_eq!(stdout.text(), "bin/server\n");
}

#[test]
fn plain_progress_speaks_every_ten_seconds() {
    let (report, _, stderr, clock) = report(BARS, None);
    report.event(started());
    for (second, done) in [(0, 120), (9, 150), (10, 160), (15, 170), (25, 340)] {
        *clock.lock().expect("one thread") = second;
        report.event(progress(done));
        report.event(Event::LogLine { variant: optimized(), line: "noise".to_owned() });
    }
    report.event(finished());
    let expected = "\
cpu-optimized: bazel started
cpu-optimized: 120/340 actions, about 2m10s left, slowest: Compiling x.cc (34s)
cpu-optimized: 160/340 actions, about 2m10s left, slowest: Compiling x.cc (34s)
cpu-optimized: 340/340 actions, about 2m10s left, slowest: Compiling x.cc (34s)
cpu-optimized: bazel finished in 9m12s
";
    assert_eq!(stderr.text(), expected);
}

#[test]
fn json_is_every_event_and_nothing_else() {
    let (report, stdout, stderr, _) = report(Options { json: true, ..BARS }, Some(80));
    [started(), progress(1), progress(2), result()].into_iter().for_each(|event| report.event(event));
    let expected = r#"{"event":"step-started","variant":"cpu-optimized","step":"bazel"}
{"event":"progress","variant":"cpu-optimized","done":1,"total":340,"running":2,"slowest":{"action":"Compiling x.cc","seconds":34},"eta_seconds":130}
{"event":"progress","variant":"cpu-optimized","done":2,"total":340,"running":2,"slowest":{"action":"Compiling x.cc","seconds":34},"eta_seconds":130}
{"event":"result","line":"bin/server","details":{"bytes":7}}
"#;
    assert_eq!((stdout.text().as_str(), stderr.text().as_str()), (expected, ""));
}

#[test]
fn terminal_keeps_bars_below_the_story() {
    let (report, stdout, stderr, clock) = report(Options { verbose: true, ..BARS }, Some(80));
    [started(), progress(170)].into_iter().for_each(|event| report.event(event));
    report.event(Event::LogLine { variant: optimized(), line: "INFO: Found 1 target".to_owned() });
    report.event(Event::Bytes { what: "push gpu".to_owned(), done: 0, total: Some(3 << 30) });
    *clock.lock().expect("one thread") = 20;
    report.event(Event::Bytes { what: "push gpu".to_owned(), done: 1 << 30, total: Some(3 << 30) });
    let under_way = [
        "cpu-optimized | INFO: Found 1 target",
        "- cpu-optimized ==========>          [170/340] 50%  2m10s left  Compiling x.cc (",
        "- push gpu: 1.0 GiB of 3.0 GiB (33%), about 40s left",
    ];
    assert_eq!(stderr.screen(80), under_way);
    [finished(), result()].into_iter().for_each(|event| report.event(event));
    report.finish().expect("nothing was lost");
    let after = ["cpu-optimized | INFO: Found 1 target", "cpu-optimized: bazel finished in 9m12s"];
    assert_eq!(stderr.screen(80), after);
    report.event(Event::Note { text: "end".to_owned() });
    assert!(stderr.text().ends_with("end\n"), "the shell's prompt starts on its own line");
    assert_eq!(stdout.text(), "bin/server\n");
}

#[test]
fn result_and_bars_share_one_terminal() {
    let both = Page::default();
    let (report, ..) = report_on(both.clone(), both.clone(), BARS, Some(80));
    [started(), result()].into_iter().for_each(|event| report.event(event));
    assert_eq!(both.screen(80), ["bin/server", "- cpu-optimized: bazel"]);
}

#[test]
fn build_that_starts_over_loses_its_count() {
    let (report, _, stderr, _) = report(BARS, Some(80));
    let phase = Event::Phase { variant: optimized(), phase: crate::domain::bazel_output::Phase::Loading };
    [started(), progress(170), phase].into_iter().for_each(|event| report.event(event));
    assert_eq!(stderr.screen(80), ["- cpu-optimized: loading"]);
}

#[test]
fn terminal_of_no_width_does_not_panic() {
    let (report, _, stderr, _) = report(BARS, Some(0));
    [started(), progress(170), finished()].into_iter().for_each(|event| report.event(event));
    assert!(stderr.text().ends_with("cpu-optimized: bazel finished in 9m12s\n"));
}

#[test]
fn narrow_terminal_gets_numbers_only() {
    let (report, _, stderr, _) = report(BARS, Some(40));
    [started(), progress(170)].into_iter().for_each(|event| report.event(event));
    assert_eq!(stderr.screen(40), ["- cpu-optimized [170/340] 50%  2m10s lef"]);
}

#[test]
fn colours_need_a_terminal_and_consent() {
    let warned = |color, width| {
        let (report, _, stderr, _) = report(Options { color, progress: false, ..BARS }, width);
        report.event(Event::Warning { text: "x".to_owned() });
        stderr.text()
    };
    assert_eq!(warned(true, Some(80)), "\x1b[33mwarning: x\x1b[0m\n");
    assert_eq!(warned(false, Some(80)), "warning: x\n");
    assert_eq!(warned(true, None), "warning: x\n");
}

#[test]
fn error_chain_is_told_on_stderr_in_every_mode() {
    for json in [false, true] {
        let (report, stdout, stderr, _) = report(Options { json, ..BARS }, None);
        report.error(&anyhow::anyhow!("connection refused").context("push cpu-optimized"), None);
        let expected = "error: push cpu-optimized\n  because: connection refused\n";
        assert_eq!((stdout.text().as_str(), stderr.text().as_str()), ("", expected));
    }
}

#[test]
fn readers_that_hang_up_do_not_hurt() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    for (json, width) in [(true, None), (false, None), (false, Some(80_u16))] {
        let around = Surroundings {
            stdout: Box::new(Gone),
            stderr: Box::new(Gone),
            width: width.map(|width| Box::new(move || width) as Box<dyn Fn() -> u16 + Send + Sync>),
            animated: true,
            clock: Box::new(Instant::now),
        };
        let report = Report::with_surroundings(Options { json, ..BARS }, around);
        [started(), progress(1), result(), finished()].into_iter().for_each(|event| report.event(event));
        assert!(report.finish().is_ok());
    }
}
