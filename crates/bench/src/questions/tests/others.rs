//! Questions about answers and about load.

use super::{
    super::made::{Made, under_load},
    asked, cautioned, finding,
};
use crate::{
    experiment::Pictures,
    record::{Cell, Counters},
    verdict::State,
};

/// Half of the pictures at 128 px, whatever the format, and a quarter of all JPEG.
fn losing(cell: &Cell) -> f64 {
    match (cell.size, cell.format.as_str()) {
        (Some(128), _) => 0.5,
        (Some(_), "jpeg") => 0.25,
        _ => 0.0,
    }
}

#[test]
fn size_is_told_apart_from_quality() {
    let found =
        asked(&Made { lost: losing, pictures: 100, restarts: 1, calls: 1, ..Made::default() }.record(), "quality");
    assert_eq!(found.state, State::Effect);
    let share = |key: &str| finding(&found, key).value;
    assert!((share("quality/top1/png/512") - 1.0).abs() < 1e-9 && (share("quality/top1/png/128") - 0.5).abs() < 1e-9);
    assert!((share("quality/top1/jpeg-75/512") - 0.75).abs() < 1e-9);
    assert!((share("quality/quality-alone/jpeg-75/512") - 0.75).abs() < 1e-9);
    assert!((share("quality/quality-alone/jpeg-75/128") - 1.0).abs() < 1e-9, "there it is the size that costs");
    assert_eq!(finding(&found, "quality/top1/png/512").state, State::None);
    assert!(found.verdict.contains("PNG at 512 px keeps the best class of 100 %"), "{}", found.verdict);
    assert!((share("quality/top5/png/128") - 0.9).abs() < 1e-9, "one of five is another for half of the pictures");
}

#[test]
fn few_pictures_without_a_miss_are_open_and_say_how_many_it_takes() {
    let found = asked(&Made::default().record(), "quality");
    assert_eq!(found.state, State::Open);
    assert!(found.verdict.contains("takes 73 pictures"), "{}", found.verdict);
    let many = Made { pictures: 80, restarts: 1, calls: 1, ..Made::default() };
    assert_eq!(asked(&many.record(), "quality").state, State::None);
}

#[test]
fn labels_give_accuracy_beside_agreement() {
    let made = Made { lost: losing, labels: true, pictures: 40, restarts: 1, calls: 1, ..Made::default() };
    let found = asked(&made.record(), "quality");
    assert!((finding(&found, "quality/accuracy/original").value - 1.0).abs() < 1e-9);
    let small = finding(&found, "quality/accuracy/png/128");
    assert!(
        (small.value - 0.5).abs() < 1e-9 && small.state == State::Effect && small.words.contains("20 lost"),
        "{small:?}"
    );
    assert!(found.verdict.contains("Recognised surely otherwise"), "{}", found.verdict);
    let without = asked(&Made::default().record(), "quality");
    assert!(without.verdict.contains("there were no labels"), "{}", without.verdict);
}

#[test]
fn the_chain_is_held_to_lossless_originals() {
    let mut record =
        Made { sizes: vec![2048, 512], lost: |cell| if cell.format == "png" { 0.1 } else { 0.0 }, ..Made::default() }
            .record();
    let lossy = asked(&record, "quality");
    assert!(
        finding(&lossy, "quality/chain").value < 1.0 && !cautioned(&lossy, "something on the way"),
        "JPEG's decoders may differ"
    );
    for plate in record.plates.iter_mut().filter(|plate| plate.cell.size.is_none()) {
        plate.cell.format = "bmp".to_owned();
    }
    for call in record.calls.iter_mut().filter(|call| call.cell.size.is_none()) {
        call.cell.format = "bmp".to_owned();
    }
    let lossless = asked(&record, "quality");
    assert_eq!(finding(&lossless, "quality/chain").state, State::Effect);
    assert!(cautioned(&lossless, "something on the way"), "{:?}", lossless.cautions);
}

