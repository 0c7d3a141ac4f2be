//! Tiny ELF files for the tests, laid out by hand so that no compiler is needed and every byte is known.
//! Only what the proof reads is written; the files would not run.

/// Instructions by what they need.
pub mod code {
    pub const RET: &[u8] = &[0xc3];
    pub const ENDBR64: &[u8] = &[0xf3, 0x0f, 0x1e, 0xfa];
    pub const LONG_NOP: &[u8] = &[0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0];
    pub const ADDPS: &[u8] = &[0x0f, 0x58, 0xc1];
    pub const PINSRD: &[u8] = &[0x66, 0x0f, 0x3a, 0x22, 0xc0, 1];
    pub const POPCNT: &[u8] = &[0xf3, 0x0f, 0xb8, 0xc1];
    pub const TZCNT: &[u8] = &[0xf3, 0x0f, 0xbc, 0xc1];
    pub const LZCNT: &[u8] = &[0xf3, 0x0f, 0xbd, 0xc1];
    pub const SHLX: &[u8] = &[0xc4, 0xe2, 0x69, 0xf7, 0xc1];
    /// `vaddps xmm0, xmm1, xmm2`
    pub const AVX: &[u8] = &[0xc5, 0xf0, 0x58, 0xc2];
    /// `vpaddd ymm0, ymm1, ymm2`
    pub const AVX2: &[u8] = &[0xc5, 0xf5, 0xfe, 0xc2];
    /// `vfmadd231ps ymm0, ymm1, ymm2`
    pub const FMA: &[u8] = &[0xc4, 0xe2, 0x75, 0xb8, 0xc2];
    /// `vaddps zmm0, zmm1, zmm2`
    pub const AVX512F: &[u8] = &[0x62, 0xf1, 0x74, 0x48, 0x58, 0xc2];
    /// `vaddps ymm0, ymm1, ymm2` in the longer encoding, which needs AVX512VL as well
    pub const AVX512VL: &[u8] = &[0x62, 0xf1, 0x74, 0x28, 0x58, 0xc2];
    /// No instruction in 64-bit code.
    pub const INVALID: &[u8] = &[0x06];
}

/// Where the first byte of the file would be loaded.
const LOADED_AT: u64 = 0x40_0000;

/// What goes into the file.
#[derive(Clone)]
pub struct Fixture {
    pub file_type: u16,
    pub machine: u16,
    pub interpreter: Option<&'static str>,
    pub soname: Option<String>,
    pub needed: Vec<String>,
    /// Versions needed, by library; a version that begins with `weak:` is marked so.
    pub needs: Vec<(String, Vec<String>)>,
    pub offers: Vec<String>,
    pub functions: Vec<(String, Vec<u8>)>,
    /// Code after the functions that no symbol claims.
    pub stray: Vec<u8>,
    pub has_symbols: bool,
}

impl Fixture {
    /// A program for x86-64 with these functions, each given as its instructions.
    pub fn program(functions: &[(&str, &[&[u8]])]) -> Self {
        let functions = functions.iter().map(|(name, parts)| ((*name).to_owned(), parts.concat())).collect();
        Self {
            file_type: 2,
            machine: 62,
            interpreter: Some("/lib64/ld-linux-x86-64.so.2"),
            soname: None,
            needed: vec!["libc.so.6".into()],
            needs: vec![("libc.so.6".into(), vec!["GLIBC_2.2.5".into(), "GLIBC_2.34".into()])],
            offers: Vec::new(),
            functions,
            stray: Vec::new(),
            has_symbols: true,
        }
    }

    /// A shared library of this name defining these versions.
    pub fn library(soname: &str, offers: &[&str]) -> Self {
        Self {
            file_type: 3,
            interpreter: None,
            soname: Some(soname.into()),
            needed: Vec::new(),
            needs: Vec::new(),
            offers: offers.iter().map(|version| (*version).into()).collect(),
            ..Self::program(&[("f", &[code::RET])])
        }
    }

    /// The bytes of the file.
    pub fn build(&self) -> Vec<u8> {
        let mut file = Layout::new(self);
        let mut strings = Strings(vec![0]);
        if let Some(path) = self.interpreter {
            let at = file.section(".interp", 1, 2, &[path.as_bytes(), &[0]].concat(), 0);
            file.program_header(at, path.len() as u64 + 1);
        }
        let text = file.text(self);
        let verneed = self.verneed(&mut strings);
        let verdef = self.verdef(&mut strings);
        let dynamic = self.dynamic(&mut strings);
        let symtab = self.symtab(&mut strings, text, file.headers.len() as u16);
        let mut note = [4u32, 4, 3].map(u32::to_le_bytes).concat();
        note.extend(b"GNU\0\xde\xad\xbe\xef");
        file.section(".note.gnu.build-id", 7, 2, &note, 0);
        // All tables share one string table, which comes last and whose number is known beforehand.
        let optional = [!verneed.is_empty(), !verdef.is_empty(), self.has_symbols];
        let link = file.headers.len() as u32 + 1 + optional.iter().filter(|present| **present).count() as u32;
        file.section(".dynamic", 6, 3, &dynamic, link);
        if !verneed.is_empty() {
            file.section(".gnu.version_r", 0x6fff_fffe, 2, &verneed, link);
        }
        if !verdef.is_empty() {
            file.section(".gnu.version_d", 0x6fff_fffd, 2, &verdef, link);
        }
        if self.has_symbols {
            file.section(".symtab", 2, 0, &symtab, link);
        }
        file.section(".strtab", 3, 0, &strings.0, 0);
        file.finish()
    }

