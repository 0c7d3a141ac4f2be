//! What an ELF file says about itself: machine, loader, needed libraries and versions, and where its code is.
//! Names and bytes only; what the code does is `isa`'s to find out, and whether it is welcome is `contract`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use object::{Endianness, elf};
use serde::{Deserialize, Serialize};

use super::ProofError;
use super::version::SymbolVersion;

mod read;

/// What the headers and the dynamic section of a file say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElfFacts {
    pub architecture: Architecture,
    /// 32 or 64.
    pub bits: u8,
    pub kind: Kind,
    /// The loader asked for, such as `/lib64/ld-linux-x86-64.so.2`; none in a static program.
    pub interpreter: Option<String>,
    /// The name a shared library gives itself.
    pub soname: Option<String>,
    /// Needed libraries, in the order the loader looks for them.
    pub needed: Vec<String>,
    /// `DT_RUNPATH` (or the older `DT_RPATH`).
    pub runpath: Option<String>,
    /// Versions the file cannot start without, by library; weak ones, which the loader forgives, are left out.
    pub needed_versions: BTreeMap<String, BTreeSet<SymbolVersion>>,
    /// Versions a shared library offers.
    pub defined_versions: BTreeSet<SymbolVersion>,
    pub build_id: Option<String>,
    /// Whether the full symbol table is gone.
    pub stripped: bool,
}

/// The machine a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    X86_64,
    X86,
    Aarch64,
    /// Any other, by its number in the ELF header.
    Other(u16),
}

/// What a file can be used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A program at a fixed address.
    Program,
    /// A program that may be loaded anywhere.
    PositionIndependentProgram,
    SharedLibrary,
}

/// A file taken apart: the facts, and the pieces the instruction decoder works on.
pub struct Parsed<'a> {
    pub facts: ElfFacts,
    pub code: Vec<Section<'a>>,
    pub symbols: Vec<Symbol<'a>>,
    /// `.eh_frame_hdr` and `.eh_frame`, which tell where functions begin even in a stripped file.
    pub unwind: Option<[Section<'a>; 2]>,
}

/// A piece of the file and the address it is loaded at.
#[derive(Debug, Clone, Copy)]
pub struct Section<'a> {
    pub index: usize,
    pub name: &'a [u8],
    pub address: u64,
    pub data: &'a [u8],
}

/// A named place in a code section.
#[derive(Debug, Clone, Copy)]
pub struct Symbol<'a> {
    pub name: &'a [u8],
    pub section: usize,
    pub address: u64,
    pub size: u64,
    pub kind: SymbolKind,
}

/// What a symbol marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SymbolKind {
    Function,
    /// Constants kept between functions.
    Data,
    /// A bare label, as hand-written assembly leaves them.
    Label,
}

/// Takes an ELF program or shared library apart.
pub fn parse(bytes: &[u8]) -> Result<Parsed<'_>, ProofError> {
    const CUT: ProofError = ProofError::Truncated { lacks: "the ELF header" };
    match bytes {
        [0x7f, b'E', b'L', b'F', 2, ..] => read::parse::<elf::FileHeader64<Endianness>>(bytes, 64),
        [0x7f, b'E', b'L', b'F', 1, ..] => read::parse::<elf::FileHeader32<Endianness>>(bytes, 32),
        [0x7f, b'E', b'L', b'F', class, ..] => Err(ProofError::Malformed(format!("unknown class {class}"))),
        // A file cut inside the first four bytes may still have been one.
        [_, ..] if elf::ELFMAG.starts_with(bytes) => Err(CUT),
        _ => Err(ProofError::NotElf),
    }
}

impl Kind {
    /// Whether the kernel can start it.
    pub fn is_program(self) -> bool {
        self != Self::SharedLibrary
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X86_64 => f.pad("x86_64"),
            Self::X86 => f.pad("x86"),
            Self::Aarch64 => f.pad("aarch64"),
            Self::Other(number) => write!(f, "ELF machine {number}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Program => "program",
            Self::PositionIndependentProgram => "position-independent program",
            Self::SharedLibrary => "shared library",
        })
    }
}
