//! Collects the first error: Bazel's `ERROR:` line and the few lines below it that explain it.
//! Later errors are consequences or repetitions and stay in the log.

use super::progress::message;

/// Lines held while we wait for the compiler to come to the point.
const HELD: usize = 400;
/// Lines told below the error line.
const TOLD: usize = 8;
/// Characters told of one line; Bazel appends whole command lines.
const WIDTH: usize = 400;

/// The first error, while it is collected and after.
#[derive(Debug, Clone, Default)]
pub struct FirstFailure {
    headline: Option<String>,
    below: Vec<String>,
    told: bool,
}

impl FirstFailure {
    /// Takes a line (none for a status line) and gives the error's text when it is complete.
    pub fn line(&mut self, line: Option<&str>) -> Option<String> {
        if self.told {
            return None;
        }
        let text = line.map(message);
        if self.headline.is_none() {
            let text = text.filter(|text| begins_error(text))?;
            self.headline = Some(clip(text));
            return None;
        }
        match text {
            Some(text) if !ends_error(text) => {
                if !is_noise(text) {
                    self.below.push(clip(text));
                }
                if self.below.len() < HELD { None } else { self.settle() }
            }
            _ => self.settle(),
        }
    }

    /// Ends the collection; gives the text if there is one that was not given yet.
    pub fn settle(&mut self) -> Option<String> {
        if self.told {
            return None;
        }
        let text = self.text();
        self.told = text.is_some();
        text
    }

    /// The error as far as it is known.
    pub fn text(&self) -> Option<String> {
        let mut text = self.headline.clone()?;
        for line in explanation(&self.below) {
            text.push('\n');
            text.push_str(line);
        }
        Some(text)
    }
}

fn begins_error(text: &str) -> bool {
    text.starts_with("ERROR:")
        || text.starts_with("FATAL:")
        || text.starts_with("Server terminated abruptly")
        || text.starts_with("java.lang.OutOfMemoryError")
}

fn ends_error(text: &str) -> bool {
    let starts = ["ERROR:", "FATAL:", "INFO:", "WARNING:", "DEBUG:", "FAILED:", "Target //", "Use --verbose_failures"];
    starts.iter().any(|start| text.starts_with(start))
}

/// The command that failed, line by line, and what the sandbox says about itself under `--sandbox_debug`.
fn is_noise(text: &str) -> bool {
    let inner = text.trim_start();
    text.contains(": src/main/tools/linux-sandbox")
        || (text.starts_with("  ") && ["(cd ", "exec env", "/"].iter().any(|start| inner.starts_with(start)))
        || (text.starts_with("    ") && inner.ends_with('\\') && inner.contains('='))
}

/// From just before the first line that names an error; from the start when none does.
fn explanation(below: &[String]) -> &[String] {
    let named = ["error:", "Error:", "undefined reference", "multiple definition", "fatal:", "Killed", "signal "];
    let first = below.iter().position(|line| named.iter().any(|name| line.contains(name)));
    // The line before says where: `In file included from`, `In function`.
    let rest = &below[first.unwrap_or(0).saturating_sub(1)..];
    &rest[..rest.len().min(TOLD)]
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(log: &str) -> Vec<String> {
        let mut failure = FirstFailure::default();
        let mut told: Vec<String> = log.lines().filter_map(|line| failure.line(Some(line))).collect();
        told.extend(failure.settle());
        told
    }

    #[test]
    fn compiler_error_after_many_warnings_is_found() {
        let warnings = "a.h:1:1: warning: unused\n".repeat(50);
        let log = format!(
            "ERROR: BUILD:2:1: C++ compilation of rule '//:a' failed (Exit 1)\n{warnings}a.cc: In function 'f':\na.cc:3:1: error: no\nINFO: end\nERROR: other\n"
        );
        assert_eq!(
            first(&log),
            [
                "ERROR: BUILD:2:1: C++ compilation of rule '//:a' failed (Exit 1)\na.cc: In function 'f':\na.cc:3:1: error: no"
            ]
        );
    }

    #[test]
    fn command_lines_are_left_out_and_long_lines_clipped() {
        let log = format!(
            "ERROR: {}\n  (cd /x && \\\n  exec env - \\\n    PATH=/bin \\\n  /usr/bin/gcc -c)\ngcc: error: no\n",
            "ä".repeat(5000)
        );
        let told = first(&log).remove(0);
        assert_eq!(told.lines().nth(1), Some("gcc: error: no"));
        assert_eq!(told.lines().next().map(|line| line.chars().count()), Some(WIDTH + 1));
    }
}
