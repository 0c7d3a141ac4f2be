//! A bench's figures as Markdown: when, where and of which versions, then a table of cases.

use super::{
    Bench,
    figures::{Figures, Line},
};

/// The machine at hand; what cannot be had is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    pub cpu: Option<String>,
    pub cores: Option<usize>,
    /// Bytes.
    pub memory: Option<u64>,
    pub distribution: Option<String>,
    /// Release of the kernel.
    pub kernel: Option<String>,
}

/// When a bench ran, and how busy the machine was: the load average of a minute.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// `YYYY-MM-DD`.
    pub date: String,
    pub before: Option<f64>,
    pub after: Option<f64>,
}

const HEADER: &str = "| case | median (smallest to largest) | ratio | wanted |\n|---|---|---|---|\n";

/// The lines between a section's markers.
pub fn section(bench: &Bench, figures: &Figures, taken: &Taken, machine: &Machine) -> String {
    let mut head =
        vec![format!("`cargo xtask measure {}`, {}", bench.name, rounds(figures.rounds)), taken.date.clone()];
    head.push(format!("on {}", machine.in_words()));
    head.extend(load(taken));
    let mut text = format!("{}.", head.join(", "));
    let is_busy = taken.before.zip(machine.cores).is_some_and(|(load, cores)| load > cores as f64);
    if is_busy {
        text.push_str(" **The machine was busy before it began**, so times are upper bounds.");
    }
    if !figures.versions.is_empty() {
        let versions = figures.versions.iter().map(|version| format!("{} {}", version.name, version.is));
        text.push_str(&format!("\nCompared: {}.", cell(&versions.collect::<Vec<_>>().join(", "))));
    }
    text.push_str("\n\n");
    text.push_str(HEADER);
    figures.lines.iter().for_each(|line| text.push_str(&row(line)));
    text
}

/// Begins the line that tells of a failure.
const FAILED: &str = "**Failed on ";

/// A section whose bench has failed: its earlier figures, and a line that says so in the place of an earlier such line.
pub fn with_failure(section: &str, date: &str) -> String {
    let kept: Vec<&str> = section.lines().filter(|line| !line.starts_with(FAILED)).collect();
    let kept = kept.join("\n");
    let kept = kept.trim_end();
    let failure = format!("{FAILED}{date}**: what stands here is older.\n");
    if kept.is_empty() { failure } else { format!("{kept}\n\n{failure}") }
}

impl Machine {
    fn in_words(&self) -> String {
        let unit = |count: usize| if count == 1 { "core" } else { "cores" };
        let cores = self.cores.map_or_else(|| "some cores".into(), |count| format!("{count} {}", unit(count)));
        let mut parts = vec![format!("{cores} of {}", self.cpu.as_deref().unwrap_or("an unknown CPU"))];
        parts.extend(self.memory.map(|bytes| format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64)));
        parts.extend(self.distribution.clone());
        parts.extend(self.kernel.as_ref().map(|release| format!("Linux {release}")));
        parts.join(", ")
    }
}

fn rounds(count: usize) -> String {
    if count == 1 { "one round".into() } else { format!("{count} rounds") }
}

fn load(taken: &Taken) -> Option<String> {
    let (before, after) = taken.before.zip(taken.after)?;
    Some(format!("load {before:.2} before and {after:.2} after"))
}

fn row(line: &Line) -> String {
    let note = line.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
    let cells = [format!("{}{note}", line.case), line.spread(), line.ratio(), line.wanted()];
    format!("| {} |\n", cells.map(|text| cell(&text)).join(" | "))
}

/// Text of a script, without what would end a cell, a line or a section.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace("<!--", "&lt;!--").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::measurements::row;

    fn figures(rows: &str) -> Figures {
        Figures::of(row::parse(rows).expect("well-formed")).expect("sound")
    }

    fn bench() -> Bench {
        Bench { name: "push".into(), about: String::new(), needs: Vec::new() }
    }

    fn taken(before: f64) -> Taken {
        Taken { date: "2026-11-27".into(), before: Some(before), after: Some(1.5) }
    }

    fn machine() -> Machine {
        let words = |text: &str| Some(text.to_owned());
        let memory = Some(47 << 29);
        Machine {
            cpu: words("AMD EPYC"),
            cores: Some(2),
            memory,
            distribution: words("Debian 12"),
            kernel: words("6.1"),
        }
    }

    const ROWS: &str = r#"{"row":"version","name":"skopeo","is":"1.9"}
{"row":"version","name":"engine","is":"20.10"}
{"row":"case","name":"ours","case":"ours | `x`","unit":"s","values":[1,2,3],"against":"skopeo","wanted":"at most 1.05","note":"with SBOM"}
{"row":"case","name":"skopeo","case":"skopeo <!-- end -->","unit":"s","values":[2,2,2]}
"#;

    #[test]
    fn a_section_tells_when_where_and_of_what() {
        let expected = r"`cargo xtask measure push`, 3 rounds, 2026-11-27, on 2 cores of AMD EPYC, 23.5 GiB, Debian 12, Linux 6.1, load 0.25 before and 1.50 after.
Compared: skopeo 1.9, engine 20.10.

| case | median (smallest to largest) | ratio | wanted |
|---|---|---|---|
| ours \| `x`; with SBOM | 2 s (1 to 3) | 1.00 of skopeo &lt;!-- end --> | at most 1.05: met |
| skopeo &lt;!-- end --> | 2 s |  |  |
";
        assert_eq!(section(&bench(), &figures(ROWS), &taken(0.25), &machine()), expected);
    }

    #[test]
    fn a_busy_machine_is_told_and_an_unknown_one_is_no_obstacle() {
        let text = section(&bench(), &figures(ROWS), &taken(2.01), &machine());
        assert!(text.contains("**The machine was busy before it began**"), "{text}");
        let unknown = Taken { before: None, ..taken(9.0) };
        let text = section(&bench(), &figures(ROWS), &unknown, &Machine::default());
        assert!(text.contains("on some cores of an unknown CPU.\n"), "{text}");
    }

    #[test]
    fn a_failure_is_told_once_below_the_earlier_figures() {
        let once = with_failure("Old.\n\n| a |\n", "2026-11-27");
        assert_eq!(once, "Old.\n\n| a |\n\n**Failed on 2026-11-27**: what stands here is older.\n");
        assert_eq!(with_failure(&once, "2026-11-28"), once.replace("27", "28"));
        assert_eq!(with_failure("", "2026-11-27"), "**Failed on 2026-11-27**: what stands here is older.\n");
    }
}
