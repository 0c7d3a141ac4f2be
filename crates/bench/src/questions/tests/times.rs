//! Questions about times of calls: formats, scaling, servers and flags.

use super::{super::made::Made, asked, cautioned, finding};
use crate::{
    record::{Counters, Outcome},
    verdict::State,
};

#[test]
fn servers_that_differ_are_an_effect_with_the_ratio_in_words() {
    let found = asked(&Made::default().record(), "servers");
    assert_eq!(found.state, State::Effect);
    let ratio = finding(&found, "servers/ratio/slow/fast");
    assert!((1.07..1.13).contains(&ratio.value) && ratio.low > 1.05 && ratio.unit == "ratio", "{ratio:?}");
    assert!(found.verdict.starts_with("slow takes 1.1"), "{}", found.verdict);
    assert!(finding(&found, "servers/median/slow").value > finding(&found, "servers/median/fast").value);
    assert!((finding(&found, "servers/same-answers/slow/fast").value - 1.0).abs() < 1e-9);
    assert_eq!(found.plots.len(), 4);
}

#[test]
fn three_servers_are_three_pairs_judged_together() {
    let servers = vec![("a", 1.0, None), ("b", 1.0, None), ("c", 1.3, None)];
    let found = asked(&Made { servers, own_start: 0.002, ..Made::default() }.record(), "servers");
    let state = |pair: &str| finding(&found, &format!("servers/ratio/{pair}")).state;
    assert_eq!((state("a/b"), state("a/c"), state("b/c")), (State::None, State::Effect, State::Effect));
    assert!(found.verdict.contains("Of 3 pairs of servers 2 differ"), "{}", found.verdict);
}

#[test]
fn one_server_cannot_be_compared_but_is_told() {
    let found = asked(&Made { servers: vec![("only", 1.0, Some("standard"))], ..Made::small() }.record(), "servers");
    assert_eq!(found.state, State::NotMeasured);
    assert!(found.verdict.contains("--server") && found.verdict.contains("GPU: not measured"), "{}", found.verdict);
    assert!(finding(&found, "servers/median/only").value > 0.0);
}

#[test]
fn a_simulated_gpu_says_nothing_of_gpus() {
    let mut record = Made::small().record();
    let build = record.experiment.servers[0].build.as_mut().expect("it has one");
    (build.device, build.simulated) = ("gpu".to_owned(), true);
    let found = asked(&record, "servers");
    assert_eq!(found.state, State::NotMeasured);
    assert_eq!(finding(&found, "servers/ratio/slow/fast").state, State::NotMeasured);
    assert!(found.verdict.contains("that of slow is simulated"), "{}", found.verdict);
    assert_eq!(asked(&record, "flags").state, State::NotMeasured);
}

#[test]
fn one_picture_in_one_start_stays_open_and_says_so() {
    let servers = vec![("slow", 3.0, Some("standard")), ("fast", 1.0, Some("optimized"))];
    let record = Made { servers, pictures: 1, restarts: 1, ..Made::default() }.record();
    for id in ["servers", "flags", "formats", "scaling"] {
        let found = asked(&record, id);
        assert_eq!(found.state, State::Open, "{id}");
        assert!(found.verdict.contains("on this picture, in this run"), "{id}: {}", found.verdict);
        assert!(cautioned(&found, "one picture") && cautioned(&found, "one start"), "{id}: {:?}", found.cautions);
    }
    let ratio = asked(&record, "servers").findings.remove(0);
    assert!(ratio.low < 3.0 && 3.0 < ratio.high && ratio.low > 2.0, "{ratio:?}");
}

#[test]
fn many_pictures_in_one_start_hold_for_this_run() {
    let found = asked(&Made { restarts: 1, ..Made::default() }.record(), "servers");
    assert!(found.verdict.contains("in this run") && cautioned(&found, "one start"), "{}", found.verdict);
}

#[test]
fn flags_are_told_with_the_servers_own_time() {
    let found = asked(&Made::default().record(), "flags");
    assert_eq!(found.state, State::Effect);
    let (call, server) = (finding(&found, "flags/call/slow/fast"), finding(&found, "flags/server/slow/fast"));
    assert!((call.value - server.value).abs() < 0.01, "{call:?} {server:?}");
    assert!(found.verdict.contains("server's own clock"), "{}", found.verdict);
    let servers = vec![("slow", 1.0, Some("standard")), ("fast", 1.0, Some("optimized"))];
    assert_eq!(asked(&Made { servers, own_start: 0.002, ..Made::default() }.record(), "flags").state, State::None);
}

#[test]
fn servers_that_differ_in_more_than_flags_do_not_answer_for_flags() {
    let mut record = Made::small().record();
    record.experiment.servers[0].build.as_mut().expect("it has one").cpus = Some("1".to_owned());
    let found = asked(&record, "flags");
    assert_eq!(found.state, State::NotMeasured);
    assert!(
        found.verdict.contains("cargo xtask bench --image cpu-standard --image cpu-optimized"),
        "{}",
        found.verdict
    );
}