    fn verneed(&self, strings: &mut Strings) -> Vec<u8> {
        let mut out = Vec::new();
        for (i, (library, versions)) in self.needs.iter().enumerate() {
            let is_last = i + 1 == self.needs.len();
            let next = if is_last { 0 } else { 16 + 16 * versions.len() as u32 };
            out.extend([1u16, versions.len() as u16].map(u16::to_le_bytes).concat());
            out.extend([strings.add(library), 16, next].map(u32::to_le_bytes).concat());
            for (j, version) in versions.iter().enumerate() {
                let (weak, version) = version.strip_prefix("weak:").map_or((0, version.as_str()), |rest| (2, rest));
                out.extend(0u32.to_le_bytes());
                out.extend([weak, j as u16 + 2].map(u16::to_le_bytes).concat());
                let next = if j + 1 == versions.len() { 0 } else { 16 };
                out.extend([strings.add(version), next].map(u32::to_le_bytes).concat());
            }
        }
        out
    }

    fn verdef(&self, strings: &mut Strings) -> Vec<u8> {
        let names: Vec<&str> = self.soname.iter().chain(&self.offers).map(String::as_str).collect();
        let mut out = Vec::new();
        if self.offers.is_empty() {
            return out;
        }
        for (i, name) in names.iter().enumerate() {
            let next = if i + 1 == names.len() { 0 } else { 28u32 };
            let is_base = u16::from(i == 0);
            out.extend([1, is_base, i as u16 + 1, 1].map(u16::to_le_bytes).concat());
            out.extend([0, 20, next, strings.add(name), 0].map(u32::to_le_bytes).concat());
        }
        out
    }

    fn dynamic(&self, strings: &mut Strings) -> Vec<u8> {
        let needed = self.needed.iter().map(|library| [1, u64::from(strings.add(library))]);
        let mut entries: Vec<[u64; 2]> = needed.collect();
        entries.extend(self.soname.iter().map(|soname| [14, u64::from(strings.add(soname))]));
        entries.push([0, 0]);
        entries.as_flattened().iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn symtab(&self, strings: &mut Strings, text: u64, section: u16) -> Vec<u8> {
        let (mut out, mut address) = (vec![0; 24], LOADED_AT + text);
        for (name, code) in &self.functions {
            out.extend(strings.add(name).to_le_bytes());
            out.extend([0x12, 0]);
            // The text is the section written last before this.
            out.extend((section - 1).to_le_bytes());
            out.extend([address, code.len() as u64].map(u64::to_le_bytes).concat());
            address += code.len() as u64;
        }
        out
    }
}

struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &str) -> u32 {
        let at = self.0.len() as u32;
        self.0.extend(text.as_bytes());
        self.0.push(0);
        at
    }
}

struct Layout {
    out: Vec<u8>,
    headers: Vec<Vec<u8>>,
    names: Strings,
}

impl Layout {
    fn new(fixture: &Fixture) -> Self {
        let mut out = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        out.extend([fixture.file_type, fixture.machine].map(u16::to_le_bytes).concat());
        out.resize(64 + 56, 0);
        out[20] = 1;
        Self { out, headers: vec![vec![0; 64]], names: Strings(vec![0]) }
    }

    fn section(&mut self, name: &str, kind: u32, flags: u64, data: &[u8], link: u32) -> u64 {
        self.out.resize(self.out.len().next_multiple_of(8), 0);
        let at = self.out.len() as u64;
        self.out.extend(data);
        let mut header = [self.names.add(name), kind].map(u32::to_le_bytes).concat();
        header.extend([flags, LOADED_AT + at, at, data.len() as u64].map(u64::to_le_bytes).concat());
        header.extend([link, 0].map(u32::to_le_bytes).concat());
        let entry = match kind {
            2 => 24u64,
            6 => 16,
            _ => 0,
        };
        header.extend([4, entry].map(u64::to_le_bytes).concat());
        self.headers.push(header);
        at
    }

    fn text(&mut self, fixture: &Fixture) -> u64 {
        let mut code: Vec<u8> = fixture.functions.iter().flat_map(|(_, code)| code.clone()).collect();
        code.extend(&fixture.stray);
        self.section(".text", 1, 6, &code, 0)
    }

    /// The one segment the proof looks for.
    fn program_header(&mut self, at: u64, size: u64) {
        let mut header = [3u32, 4].map(u32::to_le_bytes).concat();
        header.extend([at, LOADED_AT + at, LOADED_AT + at, size, size, 1].map(u64::to_le_bytes).concat());
        self.out[64..64 + 56].copy_from_slice(&header);
        self.out[32..40].copy_from_slice(&64u64.to_le_bytes());
        self.out[54..58].copy_from_slice(&[56u16, 1].map(u16::to_le_bytes).concat());
    }

    fn finish(mut self) -> Vec<u8> {
        // The table's own name must be in it before it is written.
        let names = [self.names.0.clone(), b".shstrtab\0".to_vec()].concat();
        self.section(".shstrtab", 3, 0, &names, 0);
        self.out.resize(self.out.len().next_multiple_of(8), 0);
        let at = self.out.len() as u64;
        let count = self.headers.len() as u16;
        self.out.extend(self.headers.concat());
        self.out[40..48].copy_from_slice(&at.to_le_bytes());
        self.out[52..54].copy_from_slice(&64u16.to_le_bytes());
        self.out[58..64].copy_from_slice(&[64, count, count - 1].map(u16::to_le_bytes).concat());
        self.out
    }
}
