//! The walk through headers, sections and tables of an ELF file of either class.
//! Every offset is taken as a claim: what lies outside the file is an error, never a panic.

use std::collections::{BTreeMap, BTreeSet};

use object::read::SymbolIndex;
use object::read::elf::{FileHeader, NoteIterator, ProgramHeader, SectionHeader, SectionTable, Sym};
use object::{Endianness, elf};

use super::{Architecture, ElfFacts, Kind, Parsed, Section, Symbol, SymbolKind};
use crate::domain::proof::ProofError;
use crate::domain::proof::version::SymbolVersion;

/// The file with what every step of the walk needs.
struct File<'a, Elf: FileHeader> {
    bytes: &'a [u8],
    endian: Endianness,
    header: &'a Elf,
    sections: SectionTable<'a, Elf>,
}

/// Takes a file of one class apart.
pub fn parse<Elf: FileHeader<Endian = Endianness>>(bytes: &[u8], bits: u8) -> Result<Parsed<'_>, ProofError> {
    if bytes.len() < size_of::<Elf>() {
        return Err(ProofError::Truncated { lacks: "the ELF header" });
    }
    let header = Elf::parse(bytes)?;
    let endian = header.endian()?;
    let table_end = u64::from(header.e_shentsize(endian)) * u64::from(header.e_shnum(endian));
    if !fits(bytes, header.e_shoff(endian).into(), table_end) {
        return Err(ProofError::Truncated { lacks: "the section table" });
    }
    let file = File { bytes, endian, header, sections: header.sections(endian, bytes)? };
    file.check_sections()?;
    file.check_type()?;
    let facts = file.facts(bits)?;
    Ok(Parsed { code: file.code()?, symbols: file.symbols()?, unwind: file.unwind()?, facts })
}

