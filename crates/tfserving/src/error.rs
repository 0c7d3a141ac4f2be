//! The one type of error: which server, which method, which code, in which words, and who said so.

use std::{error::Error, fmt};

/// What went wrong, in gRPC's terms; REST statuses are mapped to the same.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "gRPC's own names")]
pub enum Code {
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

const NAMES: [(Code, &str, u16); 16] = [
    (Code::Cancelled, "CANCELLED", 499),
    (Code::Unknown, "UNKNOWN", 500),
    (Code::InvalidArgument, "INVALID_ARGUMENT", 400),
    (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", 504),
    (Code::NotFound, "NOT_FOUND", 404),
    (Code::AlreadyExists, "ALREADY_EXISTS", 409),
    (Code::PermissionDenied, "PERMISSION_DENIED", 403),
    (Code::ResourceExhausted, "RESOURCE_EXHAUSTED", 429),
    (Code::FailedPrecondition, "FAILED_PRECONDITION", 412),
    (Code::Aborted, "ABORTED", 409),
    (Code::OutOfRange, "OUT_OF_RANGE", 416),
    (Code::Unimplemented, "UNIMPLEMENTED", 501),
    (Code::Internal, "INTERNAL", 500),
    (Code::Unavailable, "UNAVAILABLE", 503),
    (Code::DataLoss, "DATA_LOSS", 500),
    (Code::Unauthenticated, "UNAUTHENTICATED", 401),
];

impl Code {
    /// gRPC's spelling, e.g. `NOT_FOUND`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(code, ..)| *code == self).map_or("UNKNOWN", |(_, name, _)| name)
    }

    /// The code that stands for an HTTP status, as TensorFlow Serving maps them the other way.
    pub fn from_http(status: u16) -> Self {
        match status {
            405 => Self::Unimplemented,
            408 => Self::DeadlineExceeded,
            413 => Self::ResourceExhausted,
            500 => Self::Internal,
            502 => Self::Unavailable,
            _ => NAMES.iter().find(|(.., http)| *http == status).map_or(Self::Unknown, |(code, ..)| *code),
        }
    }

    /// The HTTP status by which TensorFlow Serving's REST interface tells it.
    pub fn http(self) -> u16 {
        NAMES.iter().find(|(code, ..)| *code == self).map_or(500, |(.., status)| *status)
    }

    /// The code of a number on the wire; what is not known, and "no error" where an error is told, is [`Code::Unknown`].
    pub fn from_number(number: i32) -> Self {
        NAMES.iter().find(|(code, ..)| *code as i32 == number).map_or(Self::Unknown, |(code, ..)| *code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who noticed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// The server said it.
    Server,
    /// The way to the server failed, or the time for an answer ran out.
    Way,
    /// The answer came and cannot be used, or the request could not be made.
    Here,
}

/// A call that did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{server}: {method}: {code}: {message}")]
pub struct CallError {
    /// The server's name in the list of servers.
    pub server: String,
    /// The method, e.g. `Predict` or `POST /v1/models/inception:predict`.
    pub method: String,
    /// What went wrong.
    pub code: Code,
    /// In words; the server's own where it said something.
    pub message: String,
    /// Who noticed.
    pub origin: Origin,
}

impl CallError {
    /// Whether the same call may succeed at once: the connection broke or could not be made. A deadline is no such case.
    pub fn may_be_retried(&self) -> bool {
        self.origin == Origin::Way && self.code == Code::Unavailable
    }
}

/// An error and all that caused it in one line, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut said = vec![error.to_string()];
    let mut next = error.source();
    while let Some(error) = next {
        let words = error.to_string();
        if !said.iter().any(|before| before.contains(&words)) {
            said.push(words);
        }
        next = error.source();
    }
    said.join(": ")
}

/// At most 2,000 characters of what a server said: a whole page of HTML is of no use in a message.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 2_000;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_statuses_become_the_codes_that_serving_made_them_of() {
        for (status, code) in [
            (400, Code::InvalidArgument),
            (404, Code::NotFound),
            (412, Code::FailedPrecondition),
            (429, Code::ResourceExhausted),
            (500, Code::Internal),
            (501, Code::Unimplemented),
            (503, Code::Unavailable),
            (504, Code::DeadlineExceeded),
            (302, Code::Unknown),
        ] {
            assert_eq!(Code::from_http(status), code, "{status}");
        }
    }

    #[test]
    fn every_number_of_grpc_has_its_name() {
        for (number, (code, name, _)) in (1..).zip(NAMES) {
            assert_eq!(Code::from_number(number), code);
            assert_eq!(code.name(), name);
        }
        assert_eq!(Code::from_number(0), Code::Unknown);
        assert_eq!(Code::from_number(99), Code::Unknown);
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        assert_eq!(shortened("é"), "é");
        assert_eq!(shortened(&"é".repeat(3_000)).chars().count(), 2_001);
    }
}
