//! A terminal made of any writer: what the bars need to move about on the lines they own.
//! It knows cursor movements only; what is drawn comes from the bars.

use std::fmt;
use std::io;

use indicatif::TermLike;

use super::Width;
use crate::report::sink::Sink;

/// Narrower than this is not a terminal but a wrong answer.
const NARROWEST: u16 = 10;

/// Writes cursor movements and text to a sink.
pub struct Screen {
    sink: Sink,
    width: Width,
}

impl Screen {
    pub fn new(sink: Sink, width: Width) -> Self {
        Self { sink, width }
    }

    fn moved(&self, count: usize, direction: char) -> io::Result<()> {
        // A count of zero would move by one.
        if count > 0 {
            self.sink.text(&format!("\x1b[{count}{direction}"));
        }
        Ok(())
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("width", &(self.width)()).finish_non_exhaustive()
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        // The bars subtract from the width and cannot cope with a terminal that says zero.
        (self.width)().max(NARROWEST)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.sink.line(s);
        Ok(())
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.sink.text(s);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.sink.text("\r\x1b[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
