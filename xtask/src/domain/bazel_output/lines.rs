//! Cuts Bazel's bytes into clean lines: no colours, no cursor movements, no blank lines, never longer than a limit.
//! What a line means is not known here.

/// Bytes of a line that are kept; what Bazel has to say stands at the front of its longest lines.
const LIMIT: usize = 16 * 1024;

/// A line in the making, across chunks.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    cut: bool,
    escape: Escape,
}

/// Where we are inside a terminal's escape sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    Outside,
    Begun,
    Control,
    Command,
}

impl Lines {
    /// Takes a chunk and gives the lines it completes.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<String> {
        chunk.iter().filter_map(|&byte| self.byte(byte)).collect()
    }

    /// Gives the line that no newline ended.
    pub fn flush(&mut self) -> Option<String> {
        self.escape = Escape::Outside;
        let mut text = String::from_utf8_lossy(&std::mem::take(&mut self.bytes)).into_owned();
        if std::mem::take(&mut self.cut) {
            // The limit may fall inside a character.
            text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
            text.push('…');
        }
        text.retain(|c| c == '\t' || !c.is_control());
        text.truncate(text.trim_end().len());
        (!text.is_empty()).then_some(text)
    }

    fn byte(&mut self, byte: u8) -> Option<String> {
        // A carriage return ends a line too: the progress bar overwrites itself. It also ends a sequence that never closed.
        if byte == b'\n' || byte == b'\r' {
            return self.flush();
        }
        self.escape = match (self.escape, byte) {
            (_, 0x1b) => Escape::Begun,
            (Escape::Begun, b'[') => Escape::Control,
            (Escape::Begun, b']') => Escape::Command,
            (Escape::Begun, _) | (Escape::Control, 0x40..=0x7e) | (Escape::Command, 0x07) => Escape::Outside,
            (Escape::Outside, _) => {
                self.keep(byte);
                Escape::Outside
            }
            (inside, _) => inside,
        };
        None
    }

    fn keep(&mut self, byte: u8) {
        if self.bytes.len() < LIMIT {
            self.bytes.push(byte);
        } else {
            self.cut = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_characters_survive_any_cut() {
        let whole = "Überraschung → [1 / 2]\r\nzweite\rdritte\n".as_bytes();
        let mut lines = Lines::default();
        let one_by_one: Vec<String> = whole.iter().flat_map(|byte| lines.push(&[*byte])).collect();
        assert_eq!(one_by_one, ["Überraschung → [1 / 2]", "zweite", "dritte"]);
    }

    #[test]
    fn colours_and_cursor_movements_vanish() {
        let mut lines = Lines::default();
        let seen = lines.push(b"\r\x1b[1A\x1b[K\x1b[32mINFO: \x1b[0mFound\x1b]0;title\x07 1\x08 target\n\x1b[31m\n");
        assert_eq!(seen, ["INFO: Found 1 target"]);
    }

    #[test]
    fn endless_line_is_bounded() {
        let mut lines = Lines::default();
        for _ in 0..64 {
            assert!(lines.push("aé".repeat(8 * 1024).as_bytes()).is_empty());
        }
        assert!(lines.bytes.capacity() <= 2 * LIMIT);
        let line = lines.push(b"\n").remove(0);
        assert!(line.len() <= LIMIT + '…'.len_utf8());
        assert!(line.ends_with("é…") || line.ends_with("a…"), "{}", &line[line.len() - 8..]);
    }
}