#[test]
fn png_that_takes_longer_to_decode_is_an_effect_with_its_milliseconds() {
    let found = asked(&Made::default().record(), "formats");
    assert_eq!(found.state, State::Effect);
    assert!(finding(&found, "formats/ratio/png/jpeg-75/slow").low > 1.05);
    let more = finding(&found, "formats/more-ms/png/jpeg-75/fast");
    // 1024x682 pixels, 70 ms more a megapixel.
    assert!((40.0..60.0).contains(&more.value), "{more:?}");
    assert!((finding(&found, "formats/bytes/png/jpeg-75").value - 8.0).abs() < 0.1);
    assert_eq!(found.plots.len(), 2);
}

#[test]
fn formats_that_cost_the_same_are_none_and_one_format_is_not_measured() {
    let equal = Made { png: 1.0, calls: 9, noise: 0.05, ..Made::default() };
    assert_eq!(asked(&equal.record(), "formats").state, State::None);
    let one = Made { formats: vec!["png"], ..Made::default() };
    assert_eq!(asked(&one.record(), "formats").state, State::NotMeasured);
}

#[test]
fn a_format_that_is_refused_is_said_to_be() {
    let mut record = Made { formats: vec!["jpeg", "png", "webp"], ..Made::default() }.record();
    for call in record.calls.iter_mut().filter(|call| call.cell.format == "webp") {
        let (code, message) = ("INVALID_ARGUMENT".to_owned(), "Unknown image file format".to_owned());
        call.outcome = Outcome::Failed { code, message };
    }
    let found = asked(&record, "formats");
    assert!(found.verdict.contains("slow refuses WebP: INVALID_ARGUMENT"), "{}", found.verdict);
    assert!(!cautioned(&found, "failed"), "what is refused altogether is no failure: {:?}", found.cautions);
    assert!(finding(&found, "formats/refused/webp/fast").value > 0.0);
}

#[test]
fn time_that_grows_with_size_is_an_effect_with_its_slope() {
    let made = Made {
        formats: vec!["jpeg", "png", "pixels"],
        sizes: vec![1024, 512, 256, 128],
        calls: 9,
        noise: 0.1,
        ..Made::default()
    };
    let found = asked(&made.record(), "scaling");
    assert_eq!(found.state, State::Effect);
    let slope = finding(&found, "scaling/slope/png/fast");
    assert!(slope.low < 80.0 && 80.0 < slope.high && slope.high - slope.low < 25.0, "{slope:?}");
    let intercept = finding(&found, "scaling/intercept/png/fast");
    assert!((17.0..24.0).contains(&intercept.value), "{intercept:?}");
    assert_eq!(finding(&found, "scaling/ratio/pixels/fast").state, State::None);
    assert!(found.verdict.contains("Where nothing is decoded"), "{}", found.verdict);
}

#[test]
fn time_that_does_not_grow_is_none_within_the_margin_alone() {
    let flat = Made { per_megapixel: 0.0, calls: 9, noise: 0.05, own_start: 0.002, ..Made::default() };
    let found = asked(&flat.record(), "scaling");
    assert_eq!(found.state, State::None);
    assert!(found.verdict.contains("does not depend on the size by more than 5 %"), "{}", found.verdict);
    let noisy = Made { per_megapixel: 0.0, calls: 2, noise: 0.4, pictures: 4, restarts: 2, ..Made::default() };
    assert_eq!(asked(&noisy.record(), "scaling").state, State::Open);
    let single = Made { sizes: vec![], ..Made::default() };
    assert_eq!(asked(&single.record(), "scaling").state, State::NotMeasured);
}

#[test]
fn whatever_makes_numbers_worth_less_is_said() {
    let mut record = Made::small().record();
    for call in record.calls.iter_mut().step_by(50) {
        call.outcome = Outcome::Failed { code: "UNAVAILABLE".to_owned(), message: "gone".to_owned() };
    }
    record.counters.push(Counters {
        server: Some(0),
        throttled_periods: Some(7),
        throttled_seconds: Some(0.5),
        ..Counters::default()
    });
    record.environment[0].facts = [("cores", "2"), ("load average", "5.10 3.00 2.00")]
        .map(|(name, fact)| (name.to_owned(), fact.to_owned()))
        .into();
    (record.self_checks[0].wrong, record.self_checks[0].lag_p99_us) = (3, 8000.0);
    record.plates[2].same_as = Some(record.plates[1].cell.clone());
    record.ended = None;
    let found = asked(&record, "servers");
    for words in [
        "failed, ",
        "held back in 7",
        "load average of 5.10 on 2.00 cores",
        "3 calls to a grpc",
        "8.00 ms late",
        "measured once",
        "did not reach its end",
    ] {
        assert!(cautioned(&found, words), "{words} is in none of {:?}", found.cautions);
    }
    let clean = asked(&Made::small().record(), "servers");
    assert!(clean.cautions.is_empty(), "{:?}", clean.cautions);
}

#[test]
fn an_empty_record_is_not_measured_six_times() {
    let mut record = Made::small().record();
    (record.plates, record.calls) = (Vec::new(), Vec::new());
    let answered = super::answer(&record);
    let ids: Vec<&str> = answered.iter().map(|answered| answered.id.as_str()).collect();
    assert_eq!(ids, ["quality", "formats", "scaling", "servers", "flags", "load"]);
    assert!(answered.iter().all(|answered| answered.state == State::NotMeasured && !answered.verdict.is_empty()));
}

#[test]
fn the_same_record_gets_the_same_answers() {
    let record = Made { pictures: 4, ..Made::default() }.record();
    assert_eq!(super::answer(&record), super::answer(&record));
}