fn fits(bytes: &[u8], offset: u64, size: u64) -> bool {
    offset.checked_add(size).is_some_and(|end| end <= bytes.len() as u64)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl<'a, Elf: FileHeader<Endian = Endianness>> File<'a, Elf> {
    /// Without a section table neither versions nor code could be read, and silence would look like innocence.
    fn check_sections(&self) -> Result<(), ProofError> {
        if self.sections.is_empty() {
            return Err(ProofError::NoSections);
        }
        let ranges = self.sections.iter().filter_map(|section| section.file_range(self.endian));
        if ranges.into_iter().any(|(offset, size)| !fits(self.bytes, offset, size)) {
            return Err(ProofError::Truncated { lacks: "the end of a section" });
        }
        Ok(())
    }

    fn check_type(&self) -> Result<(), ProofError> {
        match self.header.e_type(self.endian) {
            elf::ET_EXEC | elf::ET_DYN => Ok(()),
            elf::ET_REL => Err(ProofError::NotExecutable { is: "an object file" }),
            elf::ET_CORE => Err(ProofError::NotExecutable { is: "a core dump" }),
            _ => Err(ProofError::NotExecutable { is: "of an unknown type" }),
        }
    }

    fn facts(&self, bits: u8) -> Result<ElfFacts, ProofError> {
        let (mut needed, mut soname, mut rpath, mut runpath, mut pie) = (Vec::new(), None, None, None, false);
        let dynamic = self.sections.dynamic_table(self.endian, self.bytes)?;
        for entry in &dynamic {
            match entry.tag {
                elf::DT_NEEDED => needed.push(text(dynamic.string(entry)?)),
                elf::DT_SONAME => soname = Some(text(dynamic.string(entry)?)),
                elf::DT_RPATH => rpath = Some(text(dynamic.string(entry)?)),
                elf::DT_RUNPATH => runpath = Some(text(dynamic.string(entry)?)),
                elf::DT_FLAGS_1 => pie = entry.val & elf::DF_1_PIE.0 != 0,
                _ => {}
            }
        }
        let interpreter = self.interpreter()?;
        let kind = match self.header.e_type(self.endian) {
            elf::ET_EXEC => Kind::Program,
            // Some libraries (libc itself) can be started too; having a soname, they are libraries first.
            _ if soname.is_none() && (pie || interpreter.is_some()) => Kind::PositionIndependentProgram,
            _ => Kind::SharedLibrary,
        };
        let is_symtab = |section: &Elf::SectionHeader| section.sh_type(self.endian) == elf::SHT_SYMTAB;
        Ok(ElfFacts {
            architecture: self.architecture(),
            bits,
            kind,
            interpreter,
            soname,
            needed,
            runpath: runpath.or(rpath),
            needed_versions: self.needed_versions()?,
            defined_versions: self.defined_versions()?,
            build_id: self.build_id()?,
            stripped: !self.sections.iter().any(is_symtab),
        })
    }

    fn architecture(&self) -> Architecture {
        match self.header.e_machine(self.endian) {
            elf::EM_X86_64 => Architecture::X86_64,
            elf::EM_386 => Architecture::X86,
            elf::EM_AARCH64 => Architecture::Aarch64,
            other => Architecture::Other(other.0),
        }
    }

    fn interpreter(&self) -> Result<Option<String>, ProofError> {
        for segment in self.header.program_headers(self.endian, self.bytes)? {
            if let Some(path) = segment.interpreter(self.endian, self.bytes)? {
                return Ok(Some(text(path)));
            }
        }
        Ok(None)
    }

    fn needed_versions(&self) -> Result<BTreeMap<String, BTreeSet<SymbolVersion>>, ProofError> {
        let mut needed: BTreeMap<String, BTreeSet<SymbolVersion>> = BTreeMap::new();
        let Some((mut libraries, link)) = self.sections.gnu_verneed(self.endian, self.bytes)? else {
            return Ok(needed);
        };
        let strings = self.sections.strings(self.endian, self.bytes, link)?;
        while let Some((library, mut versions)) = libraries.next()? {
            let file = text(library.file(self.endian, strings)?);
            let known = needed.entry(file).or_default();
            while let Some(version) = versions.next()? {
                if version.vna_flags.get(self.endian).0 & elf::VER_FLG_WEAK.0 == 0 {
                    known.insert(text(version.name(self.endian, strings)?).into());
                }
            }
        }
        Ok(needed)
    }

    fn defined_versions(&self) -> Result<BTreeSet<SymbolVersion>, ProofError> {
        let mut defined = BTreeSet::new();
        let Some((mut definitions, link)) = self.sections.gnu_verdef(self.endian, self.bytes)? else {
            return Ok(defined);
        };
        let strings = self.sections.strings(self.endian, self.bytes, link)?;
        while let Some((definition, mut names)) = definitions.next()? {
            // The base definition names the file itself; the names after the first are a version's ancestors.
            let is_base = definition.vd_flags.get(self.endian).0 & elf::VER_FLG_BASE.0 != 0;
            if let (false, Some(name)) = (is_base, names.next()?) {
                defined.insert(text(name.name(self.endian, strings)?).into());
            }
        }
        Ok(defined)
    }

    fn build_id(&self) -> Result<Option<String>, ProofError> {
        for section in self.sections.iter() {
            let Some(notes) = section.notes(self.endian, self.bytes)? else {
                continue;
            };
            if let Some(id) = self.build_id_among(notes)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn build_id_among(&self, mut notes: NoteIterator<'a, Elf>) -> Result<Option<String>, ProofError> {
        while let Some(note) = notes.next()? {
            if note.name() == elf::ELF_NOTE_GNU && note.n_type(self.endian) == elf::NT_GNU_BUILD_ID {
                return Ok(Some(note.desc().iter().map(|byte| format!("{byte:02x}")).collect()));
            }
        }
        Ok(None)
    }

    fn section(&self, index: usize, header: &'a Elf::SectionHeader) -> Result<Section<'a>, ProofError> {
        Ok(Section {
            index,
            name: self.sections.section_name(self.endian, header)?,
            address: header.sh_addr(self.endian).into(),
            data: header.data(self.endian, self.bytes)?,
        })
    }

    fn code(&self) -> Result<Vec<Section<'a>>, ProofError> {
        let mut code = Vec::new();
        for (index, header) in self.sections.enumerate() {
            if header.sh_flags(self.endian).0 & elf::SHF_EXECINSTR.0 != 0 {
                code.push(self.section(index.0, header)?);
            }
        }
        code.retain(|section| !section.data.is_empty());
        // Sections that overlap would be decoded again and again; no linker makes them.
        if code.iter().map(|section| section.data.len() as u64).sum::<u64>() > self.bytes.len() as u64 {
            return Err(ProofError::Malformed("the code sections overlap".into()));
        }
        Ok(code)
    }

    fn symbols(&self) -> Result<Vec<Symbol<'a>>, ProofError> {
        let mut table = self.sections.symbols(self.endian, self.bytes, elf::SHT_SYMTAB)?;
        if table.is_empty() {
            // `-rdynamic` leaves most names of a stripped server here.
            table = self.sections.symbols(self.endian, self.bytes, elf::SHT_DYNSYM)?;
        }
        let mut symbols = Vec::new();
        for (index, symbol) in table.iter().enumerate() {
            let kind = match symbol.st_type() {
                elf::STT_FUNC | elf::STT_GNU_IFUNC => SymbolKind::Function,
                elf::STT_OBJECT => SymbolKind::Data,
                elf::STT_NOTYPE => SymbolKind::Label,
                _ => continue,
            };
            let Some(section) = table.symbol_section(self.endian, symbol, SymbolIndex(index))? else {
                continue;
            };
            let name = table.symbol_name(self.endian, symbol)?;
            let (address, size) = (symbol.st_value(self.endian).into(), symbol.st_size(self.endian).into());
            if !name.is_empty() {
                symbols.push(Symbol { name, section: section.0, address, size, kind });
            }
        }
        Ok(symbols)
    }

    fn unwind(&self) -> Result<Option<[Section<'a>; 2]>, ProofError> {
        let find = |name: &[u8]| self.sections.section_by_name(self.endian, name);
        match (find(b".eh_frame_hdr"), find(b".eh_frame")) {
            (Some(index), Some(frames)) => {
                Ok(Some([self.section(index.0.0, index.1)?, self.section(frames.0.0, frames.1)?]))
            }
            _ => Ok(None),
        }
    }
}
