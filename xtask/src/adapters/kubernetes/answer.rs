//! What an API server answers, and what its refusals mean to a person.

use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use http::{Response, header};
use http_body_util::BodyExt;
use kube_client::client::Body;
use serde_json::Value;

use super::conflict;
use crate::domain::{cluster::Conflict, retry};

/// Why a request did not do.
pub(super) enum Trouble {
    /// Another try may, after as long as the server says.
    Passing(Error, Option<Duration>),
    Final(Error),
}

/// An answer that is one: done, or refused for a reason of this request.
pub(super) struct Answer {
    pub status: u16,
    pub warnings: Vec<String>,
    body: Vec<u8>,
    name: String,
}

impl Answer {
    /// Reads an answer; `name` is the cluster's.
    pub async fn of(response: Response<Body>, name: &str) -> Result<Self, Trouble> {
        let (parts, body) = response.into_parts();
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let wait = text(header::RETRY_AFTER).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let warnings = parts.headers.get_all("warning").iter().filter_map(|value| value.to_str().ok()).map(warning);
        let warnings = warnings.collect();
        let body = body.collect().await.map_err(|error| {
            let error = Error::new(error).context(format!("the cluster {name} broke off in the middle of its answer"));
            Trouble::Passing(error, None)
        })?;
        let answer =
            Self { status: parts.status.as_u16(), warnings, body: body.to_bytes().to_vec(), name: name.into() };
        match answer.status {
            401 => Err(Trouble::Final(anyhow!(
                "the cluster {name} does not take the credentials of its context; log in as you do for kubectl"
            ))),
            403 => Err(Trouble::Final(anyhow!(
                "the cluster {name} forbids it: {}; ask for a role that allows it",
                answer.message()
            ))),
            status if retry::is_passing(status) => {
                let error = anyhow!("the cluster {name} answered {}: {}", answer.status, answer.message());
                Err(Trouble::Passing(error, wait))
            }
            _ => Ok(answer),
        }
    }

    pub fn json(&self) -> Result<Value> {
        if self.status >= 400 {
            return Err(self.refused("ask"));
        }
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{} does not speak as an API server does", self.name))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The words of a Status, or of whoever stands before the API server.
    pub fn message(&self) -> String {
        let status = serde_json::from_slice::<Value>(&self.body).ok();
        let message = status.as_ref().and_then(|status| status.get("message")?.as_str());
        message.map_or_else(|| self.text().trim().chars().take(200).collect(), String::from)
    }

    /// What others manage.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let status = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        let causes = status.pointer("/details/causes").and_then(Value::as_array).into_iter().flatten();
        causes.filter_map(conflict).collect()
    }

    pub fn refused(&self, what: &str) -> Error {
        anyhow!("{what}: the cluster {} refuses it ({}): {}", self.name, self.status, self.message())
    }
}

/// `299 - "would violate PodSecurity"` -> its text.
fn warning(header: &str) -> String {
    let text = header.split_once('"').map_or(header, |(_, rest)| rest.strip_suffix('"').unwrap_or(rest));
    text.replace("\\\"", "\"")
}

/// No answer at all.
pub(super) fn unreachable(error: kube_client::Error, name: &str) -> Trouble {
    let is_login = matches!(error, kube_client::Error::Auth(_));
    let error = Error::new(error);
    if is_login {
        return Trouble::Final(error.context(format!("log in to the cluster {name}; try the same with kubectl")));
    }
    Trouble::Passing(error.context(format!("the cluster {name} cannot be reached")), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_its_text() {
        assert_eq!(warning(r#"299 - "would violate \"restricted\"""#), r#"would violate "restricted""#);
        assert_eq!(warning("plain"), "plain");
    }
}
