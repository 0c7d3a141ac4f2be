//! The reader against what Bazel 4.2.3 really printed, and against what nothing should print.

use super::*;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Feeds a log in chunks of a size, one second each, and gives all observations but the plain lines.
fn read(log: &[u8], size: usize) -> (Vec<Observation>, Summary) {
    let mut output = BazelOutput::new();
    let mut seen = Vec::new();
    for chunk in log.chunks(size) {
        seen.extend(output.feed(chunk, at(1)));
    }
    seen.retain(|observation| !matches!(observation, Observation::Line { .. }));
    (seen, output.finish())
}

fn phases(seen: &[Observation]) -> Vec<Phase> {
    seen.iter().filter_map(|o| if let Observation::Phase(phase) = o { Some(*phase) } else { None }).collect()
}

const ALL: [&[u8]; 6] = [
    include_bytes!("samples/cached.log"),
    include_bytes!("samples/compile-error.log"),
    include_bytes!("samples/curses.log"),
    include_bytes!("samples/keep-going.log"),
    include_bytes!("samples/killed.log"),
    include_bytes!("samples/missing-target.log"),
];

#[test]
fn chunk_size_does_not_matter() {
    for log in ALL {
        let whole = read(log, log.len());
        assert_eq!(read(log, 1), whole);
        assert_eq!(read(log, 7), whole);
    }
}

#[test]
fn keep_going_build_is_told_in_order() {
    let (seen, summary) = read(ALL[3], 4096);
    assert_eq!(phases(&seen), [Phase::Loading, Phase::Analysing, Phase::Building]);
    let slow = Some(RunningAction { action: "Executing genrule //:slow14".to_owned(), seconds: 12 });
    let progress = Observation::Progress { done: 9, total: 14, running: 4, slowest: slow, eta: None };
    assert!(seen.contains(&progress), "{seen:#?}");
    let Some(Observation::FirstError { text }) = seen.last() else { panic!("{seen:#?}") };
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("ERROR: /workspace/BUILD:2:10: Compiling bad.cc failed: (Exit 1)"), "{text}");
    assert_eq!(lines[1], "bad.cc:1:10: fatal error: missing_thing.h: No such file or directory");
    assert_eq!(lines.len(), 5);
    assert_eq!((summary.actions_done, summary.actions_total, summary.completed), (11, 14, false));
    assert_eq!(summary.elapsed, Some(Duration::from_millis(22_363)));
    assert_eq!(summary.critical_path, Some(Duration::from_millis(14_190)));
    assert_eq!((summary.processes["local"], summary.processes["internal"]), (9, 2));
    assert_eq!(summary.first_error.as_deref(), Some(text.as_str()));
}

#[test]
fn cached_build_counts_its_hits() {
    let (_, summary) = read(ALL[0], 4096);
    assert_eq!((summary.actions_done, summary.actions_total, summary.completed), (14, 14, true));
    assert_eq!((summary.cache_hits, summary.killed, summary.first_error), (9, false, None));
}

#[test]
fn reasons_for_failing_are_told_apart() {
    let reasons = |log| {
        let (_, summary) = read(log, 4096);
        (summary.killed, summary.missing_target, summary.disk_full, summary.first_error.is_some())
    };
    assert_eq!(reasons(ALL[4]), (true, false, false, true));
    assert_eq!(reasons(ALL[5]), (false, true, false, true));
    assert_eq!(reasons(ALL[1]), (false, false, false, true));
    assert_eq!(reasons(b"ERROR: write (No space left on device)"), (false, false, true, true));
}

#[test]
fn colours_and_carriage_returns_change_nothing() {
    let (seen, summary) = read(ALL[2], 64);
    assert_eq!(phases(&seen), [Phase::Loading, Phase::Analysing, Phase::Building]);
    assert_eq!((summary.actions_total, summary.processes["internal"]), (1, 1));
    assert!(summary.last_lines.iter().all(|line| !line.contains('\x1b')));
}

#[test]
fn details_of_old_versions_name_the_slowest() {
    let log = b"[2 / 9] Still waiting for 2 jobs to complete:\n      Running (standalone):\n        Compiling b.cc, 851 s\n        Compiling a.cc, 839 s\n";
    let (seen, summary) = read(log, 4096);
    let slowest = Some(RunningAction { action: "Compiling b.cc".to_owned(), seconds: 851 });
    assert_eq!(seen.last(), Some(&Observation::Progress { done: 2, total: 9, running: 2, slowest, eta: None }));
    assert_eq!((seen.len(), summary.last_lines.len()), (3, 1));
}

#[test]
fn stall_is_said_once_and_again_after_news() {
    let stalled = |output: &mut BazelOutput, now| output.tick(at(now));
    let mut output = BazelOutput::new();
    output.feed(b"[1 / 3] Compiling a.cc; 1s local\n", at(10));
    assert_eq!(stalled(&mut output, 309), []);
    // The same count again is not news: a hanging compiler makes Bazel repeat itself.
    output.feed(b"[1 / 3] Compiling a.cc; 290s local\n", at(309));
    let action = Some("Compiling a.cc".to_owned());
    assert_eq!(stalled(&mut output, 310), [Observation::Stalled { since: at(10), idle: at(300), action }]);
    assert_eq!(stalled(&mut output, 900), []);
    output.feed(b"[2 / 3] Compiling b.cc; 1s local\n", at(901));
    assert_eq!(stalled(&mut output, 1200), []);
    assert_eq!(stalled(&mut output, 1201).len(), 1);
}

#[test]
fn error_that_nothing_follows_is_told_by_a_tick() {
    let mut output = BazelOutput::new();
    assert_eq!(output.feed(b"ERROR: --x :: Unrecognized option: --x\n", at(1)).len(), 1);
    assert_eq!(output.tick(at(2)), []);
    let text = "ERROR: --x :: Unrecognized option: --x".to_owned();
    assert_eq!(output.tick(at(3)), [Observation::FirstError { text }]);
    assert_eq!(output.tick(at(9)), []);
}

#[test]
fn estimate_appears_once_there_is_ground_for_it() {
    let mut output = BazelOutput::new();
    let etas: Vec<Option<Duration>> = (0..=20)
        .flat_map(|t| output.feed(format!("[{} / 100] Compiling a.cc\n", 2 * t).as_bytes(), at(t)))
        .filter_map(|o| if let Observation::Progress { eta, .. } = o { Some(eta) } else { None })
        .collect();
    assert_eq!((etas[9], etas[10], etas[20]), (None, Some(at(40)), Some(at(30))));
}

#[test]
fn garbage_neither_panics_nor_grows() {
    // A small generator of our own: the same bytes on every run.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let alphabet = b"[]/ 0129,;.:()sERO\n\r\x1b\xff\xc3\xa4_ILN'@";
    let mut output = BazelOutput::new();
    for round in 0..2000 {
        let chunk: Vec<u8> = (0..97)
            .map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                alphabet[(seed % alphabet.len() as u64) as usize]
            })
            .collect();
        output.feed(&chunk, at(round % 50));
        output.tick(at(round));
    }
    output.feed(&vec![b'x'; 1 << 20], at(1));
    let summary = output.finish();
    assert!(summary.last_lines.len() <= 20 && summary.last_lines.iter().all(|line| line.len() < 4000));
}
