//! The caller at the other end of stdin and stdout: one JSON object a line.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use super::{Answer, Caller, Job, Said, Standing};
use crate::Error;

/// Speaks with a caller by lines.
pub struct Lines<R, W> {
    from: R,
    to: W,
    can_renew: bool,
    can_count: bool,
}

impl<R: AsyncBufRead + Unpin + Send, W: Write + Send> Lines<R, W> {
    /// Nothing is read yet; until a job says otherwise the caller can do nothing.
    pub fn new(from: R, to: W) -> Self {
        Self { from, to, can_renew: false, can_count: false }
    }

    /// Reads the job, and remembers what the caller can do.
    ///
    /// # Errors
    /// A line that is no job; no line at all.
    pub async fn job(&mut self) -> Result<Job, Error> {
        let job = self.line("a job").await?;
        if let Job::Run { can_renew, can_count, .. } = &job {
            (self.can_renew, self.can_count) = (*can_renew, *can_count);
        }
        Ok(job)
    }

    async fn line<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, Error> {
        let mut line = String::new();
        if self.from.read_line(&mut line).await? == 0 {
            return Err(Error::Caller(format!("the caller left without {what}")));
        }
        serde_json::from_str(&line).map_err(|error| Error::Caller(format!("the caller's line is not {what}: {error}")))
    }

    async fn ask(&mut self, question: Said) -> Result<Answer, Error> {
        self.write(&question)?;
        match self.line("an answer").await? {
            Answer::Failed(words) => Err(Error::Caller(words)),
            answer => Ok(answer),
        }
    }

    fn write(&mut self, said: &Said) -> io::Result<()> {
        let mut line = serde_json::to_vec(said)?;
        line.push(b'\n');
        self.to.write_all(&line)?;
        self.to.flush()
    }
}

impl<R: AsyncBufRead + Unpin + Send, W: Write + Send> Caller for Lines<R, W> {
    fn say(&mut self, said: Said) {
        // A caller that has left is noticed at the next question; the record is kept meanwhile.
        let _ = self.write(&said);
    }

    async fn renew(&mut self) -> Result<Option<BTreeMap<String, String>>, Error> {
        if !self.can_renew {
            return Ok(None);
        }
        match self.ask(Said::Renew).await? {
            Answer::Renewed(addresses) => Ok(Some(addresses)),
            other => Err(Error::Caller(format!("the caller answered {other:?} where servers were to be started anew"))),
        }
    }

    async fn count(&mut self) -> Result<Option<BTreeMap<String, Standing>>, Error> {
        if !self.can_count {
            return Ok(None);
        }
        match self.ask(Said::Count).await? {
            Answer::Counted(counters) => Ok(Some(counters)),
            other => Err(Error::Caller(format!("the caller answered {other:?} where counters were asked for"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_is_a_line_and_so_is_its_answer() {
        let job = r#"{"run":{"experiment":null,"output":"x","facts":{},"can_renew":true,"can_count":true}}"#;
        assert!(Lines::new(job.as_bytes(), Vec::new()).job().await.is_err(), "no experiment");
        let said = b"{\"renewed\":{\"a\":\"grpc://h:1\"}}\n{\"failed\":\"no engine\"}\n";
        let mut lines = Lines { from: &said[..], to: Vec::new(), can_renew: true, can_count: true };
        let addresses = lines.renew().await.expect("an answer").expect("it can");
        assert_eq!(addresses, BTreeMap::from([("a".to_owned(), "grpc://h:1".to_owned())]));
        assert_eq!(lines.count().await.expect_err("it failed").to_string(), "no engine");
        assert_eq!(lines.count().await.expect_err("it left").to_string(), "the caller left without an answer");
        assert_eq!(lines.to, b"\"renew\"\n\"count\"\n\"count\"\n");
    }

    #[tokio::test]
    async fn who_can_do_nothing_is_asked_nothing() {
        let mut lines = Lines::new(&b""[..], Vec::new());
        assert_eq!(lines.renew().await.expect("no question"), None);
        assert_eq!(lines.count().await.expect("no question"), None);
        assert!(lines.to.is_empty());
    }
}