#[test]
fn what_was_measured_once_counts_for_every_box_it_fills() {
    let mut record = Made { sizes: vec![2048, 1600, 512], ..Made::default() }.record();
    let copies: Vec<Cell> =
        record.plates.iter().filter(|plate| plate.cell.size == Some(1600)).map(|plate| plate.cell.clone()).collect();
    record.calls.retain(|call| !copies.contains(&call.cell));
    for plate in record.plates.iter_mut().filter(|plate| plate.cell.size == Some(1600)) {
        plate.same_as = Some(Cell { size: Some(2048), ..plate.cell.clone() });
    }
    let found = asked(&record, "quality");
    assert!((finding(&found, "quality/top1/png/1600").value - 1.0).abs() < 1e-9);
    assert!(cautioned(&asked(&record, "scaling"), "measured once"));
}

#[test]
fn generated_pictures_and_changing_answers_are_said() {
    let mut record = Made::default().record();
    record.experiment.pictures = Pictures::Generated { count: 24, width: 1500, height: 1000 };
    let first = record.calls[0].outcome.clone();
    record.calls[1].outcome = first;
    let found = asked(&record, "quality");
    assert!(
        cautioned(&found, "generated") && cautioned(&found, "did not always give the same answer"),
        "{:?}",
        found.cautions
    );
}

#[test]
fn a_server_tips_over_between_two_rates() {
    let found = asked(&under_load(100.0, &[0.3, 0.5, 0.7, 0.95, 1.1], Some(70.0)), "load");
    assert_eq!(found.state, State::Effect);
    let knee = finding(&found, "load/knee/poisson/only");
    assert!((knee.value - 70.0).abs() < 1e-9 && knee.words.contains("tips over before 95"), "{knee:?}");
    assert!((finding(&found, "load/slo/poisson/only").value - 50.0).abs() < 1e-9);
    let throughput = finding(&found, "load/throughput/only");
    assert!(
        throughput.low < 101.0 && 101.0 < throughput.high && throughput.words.contains("4 callers"),
        "{throughput:?}"
    );
    assert!(found.verdict.contains("300 were never sent"), "{}", found.verdict);
    assert_eq!(found.plots.len(), 3);
}

#[test]
fn a_server_that_stands_all_has_no_knee() {
    let found = asked(&under_load(100.0, &[0.3, 0.5], None), "load");
    assert_eq!(found.state, State::None);
    assert!(
        found.verdict.contains("stands all that it was offered")
            && found.verdict.contains("calls under load were answered"),
        "{}",
        found.verdict
    );
    assert_eq!(asked(&Made::small().record(), "load").state, State::NotMeasured);
    let mut single = under_load(100.0, &[0.3, 0.5], None);
    single.points.retain(|point| point.restart == 0);
    let single = asked(&single, "load");
    assert!(single.verdict.contains("in this run") && cautioned(&single, "one start"), "{}", single.verdict);
}

#[test]
fn starts_that_differ_leave_the_knee_open() {
    let mut record = under_load(100.0, &[0.3, 0.5, 0.7], None);
    record.points.last_mut().expect("there are points").latency.p99 = 4000.0;
    let found = asked(&record, "load");
    assert_eq!(found.state, State::Open);
    let knee = finding(&found, "load/knee/poisson/only");
    assert!(knee.value < knee.high, "{knee:?}");
}

#[test]
fn the_servers_own_histogram_stands_beside_what_callers_saw() {
    let mut record = under_load(100.0, &[0.3], None);
    let metrics = [("sum", 5e6), ("count", 500.0)]
        .map(|(what, value)| (format!(":tensorflow:serving:request_latency_{what}{{API=\"predict\"}}"), value));
    let unit = "load/0/0".to_owned();
    record.counters.push(Counters { unit, server: Some(0), metrics: metrics.into(), ..Counters::default() });
    let own = asked(&record, "load");
    let own = finding(&own, "load/own-time/only");
    assert!((own.value - 10.0).abs() < 1e-9 && own.words.contains("500"), "{own:?}");
}
