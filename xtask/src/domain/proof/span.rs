//! Which bytes of the code belong to which function: by symbol, else by unwind entry, else by what lies between.
//! Nothing is decoded here.

use super::elf::{Parsed, Section, Symbol, SymbolKind};

/// A run of code that belongs together.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    pub section: Section<'a>,
    /// Offset in the section.
    pub start: usize,
    pub end: usize,
    /// The symbol that names it, if any.
    pub name: Option<&'a [u8]>,
    /// Whether something says that a function starts here; otherwise it may be padding or constants.
    pub is_claimed: bool,
}

impl<'a> Span<'a> {
    /// The bytes to decode.
    pub fn data(&self) -> &'a [u8] {
        &self.section.data[self.start..self.end]
    }

    /// The address the first byte is loaded at.
    pub fn address(&self) -> u64 {
        self.section.address.wrapping_add(self.start as u64)
    }

    /// The symbol, or the place where there is none.
    pub fn label(&self) -> String {
        match self.name {
            Some(name) => String::from_utf8_lossy(name).into_owned(),
            None => format!("{}+{:#x}", String::from_utf8_lossy(self.section.name), self.start),
        }
    }
}

/// All spans of all code sections, in file order; together they cover every byte that is not marked as data.
pub fn spans<'a>(parsed: &Parsed<'a>) -> Vec<Span<'a>> {
    let frames = parsed.unwind.as_ref().map(frames).unwrap_or_default();
    let mut symbols: Vec<&Symbol<'a>> = parsed.symbols.iter().collect();
    symbols.sort_by_key(|symbol| symbol.section);
    let mut spans = Vec::new();
    for section in &parsed.code {
        let first = symbols.partition_point(|symbol| symbol.section < section.index);
        let last = symbols.partition_point(|symbol| symbol.section <= section.index);
        let mut marks = marks(section, &symbols[first..last], &frames);
        cover(section, &mut marks, &mut spans);
    }
    spans
}

/// Something that says "here begins ...".
#[derive(Debug, Clone, Copy)]
struct Mark<'a> {
    start: usize,
    size: usize,
    /// Absent for an unwind entry.
    kind: Option<SymbolKind>,
    name: Option<&'a [u8]>,
}

impl Mark<'_> {
    /// Whether it ends whatever came before; labels and unwind entries inside a function do not.
    fn is_firm(&self) -> bool {
        matches!(self.kind, Some(SymbolKind::Function | SymbolKind::Data))
    }

    /// Of several marks in one place the firm and longest counts; the name decides the rest, not the file's order.
    fn rank(&self) -> impl Ord + use<'_> {
        let strength = match self.kind {
            Some(SymbolKind::Function) => 0,
            Some(SymbolKind::Data) => 1,
            None if self.size > 0 => 2,
            Some(SymbolKind::Label) => 3,
            None => 4,
        };
        (self.start, strength, usize::MAX - self.size, self.name)
    }
}

