//! A stream that lines go to, shared between a renderer and its bars; a reader that hangs up is taken calmly.
//! Nothing about what the lines say.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// A writer that goes quiet after its first failure and remembers it.
#[derive(Clone)]
pub struct Sink {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    writer: Box<dyn Write + Send>,
    broken: bool,
    failure: Option<io::Error>,
}

impl Sink {
    pub fn new(writer: Box<dyn Write + Send>) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { writer, broken: false, failure: None })) }
    }

    /// Writes a line and flushes: whoever reads along sees it now.
    pub fn line(&self, line: &str) {
        self.text(&format!("{line}\n"));
    }

    /// Writes text as it is and flushes.
    pub fn text(&self, text: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.broken {
            return;
        }
        let written = inner.writer.write_all(text.as_bytes()).and_then(|()| inner.writer.flush());
        if let Err(error) = written {
            inner.broken = true;
            // `xtask … | head -1` is no failure of ours.
            inner.failure = (error.kind() != ErrorKind::BrokenPipe).then_some(error);
        }
    }

    /// The failure that lost text, told once.
    pub fn check(&self) -> io::Result<()> {
        match self.inner.lock().unwrap_or_else(PoisonError::into_inner).failure.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn closed_pipe_is_no_failure_but_a_full_disk_is() {
        for (kind, failed) in [(ErrorKind::BrokenPipe, false), (ErrorKind::StorageFull, true)] {
            let sink = Sink::new(Box::new(Failing(kind)));
            sink.line("one");
            sink.line("two");
            assert_eq!(sink.check().is_err(), failed, "{kind:?}");
        }
    }
}
