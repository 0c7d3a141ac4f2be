//! Two hundred experiments with a known ratio: how often the right word is said, and how often the interval holds the truth.

use super::super::{
    evidence::{self, Evidence},
    made::Made,
    ratios, servers,
};
use crate::verdict::State;

struct Tally {
    effects: usize,
    nones: usize,
    covered: usize,
}

fn tally(made: &Made, truth: f64) -> Tally {
    let mut tally = Tally { effects: 0, nones: 0, covered: 0 };
    for seed in 0..200 {
        let record = Made { seed, ..made.clone() }.record();
        let evidence = Evidence::new(&record);
        let compared = servers::compare(&evidence, "servers/ratio", 0, 1, evidence::total);
        let ratio = ratios::judged(&compared, evidence.margin()).remove(0);
        tally.effects += usize::from(ratio.state == State::Effect);
        tally.nones += usize::from(ratio.state == State::None);
        tally.covered += usize::from((ratio.low..=ratio.high).contains(&truth));
    }
    tally
}

/// The grid that `bench` measures unless told otherwise, nearly: 13 derivatives of each picture.
fn ratio(truth: f64) -> Made {
    let servers = vec![("slow", truth, None), ("fast", 1.0, None)];
    Made { servers, sizes: vec![1024, 512, 256, 128], qualities: vec![75, 90], ..Made::default() }
}

#[test]
fn ten_percent_in_three_starts_are_an_effect() {
    let found = tally(&ratio(1.10), 1.10);
    assert!(found.effects >= 190, "{} of 200", found.effects);
    assert!(found.covered >= 180, "{} of 200", found.covered);
    assert_eq!(found.nones, 0);
}

#[test]
fn equal_servers_are_hardly_ever_an_effect_and_mostly_none() {
    let found = tally(&ratio(1.0), 1.0);
    assert!(found.effects <= 4, "{} of 200", found.effects);
    assert!(found.nones >= 150, "{} of 200", found.nones);
    assert!(found.covered >= 180, "{} of 200", found.covered);
}

/// Each server's own start differs by 1.4 %, their ratio by 2 %: three starts would leave that open, six do not.
#[test]
fn starts_that_differ_for_each_server_take_six() {
    let made = Made { restarts: 6, own_start: 0.014, ..ratio(1.10) };
    let found = tally(&made, 1.10);
    assert!(found.effects >= 190, "{} of 200", found.effects);
    assert!(found.covered >= 180, "{} of 200", found.covered);
}

#[test]
fn a_ratio_at_the_margin_is_seldom_called_either() {
    let found = tally(&ratio(1.05), 1.05);
    assert!(found.effects <= 10 && found.nones <= 10, "{} and {} of 200", found.effects, found.nones);
}
