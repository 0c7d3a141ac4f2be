//! Every picture cut off at every byte, and a hundred thousand with bytes changed: an answer or a typed error.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use resizer::picture::PictureError;

use super::{alone, outcome, pictures, small_limits, within};

const MUTANTS: usize = 100_000;
const THREADS: usize = 2;

/// What came of many pictures.
#[derive(Default)]
struct Tally {
    /// How often each status came; 200 for an answer.
    statuses: BTreeMap<u16, usize>,
    /// Panics that were contained: what a decoder said and for whose picture.
    panics: BTreeMap<String, String>,
    slowest: (Duration, String),
}

impl Tally {
    fn count(&mut self, name: &str, outcome: &Result<(), PictureError>, took: Duration) {
        let status = outcome.as_ref().map_or_else(PictureError::status, |()| 200);
        *self.statuses.entry(status).or_default() += 1;
        if let Err(PictureError::Panicked(message)) = outcome {
            self.panics.entry(message.clone()).or_insert_with(|| name.to_owned());
        }
        if took > self.slowest.0 {
            self.slowest = (took, name.to_owned());
        }
    }

    /// Our own faults are no answer to a damaged picture.
    fn judge(&self) {
        println!("{:?}, slowest {:?}, contained {:?}", self.statuses, self.slowest, self.panics);
        let allowed = [200, 413, 415, 422];
        assert!(self.statuses.keys().all(|status| allowed.contains(status)), "{:?}", self.statuses);
    }
}

fn try_all(pictures: &[(String, Vec<u8>)], variants: impl Fn(&[u8], &mut dyn FnMut(&[u8])) + Sync) -> Tally {
    let tally = Mutex::new(Tally::default());
    let limits = small_limits();
    let (tally_of, variants) = (&tally, &variants);
    let some_of = |thread: usize| {
        for (name, bytes) in pictures.iter().skip(thread).step_by(THREADS) {
            variants(bytes, &mut |variant| {
                let start = Instant::now();
                let outcome = outcome(variant, &limits);
                tally_of.lock().unwrap().count(name, &outcome, start.elapsed());
            });
        }
    };
    // Each at a time may use what the limits allow it.
    within(THREADS * limits.memory, || {
        std::thread::scope(|scope| (0..THREADS).for_each(|thread| _ = scope.spawn(move || some_of(thread))));
    });
    tally.into_inner().unwrap()
}

#[test]
fn a_picture_cut_off_anywhere_is_an_answer_or_a_typed_error() {
    let _alone = alone();
    let pictures = pictures();
    let tally = try_all(&pictures, |bytes, check| (0..bytes.len()).for_each(|end| check(&bytes[..end])));
    tally.judge();
    assert_eq!(tally.statuses.values().sum::<usize>(), pictures.iter().map(|(_, bytes)| bytes.len()).sum::<usize>());
}

#[test]
fn half_a_picture_is_refused() {
    for (name, bytes) in pictures() {
        let outcome = outcome(&bytes[..bytes.len() / 2], &small_limits());
        assert!(outcome.is_err(), "{name}");
    }
}

#[test]
fn changed_pictures_are_an_answer_or_a_typed_error() {
    let _alone = alone();
    let pictures = pictures();
    let each = MUTANTS.div_ceil(pictures.len());
    let tally = try_all(&pictures, |bytes, check| {
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(bytes.len() as u64);
        (0..each).for_each(|_| check(&mutated(bytes, &mut chance)));
    });
    tally.judge();
    assert!(tally.statuses.values().sum::<usize>() >= MUTANTS);
    assert!(tally.statuses[&200] > MUTANTS / 20 && tally.statuses[&422] > MUTANTS / 20, "{:?}", tally.statuses);
}

/// One to eight changes: a byte, a bit, an extreme, a stretch copied elsewhere, a stretch cut out.
fn mutated(bytes: &[u8], chance: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut below = |limit: usize| usize::try_from(chance.next_u64() % limit.max(1) as u64).unwrap();
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + below(8) {
        // Headers are short and decide most: half of the changes go there.
        let reach = if below(2) == 0 { bytes.len().min(200) } else { bytes.len() };
        let at = below(reach);
        match below(8) {
            0..3 => bytes[at] = below(256) as u8,
            3 => bytes[at] ^= 1 << below(8),
            4 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)],
            5 => bytes[at] = bytes[at].wrapping_add(1),
            6 => {
                let length = below(32).min(bytes.len() - at);
                let from = below(bytes.len() - length);
                bytes.copy_within(from..from + length, at);
            }
            _ => {
                let length = below(16).min(bytes.len() - at).min(bytes.len() - 1);
                bytes.drain(at..at + length);
            }
        }
    }
    bytes
}
