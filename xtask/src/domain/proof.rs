//! The proof of a built server: what a program needs of machine, loader and libraries, read from its bytes alone.
//! Nothing is run and nothing is opened here; the caller brings the bytes and decides what a violation stops.

use std::num::NonZeroUsize;
use std::thread;

use serde::{Deserialize, Serialize};

pub mod base;
pub mod contract;
pub mod copts;
mod cpuid;
pub mod demangle;
pub mod elf;
pub mod feature;
#[cfg(test)]
pub(crate) mod fixture;
pub mod glob;
pub mod isa;
pub mod span;
pub mod table;
pub mod version;
pub mod violation;

pub use base::BaseLibraries;
pub use contract::{Ceiling, Contract, judge};
pub use feature::Feature;
pub use table::table;

use elf::ElfFacts;
use isa::{FunctionUse, IsaFacts};

/// Everything read from one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryFacts {
    pub summary: Summary,
    /// The functions that use features beyond the baseline, in file order. A receipt does not keep them: there may
    /// be a hundred thousand.
    pub users: Vec<FunctionUse>,
}

/// The part of the facts a receipt keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub elf: ElfFacts,
    /// Absent when the code is not x86-64, which we cannot decode.
    pub isa: Option<IsaFacts>,
}

impl BinaryFacts {
    /// What the binary must find where it runs: its libraries and the loader, by file name.
    pub fn libraries_wanted(&self) -> impl Iterator<Item = &str> {
        let loader = self.summary.elf.interpreter.as_deref().and_then(|path| path.rsplit('/').next());
        self.summary.elf.needed.iter().map(String::as_str).chain(loader)
    }
}

