//! Which CPU features the instructions of a file need, function by function.
//! Only features that can kill a process on an older machine count; whether they may be used is `contract`'s to say.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic};
use serde::{Deserialize, Serialize};

use super::cpuid::MASKS;
use super::demangle;
use super::feature::Feature;
use super::span::Span;

/// What the code as a whole uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsaFacts {
    pub functions: u64,
    pub instructions: u64,
    /// Bytes in functions that are no instruction: constants among the code, mostly.
    pub undecodable: u64,
    pub usage: BTreeMap<Feature, Usage>,
}

/// How much one feature is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub functions: u64,
    pub instructions: u64,
}

/// A function that uses features beyond the baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionUse {
    /// The symbol as the file spells it, or the place (`.text+0x40`) where there is none.
    pub symbol: String,
    /// Instructions by feature, oldest feature first.
    pub instructions: Vec<(Feature, u32)>,
}

impl FunctionUse {
    /// The name for people and patterns.
    pub fn name(&self) -> String {
        demangle::readable(&self.symbol)
    }
}

/// Code handed to a thread at once: enough to be worth the handing, little enough to share evenly.
const CHUNK: usize = 256 * 1024;

/// Decodes all spans on so many threads; the answer does not depend on how many.
pub fn scan(spans: &[Span<'_>], threads: NonZeroUsize) -> (IsaFacts, Vec<FunctionUse>) {
    let chunks = chunks(spans);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(chunks.len()));
    let work = || {
        while let Some((index, chunk)) = take(&chunks, &next) {
            let result = decode_chunk(chunk);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        // The calling thread works too: one less to start, none at all for a small file.
        for _ in 1..threads.get().min(chunks.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    let (mut facts, mut users) = (IsaFacts::default(), Vec::new());
    for (_, (part, mut part_users)) in done {
        facts.add(&part);
        users.append(&mut part_users);
    }
    (facts, users)
}

fn take<'c, 's>(chunks: &[&'c [Span<'s>]], next: &AtomicUsize) -> Option<(usize, &'c [Span<'s>])> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    chunks.get(index).map(|chunk| (index, *chunk))
}

fn chunks<'c, 's>(spans: &'c [Span<'s>]) -> Vec<&'c [Span<'s>]> {
    let (mut chunks, mut first, mut size) = (Vec::new(), 0, 0);
    for (i, span) in spans.iter().enumerate() {
        size += span.data().len();
        if size >= CHUNK {
            chunks.push(&spans[first..=i]);
            (first, size) = (i + 1, 0);
        }
    }
    chunks.push(&spans[first..]);
    chunks
}

fn decode_chunk(spans: &[Span<'_>]) -> (IsaFacts, Vec<FunctionUse>) {
    let (mut facts, mut users) = (IsaFacts::default(), Vec::new());
    for span in spans {
        let tally = Tally::of(span);
        if !span.is_claimed && tally.is_filler() {
            continue;
        }
        let instructions: Vec<(Feature, u32)> = tally.features().collect();
        facts.functions += 1;
        facts.instructions += tally.instructions;
        facts.undecodable += tally.undecodable;
        for (feature, count) in &instructions {
            let usage = facts.usage.entry(*feature).or_default();
            usage.functions += 1;
            usage.instructions += u64::from(*count);
        }
        if !instructions.is_empty() {
            users.push(FunctionUse { symbol: span.label(), instructions });
        }
    }
    (facts, users)
}

impl IsaFacts {
    fn add(&mut self, part: &Self) {
        self.functions += part.functions;
        self.instructions += part.instructions;
        self.undecodable += part.undecodable;
        for (feature, more) in &part.usage {
            let usage = self.usage.entry(*feature).or_default();
            usage.functions += more.functions;
            usage.instructions += more.instructions;
        }
    }
}

/// The instructions of one span, counted.
struct Tally {
    instructions: u64,
    undecodable: u64,
    /// Instructions that only fill the space between functions.
    idle: u64,
    by_feature: [u32; Feature::COUNT],
}

impl Tally {
    fn of(span: &Span<'_>) -> Self {
        let mut tally = Self { instructions: 0, undecodable: 0, idle: 0, by_feature: [0; Feature::COUNT] };
        let masks: &[u64] = &MASKS;
        let mut decoder = Decoder::with_ip(64, span.data(), span.address(), DecoderOptions::NONE);
        let mut instruction = Instruction::default();
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            if instruction.is_invalid() {
                // What looked like an operand may be the next instruction: go on right after the first byte.
                tally.undecodable += 1;
                resume(&mut decoder, instruction.len());
                continue;
            }
            tally.instructions += 1;
            let mut mask = masks.get(instruction.code() as usize).copied().unwrap_or(0);
            if mask == 0 {
                tally.idle += u64::from(matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3));
            }
            while mask != 0 {
                let feature = &mut tally.by_feature[mask.trailing_zeros() as usize];
                *feature = feature.saturating_add(1);
                mask &= mask - 1;
            }
        }
        tally
    }

    /// Between functions lie padding and constants; code has no undecodable byte and does something.
    fn is_filler(&self) -> bool {
        self.undecodable > 0 || self.idle == self.instructions
    }

    fn features(&self) -> impl Iterator<Item = (Feature, u32)> {
        Feature::all().zip(self.by_feature).filter(|(_, count)| *count > 0)
    }
}