/// The marks of one section, strongest first at each place, one a place.
fn marks<'a>(section: &Section<'a>, symbols: &[&Symbol<'a>], frames: &[(u64, u64)]) -> Vec<Mark<'a>> {
    let place = |address: u64| {
        let offset = usize::try_from(address.checked_sub(section.address)?).ok()?;
        (offset < section.data.len()).then_some(offset)
    };
    let clip = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    let named = symbols.iter().filter_map(|symbol| {
        let (start, size) = (place(symbol.address)?, clip(symbol.size));
        Some(Mark { start, size, kind: Some(symbol.kind), name: Some(symbol.name) })
    });
    let unnamed = frames.iter().filter_map(|(address, size)| {
        Some(Mark { start: place(*address)?, size: clip(*size), kind: None, name: None })
    });
    let mut marks: Vec<Mark<'a>> = named.chain(unnamed).collect();
    marks.sort_unstable_by(|a, b| a.rank().cmp(&b.rank()));
    // A label knows the name, the unwind entry in the same place the size: together they are a function.
    let mut joined: Vec<Mark<'a>> = Vec::with_capacity(marks.len());
    for mark in marks {
        match joined.last_mut().filter(|last| last.start == mark.start) {
            None => joined.push(mark),
            Some(last) => {
                last.name = last.name.or(mark.name);
                if last.size == 0 {
                    last.size = mark.size;
                }
            }
        }
    }
    joined
}

/// Lays the section out in spans: marked ones, and what is left between them.
fn cover<'a>(section: &Section<'a>, marks: &mut [Mark<'a>], spans: &mut Vec<Span<'a>>) {
    let length = section.data.len();
    let mut firm_after = vec![length; marks.len()];
    for i in (1..marks.len()).rev() {
        firm_after[i - 1] = if marks[i].is_firm() { marks[i].start } else { firm_after[i] };
    }
    let mut covered = 0;
    for (i, mark) in marks.iter().enumerate() {
        if mark.start < covered {
            continue;
        }
        if covered < mark.start {
            let name = None;
            spans.push(Span { section: *section, start: covered, end: mark.start, name, is_claimed: false });
        }
        let next = marks.get(i + 1).map_or(length, |next| next.start);
        let end = if mark.size == 0 { next } else { mark.start.saturating_add(mark.size).min(firm_after[i]) };
        if mark.kind != Some(SymbolKind::Data) {
            spans.push(Span { section: *section, start: mark.start, end, name: mark.name, is_claimed: true });
        }
        covered = end;
    }
    if covered < length {
        // With no mark at all the whole section is code: it must be looked at, whatever it holds.
        let is_claimed = marks.is_empty();
        spans.push(Span { section: *section, start: covered, end: length, name: None, is_claimed });
    }
}

/// Where functions begin and how long they are, from the sorted table of `.eh_frame_hdr`.
///
/// Only the encodings every x86-64 linker writes are read; with any other the functions are simply not told apart.
fn frames([index, frames]: &[Section<'_>; 2]) -> Vec<(u64, u64)> {
    /// Version 1, pointer to `.eh_frame`, four-byte count, table of four-byte offsets from this section.
    const LAYOUT: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
    if !index.data.starts_with(&LAYOUT) || index.data.len() < 12 {
        return Vec::new();
    }
    let offset_from = |base: u64, bytes: &[u8]| base.wrapping_add_signed(i64::from(word(bytes, 0).unwrap_or(0)));
    let entry = |entry: &[u8]| {
        let start = offset_from(index.address, &entry[..4]);
        let record = offset_from(index.address, &entry[4..]);
        (start, frame_size(frames, record, start).unwrap_or(0))
    };
    index.data[12..].chunks_exact(8).map(entry).collect()
}

/// The length of the function whose unwind record is at `record`, if the record is about `start` at all.
fn frame_size(frames: &Section<'_>, record: u64, start: u64) -> Option<u64> {
    let at = usize::try_from(record.checked_sub(frames.address)?).ok()?;
    // A record is: length, link to its common part, start relative to this very field, size.
    let begins = record.wrapping_add(8).wrapping_add_signed(i64::from(word(frames.data, at.checked_add(8)?)?));
    let size = word(frames.data, at.checked_add(12)?)?;
    (begins == start).then_some(u64::from(size.cast_unsigned()))
}

fn word(bytes: &[u8], at: usize) -> Option<i32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(i32::from_le_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(data: &[u8]) -> Section<'_> {
        Section { index: 1, name: b".text", address: 0x1000, data }
    }

    /// Marks as `f 0 4` (function, data, label or unwind entry; offset; size), spans as `name start end`.
    #[track_caller]
    fn check(marks_text: &str, expected: &str) {
        let (mut symbols, mut frames) = (Vec::new(), Vec::new());
        for mark in marks_text.split("; ").filter(|mark| !mark.is_empty()) {
            let words: Vec<&str> = mark.split(' ').collect();
            let (address, size) = (0x1000 + words[1].parse::<u64>().unwrap(), words[2].parse().unwrap());
            let kind = match &words[0][..1] {
                "f" => SymbolKind::Function,
                "d" => SymbolKind::Data,
                "l" => SymbolKind::Label,
                _ => {
                    frames.push((address, size));
                    continue;
                }
            };
            symbols.push(Symbol { name: words[0].as_bytes(), section: 1, address, size, kind });
        }
        let (data, mut spans) = ([0x90; 32], Vec::new());
        let text = section(&data);
        cover(&text, &mut marks(&text, &symbols.iter().collect::<Vec<_>>(), &frames), &mut spans);
        let shown: Vec<String> = spans
            .iter()
            .map(|span| {
                let unnamed = if span.is_claimed { "u" } else { "?" };
                let name = span.name.map_or(unnamed.into(), String::from_utf8_lossy);
                format!("{name} {} {}", span.start, span.end)
            })
            .collect();
        assert_eq!(shown.join("; "), expected, "{marks_text}");
    }

    #[test]
    fn functions_and_the_space_between_them_are_told_apart() {
        check("f 0 8; f2 16 16", "f 0 8; ? 8 16; f2 16 32");
        check("f 4 4", "? 0 4; f 4 8; ? 8 32");
        check("", "u 0 32");
    }

    #[test]
    fn function_without_size_ends_where_the_next_thing_begins() {
        check("f 0 0; l 8 0", "f 0 8; l 8 32");
        check("f 0 0; u 8 4", "f 0 8; u 8 12; ? 12 32");
    }

    #[test]
    fn labels_and_unwind_entries_inside_a_function_do_not_split_it() {
        check("f 0 32; l 8 0; u 16 4", "f 0 32");
        check("f 0 32; f2 8 8", "f 0 8; f2 8 16; ? 16 32");
    }

    #[test]
    fn aliases_are_one_function_whatever_their_order() {
        check("fb 0 32; fa 0 32; l 0 0", "fa 0 32");
        check("fa 0 32; fb 0 32", "fa 0 32");
        check("l 0 0; u 0 8", "l 0 8; ? 8 32");
    }

    #[test]
    fn data_among_the_code_is_left_out() {
        check("f 0 8; d 8 8; f2 16 16", "f 0 8; f2 16 32");
    }

    #[test]
    fn marks_outside_the_section_and_sizes_beyond_it_are_cut() {
        check("f 0 1000", "f 0 32");
        check("f 16 18446744073709551615; l 99 1", "? 0 16; f 16 32");
    }

    #[test]
    fn unwind_index_gives_starts_and_sizes() {
        // One record at 0x3000: length, link, start 0x1010 relative to 0x3008, size 0x20.
        let record = [12, 0, 0x1010 - 0x3008, 0x20].map(i32::to_le_bytes).concat();
        let mut index = vec![1, 0x1b, 0x03, 0x3b];
        index.extend([0, 2, 0x1010 - 0x2000, 0x3000 - 0x2000, 0x1100 - 0x2000, 0x7fff].map(i32::to_le_bytes).concat());
        fn at(address: u64, data: &[u8]) -> Section<'_> {
            Section { index: 2, name: b"", address, data }
        }
        assert_eq!(frames(&[at(0x2000, &index), at(0x3000, &record)]), [(0x1010, 0x20), (0x1100, 0)]);
        index[3] = 0xff;
        assert_eq!(frames(&[at(0x2000, &index), at(0x3000, &record)]), []);
    }
}
