//! What a registry asks of a request without the right credentials, and the answer to it: basic, or a token of its server.
//! A secret goes to the registry that was named or to the token server it names over TLS, nowhere else.

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    Method, StatusCode, Url,
    header::{self, HeaderMap, HeaderValue},
};
use serde::Deserialize;

use super::{client::Client, trust};
use crate::ports::Credentials;

/// How this program is called by token servers.
const CLIENT: &str = "tf-serving-xtask";

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The first challenge that is understood.
pub(super) fn read(headers: &HeaderMap) -> Option<Challenge> {
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    challenges.filter_map(parse).next()
}

fn parse(text: &str) -> Option<Challenge> {
    let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let parameter =
        |name: &str| parameters(rest).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    scheme.eq_ignore_ascii_case("bearer").then_some(())?;
    Some(Challenge::Bearer { realm: parameter("realm")?, service: parameter("service"), scope: parameter("scope") })
}

/// `a="b,c",d=e`: commas within quotes belong to the value.
fn parameters(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (key, after) = rest.trim_start_matches([',', ' ']).split_once('=')?;
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        rest = left;
        Some((key.trim().to_owned(), value.trim().to_owned()))
    })
}

/// The header that meets a challenge; none where there is nothing to meet it with.
pub(super) async fn meet(challenge: &Challenge, wanted: &str, client: &Client<'_>) -> Result<Option<HeaderValue>> {
    let value = match challenge {
        Challenge::Basic => match basic(client.credentials()) {
            Some(basic) => basic,
            None => return Ok(None),
        },
        Challenge::Bearer { realm, service, scope } => {
            let scope = scope.as_deref().unwrap_or(wanted);
            format!("Bearer {}", token(realm, service.as_deref(), scope, client).await?)
        }
    };
    let mut value =
        HeaderValue::from_str(&value).ok().context("the credentials have characters that no header takes")?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn basic(credentials: &Credentials) -> Option<String> {
    match credentials {
        Credentials::Password { user, password } => {
            Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
        }
        Credentials::None | Credentials::IdentityToken(_) => None,
    }
}

async fn token(realm: &str, service: Option<&str>, scope: &str, client: &Client<'_>) -> Result<String> {
    let mut url = Url::parse(realm).with_context(|| format!("read the address of the token server, `{realm}`"))?;
    let place = url.host_str().map(String::from).unwrap_or_default();
    if url.scheme() != "https" && !trust::is_loopback(&place) && *client.credentials() != Credentials::None {
        bail!(
            "the registry sends credentials to {realm}, which is not TLS: anybody could read them; ask who runs the registry"
        );
    }
    let mut pairs: Vec<(&str, &str)> = service.map(|service| ("service", service)).into_iter().collect();
    pairs.extend((!scope.is_empty()).then_some(("scope", scope)));
    let request = match client.credentials() {
        Credentials::IdentityToken(token) => {
            pairs.extend([("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", CLIENT)]);
            let form = encoded(&pairs);
            client
                .request(Method::POST, url)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form)
        }
        credentials => {
            url.query_pairs_mut().extend_pairs(pairs);
            let request = client.request(Method::GET, url);
            match basic(credentials) {
                Some(basic) => request.header(header::AUTHORIZATION, basic),
                None => request,
            }
        }
    };
    let answer = client.once(request).await.with_context(|| format!("ask {place} for a token"))?;
    if answer.status != StatusCode::OK {
        return Err(client.refused(&answer).context(format!("ask {place} for a token")));
    }
    let token: Option<Token> = serde_json::from_slice(&answer.body).ok();
    let token = token.and_then(|token| token.token.or(token.access_token));
    token.with_context(|| format!("{place} answered without a token"))
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("https://form/").expect("it is an address");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let bearer =
            parse(r#"Bearer realm="https://a.example/token",service="r.example",scope="repository:a/b:pull,push""#);
        let text = |text: &str| Some(text.to_owned());
        let (service, scope) = (text("r.example"), text("repository:a/b:pull,push"));
        assert_eq!(bearer, Some(Challenge::Bearer { realm: "https://a.example/token".into(), service, scope }));
        let short = parse("bearer Realm=\"https://a.example\"");
        assert_eq!(short, Some(Challenge::Bearer { realm: "https://a.example".into(), service: None, scope: None }));
        assert_eq!(parse(r#"Basic realm="basic-realm""#), Some(Challenge::Basic));
        assert_eq!(parse("Basic"), Some(Challenge::Basic));
        for unknown in ["Bearer", "Negotiate", "", "Bearer realm=\"open"] {
            assert_eq!(parse(unknown), None, "{unknown}");
        }
    }
}
