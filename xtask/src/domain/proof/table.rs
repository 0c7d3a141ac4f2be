//! The facts of a binary as a text for people, as `inspect` shows it.
//! It returns lines and writes nowhere.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use super::BinaryFacts;
use super::elf::ElfFacts;
use super::feature::Feature;
use super::isa::{FunctionUse, IsaFacts};
use super::version::{SymbolVersion, highest};

/// Functions named below each feature.
const TOP: usize = 5;

/// Longest function name shown here; the violations show whole names.
const WIDTH: usize = 100;

/// Machine, needs, features with their share of the code, and the heaviest users of each feature.
pub fn table(facts: &BinaryFacts) -> String {
    let mut out = String::new();
    let written = write_table(&mut out, facts);
    written.map(|()| out).expect("writing to a string cannot fail")
}

fn write_table(out: &mut String, facts: &BinaryFacts) -> fmt::Result {
    write_elf(out, &facts.summary.elf)?;
    match &facts.summary.isa {
        Some(isa) => write_isa(out, isa, &facts.users),
        None => writeln!(out, "{:<14} not x86-64, not decoded", "code"),
    }
}

fn write_elf(out: &mut String, elf: &ElfFacts) -> fmt::Result {
    let mut row = |key: &str, value: &str| writeln!(out, "{key:<14} {}", printable(value));
    row("architecture", &format!("{}, {} bits, {}", elf.architecture, elf.bits, elf.kind))?;
    let versions: BTreeSet<&SymbolVersion> = elf.needed_versions.values().flatten().collect();
    let maxima: Vec<String> = highest(versions).into_values().map(String::from).collect();
    let soname = elf.soname.as_deref().unwrap_or_default();
    let symbols = if elf.stripped { "stripped" } else { "present" };
    let offers: Vec<String> = highest(&elf.defined_versions).into_values().map(String::from).collect();
    for (key, value) in [
        ("loader", elf.interpreter.as_deref().unwrap_or("none")),
        ("soname", soname),
        ("needs", &elf.needed.join(" ")),
        ("runpath", elf.runpath.as_deref().unwrap_or_default()),
        ("ABI at least", &maxima.join(" ")),
        ("offers up to", &offers.join(" ")),
        ("build ID", elf.build_id.as_deref().unwrap_or("none")),
        ("symbols", symbols),
    ] {
        if !value.is_empty() {
            row(key, value)?;
        }
    }
    Ok(())
}

fn write_isa(out: &mut String, isa: &IsaFacts, users: &[FunctionUse]) -> fmt::Result {
    writeln!(out, "{:<14} {} functions, {} instructions", "code", isa.functions, isa.instructions)?;
    if isa.usage.is_empty() {
        return writeln!(out, "{:<14} nothing beyond sse2", "features");
    }
    writeln!(out, "\n{:<20} {:>10} {:>7} {:>13} {:>7}", "feature", "functions", "%", "instructions", "%")?;
    for (feature, usage) in &isa.usage {
        let (functions, instructions) =
            (share(usage.functions, isa.functions), share(usage.instructions, isa.instructions));
        writeln!(
            out,
            "{feature:<20} {:>10} {functions:>7.2} {:>13} {instructions:>7.2}",
            usage.functions, usage.instructions
        )?;
    }
    for feature in isa.usage.keys() {
        writeln!(out, "\n{feature} most in")?;
        for (count, user) in top(*feature, users) {
            writeln!(out, "{count:>10}  {}", shortened(&user.name()))?;
        }
    }
    Ok(())
}

/// The heaviest users of a feature; among equals the name decides.
fn top(feature: Feature, users: &[FunctionUse]) -> Vec<(u32, &FunctionUse)> {
    let mut counted: Vec<(u32, &FunctionUse)> = users
        .iter()
        .filter_map(|user| Some((user.instructions.iter().find(|(used, _)| *used == feature)?.1, user)))
        .collect();
    counted.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.symbol.cmp(&b.1.symbol)));
    counted.truncate(TOP);
    counted
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