/// Why a file gives no facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("not an ELF file")]
    NotElf,
    #[error("the ELF file is cut short: {lacks} is missing")]
    Truncated { lacks: &'static str },
    #[error("the ELF file is {is}, neither a program nor a shared library")]
    NotExecutable { is: &'static str },
    #[error("the ELF file has no section table, so that what it needs cannot be read")]
    NoSections,
    #[error("the ELF file holds no code")]
    NoCode,
    #[error("the ELF file is malformed: {0}")]
    Malformed(String),
}

impl From<object::read::Error> for ProofError {
    fn from(error: object::read::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Reads a program or shared library, decoding its code on all processors.
pub fn read(bytes: &[u8]) -> Result<BinaryFacts, ProofError> {
    read_on(bytes, thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
}

/// Reads a program or shared library on so many threads; the facts are the same for any number.
pub fn read_on(bytes: &[u8], threads: NonZeroUsize) -> Result<BinaryFacts, ProofError> {
    let parsed = elf::parse(bytes)?;
    if parsed.code.is_empty() {
        return Err(ProofError::NoCode);
    }
    let (isa, users) = match parsed.facts.architecture {
        elf::Architecture::X86_64 => {
            let (facts, users) = isa::scan(&span::spans(&parsed), threads);
            (Some(facts), users)
        }
        _ => (None, Vec::new()),
    };
    Ok(BinaryFacts { summary: Summary { elf: parsed.facts, isa }, users })
}

#[cfg(test)]
mod tests {
    use super::elf::Kind;
    use super::fixture::{Fixture, code};
    use super::*;

    fn sample() -> Fixture {
        Fixture::program(&[
            ("main", &[code::ENDBR64, code::ADDPS, code::RET]),
            ("_ZN1a4gemmEv", &[code::AVX2, code::FMA, code::FMA, code::RET]),
        ])
    }

    #[test]
    fn facts_are_read_from_the_bytes() {
        let elf = read(&sample().build()).unwrap().summary.elf;
        assert_eq!((elf.architecture, elf.bits, elf.kind), (elf::Architecture::X86_64, 64, Kind::Program));
        assert_eq!(elf.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(elf.needed, ["libc.so.6"]);
        assert_eq!(elf.needed_versions["libc.so.6"], ["GLIBC_2.2.5".into(), "GLIBC_2.34".into()].into());
        assert_eq!((elf.build_id.as_deref(), elf.stripped, elf.soname), (Some("deadbeef"), false, None));
    }

    #[test]
    fn library_offers_its_versions_but_not_its_own_name() {
        let elf = read(&Fixture::library("libz.so.1", &["Z_1.2", "Z_1.10"]).build()).unwrap().summary.elf;
        assert_eq!((elf.kind, elf.soname.as_deref()), (Kind::SharedLibrary, Some("libz.so.1")));
        assert_eq!(elf.defined_versions, ["Z_1.2".into(), "Z_1.10".into()].into());
    }

    #[test]
    fn what_is_no_program_is_said_to_be_so() {
        let error = |bytes: &[u8]| read(bytes).unwrap_err();
        assert_eq!(error(b""), ProofError::NotElf);
        assert_eq!(error(b"#!/bin/sh"), ProofError::NotElf);
        assert_eq!(error(b"\x7fELF"), ProofError::Truncated { lacks: "the ELF header" });
        let with_type = |file_type| Fixture { file_type, ..sample() }.build();
        assert_eq!(error(&with_type(1)), ProofError::NotExecutable { is: "an object file" });
        assert_eq!(error(&with_type(4)), ProofError::NotExecutable { is: "a core dump" });
        assert_eq!(error(&Fixture::program(&[]).build()), ProofError::NoCode);
        let mut headless = sample().build();
        headless[40..48].fill(0);
        headless[60..62].fill(0);
        assert_eq!(error(&headless), ProofError::NoSections);
    }

    #[test]
    fn file_cut_anywhere_is_an_error() {
        let bytes = sample().build();
        for length in 0..bytes.len() {
            let error = read(&bytes[..length]).unwrap_err();
            assert!(length < 1 || matches!(error, ProofError::Truncated { .. }), "{length}: {error}");
        }
    }

    #[test]
    fn bytes_at_odd_addresses_are_read_alike() {
        let bytes = sample().build();
        let shifted = [&[0], bytes.as_slice()].concat();
        assert_eq!(read(&shifted[1..]), read(&bytes));
    }

    #[test]
    fn flipped_bytes_never_panic() {
        let mut library = Fixture::library("libm.so.6", &["GLIBC_2.2.5", "GLIBC_2.36"]);
        library.needs = sample().needs;
        // A fixed sequence, so that a failure can be repeated.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as usize
        };
        let mut answers = 0;
        for original in [sample().build(), library.build()] {
            for _ in 0..5_000 {
                let mut bytes = original.clone();
                for _ in 0..1 + random() % 4 {
                    let at = random() % bytes.len();
                    bytes[at] = random() as u8;
                }
                if let Ok(facts) = read_on(&bytes, NonZeroUsize::MIN) {
                    answers += 1;
                    assert!(table(&facts).contains("architecture"));
                }
            }
        }
        assert!(answers > 1000, "only {answers} flipped files were readable: the fixtures are too brittle");
    }

    #[test]
    fn summary_survives_json() {
        let summary = read(&sample().build()).unwrap().summary;
        let json = serde_json::to_string(&summary).unwrap();
        assert!(json.contains(r#""fma":{"functions":1,"instructions":2}"#), "{json}");
        assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary);
    }

    #[test]
    fn other_machines_are_described_but_not_decoded() {
        let facts = read(&Fixture { machine: 183, ..sample() }.build()).unwrap();
        assert_eq!(facts.summary.isa, None);
        assert!(table(&facts).contains("not x86-64, not decoded"));
    }

    #[test]
    fn table_shows_features_with_their_share() {
        let text = table(&read(&sample().build()).unwrap());
        let expected = "\
architecture   x86_64, 64 bits, program
loader         /lib64/ld-linux-x86-64.so.2
needs          libc.so.6
ABI at least   GLIBC_2.34
build ID       deadbeef
symbols        present
code           2 functions, 7 instructions

feature               functions       %  instructions       %
fma                           1   50.00             2   28.57
avx2                          1   50.00             1   14.29

fma most in
         2  a::gemm()

avx2 most in
         1  a::gemm()
";
        assert_eq!(text, expected);
    }
}