/// Steps back to the byte after the first of the `length` bytes just read.
fn resume(decoder: &mut Decoder<'_>, length: usize) {
    let (position, ip) = (decoder.position(), decoder.ip());
    let back = length.saturating_sub(1);
    // A position that was passed is within the data, so that this cannot fail; if it did, decoding would just go on.
    if decoder.set_position(position.saturating_sub(back)).is_ok() {
        decoder.set_ip(ip.wrapping_sub(back as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::proof::elf;
    use crate::domain::proof::fixture::{Fixture, code};
    use crate::domain::proof::span::spans;

    fn scan_fixture(fixture: &Fixture, threads: usize) -> (IsaFacts, Vec<FunctionUse>) {
        let bytes = fixture.build();
        let parsed = elf::parse(&bytes).unwrap();
        scan(&spans(&parsed), NonZeroUsize::new(threads).unwrap())
    }

    #[track_caller]
    fn check(instruction: &[u8], features: &str) {
        let (facts, _) = scan_fixture(&Fixture::program(&[("f", &[instruction, code::RET])]), 1);
        let found: Vec<&str> = facts.usage.keys().map(|feature| feature.name()).collect();
        assert_eq!((found.join(" ").as_str(), facts.instructions), (features, 2));
    }

    #[test]
    fn instructions_are_known_by_the_features_they_need() {
        check(code::PINSRD, "sse4_1");
        check(code::POPCNT, "popcnt");
        check(code::LZCNT, "abm");
        check(code::SHLX, "bmi2");
        check(code::AVX, "avx");
        check(code::AVX2, "avx2");
        check(code::FMA, "fma");
        check(code::AVX512F, "avx512f");
        check(code::AVX512VL, "avx512f avx512vl");
    }

    #[test]
    fn instructions_that_cannot_fault_are_not_counted() {
        check(code::ADDPS, "");
        check(code::ENDBR64, "");
        check(code::LONG_NOP, "");
        check(code::TZCNT, "");
    }

    #[test]
    fn functions_are_counted_once_and_instructions_each() {
        let program = Fixture::program(&[
            ("plain", &[code::ADDPS, code::RET]),
            ("wide", &[code::AVX2, code::AVX2, code::FMA, code::RET]),
            ("_ZN1a1bEv", &[code::AVX2, code::RET]),
        ]);
        let (facts, users) = scan_fixture(&program, 1);
        let usage = |name: &str| facts.usage[&name.parse().unwrap()];
        assert_eq!((facts.functions, facts.instructions), (3, 8));
        assert_eq!(usage("avx2"), Usage { functions: 2, instructions: 3 });
        assert_eq!(usage("fma"), Usage { functions: 1, instructions: 1 });
        assert_eq!(users.iter().map(FunctionUse::name).collect::<Vec<_>>(), ["wide", "a::b()"]);
    }

    #[test]
    fn unclaimed_bytes_count_only_when_they_are_code() {
        let with_stray = |parts: &[&[u8]]| {
            let mut program = Fixture::program(&[("f", &[code::RET])]);
            program.stray = parts.concat();
            let (facts, users) = scan_fixture(&program, 1);
            (facts.functions, users.into_iter().map(|user| user.symbol).collect::<Vec<_>>())
        };
        assert_eq!(with_stray(&[code::LONG_NOP]), (1, vec![]));
        assert_eq!(with_stray(&[code::AVX512F, code::INVALID]), (1, vec![]));
        assert_eq!(with_stray(&[code::AVX512F, code::RET]), (2, vec![".text+0x1".into()]));
    }

    #[test]
    fn stripped_code_is_still_decoded() {
        let mut program = Fixture::program(&[("f", &[code::AVX2, code::INVALID, code::RET])]);
        program.has_symbols = false;
        let (facts, users) = scan_fixture(&program, 1);
        assert_eq!((facts.functions, facts.undecodable), (1, 1));
        assert_eq!(users[0].symbol, ".text+0x0");
    }

    #[test]
    fn number_of_threads_does_not_change_the_answer() {
        let body = [code::AVX2, code::FMA, code::POPCNT].concat().repeat(3000);
        let mut program = Fixture::program(&[]);
        program.functions = (0..40).map(|i| (format!("f{i}"), body[i * 13..].to_vec())).collect();
        let one = scan_fixture(&program, 1);
        assert_eq!(one.1.len(), 40);
        for threads in [2, 3, 16] {
            assert_eq!(scan_fixture(&program, threads), one);
        }
    }
}
