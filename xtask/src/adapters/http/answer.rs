//! What a server's answer means for a file of which a part may be here already.
//! Judged from status and headers alone; nothing is read or written.

use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use reqwest::{
    Response, StatusCode,
    header::{self, HeaderMap, HeaderName},
};

use super::partial::Partial;

pub(super) enum Answer {
    /// The file from its first byte.
    Whole { validator: Option<String>, total: Option<u64> },
    /// Exactly what follows the bytes that are here.
    Rest { total: u64 },
    /// An answer to the question for the rest that does not go with what is here, and how it is called.
    Unfit(String),
    /// Another try may do better.
    Later(Lost),
}

/// Why a try ended early, and how long the server asks to be left alone.
pub(super) struct Lost {
    pub why: String,
    pub wait: Option<Duration>,
}

pub(super) fn read(response: &Response, partial: &Partial) -> Result<Answer> {
    let (status, headers) = (response.status(), response.headers());
    let resumes = partial.resumable();
    match (status, resumes) {
        (StatusCode::OK, _) => Ok(Answer::Whole { validator: validator(headers), total: response.content_length() }),
        (StatusCode::PARTIAL_CONTENT, Some(validator)) => {
            let range = content_range(headers).filter(|(start, total)| {
                *start == partial.bytes() && partial.total().is_none_or(|known| known == *total)
            });
            Ok(match range {
                Some((_, total)) if names(headers, validator) => Answer::Rest { total },
                Some(_) => Answer::Unfit("the rest of a changed file".to_owned()),
                None => Answer::Unfit(match text(headers, header::CONTENT_RANGE) {
                    Some(range) => format!("an answer of {range}"),
                    None => "an answer without a range".to_owned(),
                }),
            })
        }
        (StatusCode::RANGE_NOT_SATISFIABLE, Some(_)) => Ok(Answer::Unfit(format!("an answer of {status}"))),
        (status, _) if matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504) => {
            Ok(Answer::Later(Lost { why: format!("the server answered {status}"), wait: retry_after(headers) }))
        }
        _ => bail!("the server answered {status}; {}", advice(status)),
    }
}

fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "check whether this URL needs a login, or is still valid",
        404 | 410 => "check the URL: the file may have moved",
        407 => "give the proxy's user and password in the proxy variables of the environment",
        _ => "check the URL, and any proxy on the way",
    }
}

/// What tells this file from any later one at the same URL: weak tags also stay the same over small changes.
fn validator(headers: &HeaderMap) -> Option<String> {
    let strong = text(headers, header::ETAG).filter(|tag| tag.starts_with('"'));
    strong.or_else(|| text(headers, header::LAST_MODIFIED)).map(str::to_owned)
}

/// Whether a rest is of the file with this validator. It has to repeat a tag; a date it may leave out.
fn names(headers: &HeaderMap, validator: &str) -> bool {
    if validator.starts_with('"') {
        text(headers, header::ETAG) == Some(validator)
    } else {
        text(headers, header::LAST_MODIFIED).is_none_or(|date| date == validator)
    }
}

/// First byte and length of the whole from `bytes 5-9/10`.
fn content_range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let (range, total) = text(headers, header::CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end, total) = (start.parse().ok()?, end.parse().ok()?, total.parse().ok()?);
    (start <= end && end < total).then_some((start, total))
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, header::RETRY_AFTER)?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).ok()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("a header's value"))])
    }

    #[test]
    fn only_a_full_content_range_is_read() {
        let read = |value| content_range(&headers(header::CONTENT_RANGE, value));
        assert_eq!(read("bytes 5-9/10"), Some((5, 10)));
        for wrong in ["bytes 5-9/*", "bytes */10", "bytes 5-10/10", "bytes 9-5/10", "5-9/10", "bytes 5/10", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_server_asks_for_rest_in_seconds_or_until_a_date() {
        let read = |value: &str| retry_after(&headers(header::RETRY_AFTER, value));
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        let later = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        assert!((90..=100).contains(&read(&later).expect("a date").as_secs()));
        assert_eq!(read("Sat, 06 Sep 2025 10:12:06 GMT"), None);
        assert_eq!(read("soon"), None);
    }

    #[test]
    fn weak_tags_tell_no_files_apart() {
        assert_eq!(validator(&headers(header::ETAG, "\"a\"")).as_deref(), Some("\"a\""));
        assert_eq!(validator(&headers(header::ETAG, "W/\"a\"")), None);
        let date = "Sat, 06 Sep 2025 10:12:06 GMT";
        assert_eq!(validator(&headers(header::LAST_MODIFIED, date)).as_deref(), Some(date));
    }
}
