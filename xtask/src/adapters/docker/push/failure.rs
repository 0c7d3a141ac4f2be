//! What an engine's words about a failed push mean: there is no code to go by, only text that has come from the registry,
//! the network or the engine itself. Only what is known to pass is tried again.

pub(super) enum Verdict {
    /// Another try may do better.
    Passing,
    /// None would; this is what to do.
    Final(String),
}

/// Of a registry or a network that is in trouble.
const PASSING: &[&str] = &[
    "toomanyrequests",
    "too many requests",
    "http status: 408",
    "http status: 429",
    "http status: 499",
    "http status: 5",
    "http 429",
    "http 5",
    "unknown: unknown error",
    "internal server error",
    "bad gateway",
    "service unavailable",
    "gateway timeout",
    "unavailable: ",
    "blob upload unknown",
    "blob upload invalid",
    "eof",
    "timeout",
    "timed out",
    "connection refused",
    "connection reset",
    "broken pipe",
    "closed network connection",
    "server closed idle connection",
    "network is unreachable",
    "no route to host",
    "temporary failure",
    "server misbehaving",
];
const DENIED: &[&str] =
    &["unauthorized", "authentication required", "denied", "no basic auth credentials", "forbidden"];
const FULL: &[&str] = &["no space left", "quota"];
const NAME: &[&str] = &["name invalid", "name unknown", "invalid reference format", "repository name"];

pub(super) fn judge(message: &str, host: &str, credentials: &str) -> Verdict {
    let text = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(FULL) {
        return Verdict::Final(format!(
            "there is no room left: look at the disk or the quota of {host}, and at the engine's disk"
        ));
    }
    if text.contains("x509") || text.contains("certificate") {
        return Verdict::Final(format!(
            "the engine does not trust the certificate of {host}: put the CA that signed it into \
             /etc/docker/certs.d/{host}/ca.crt on the engine's machine"
        ));
    }
    if text.contains("http response to https client") {
        return Verdict::Final(format!(
            "{host} speaks plain HTTP only: give it TLS, or list it in `insecure-registries` of the engine's daemon.json"
        ));
    }
    if says(PASSING) {
        return Verdict::Passing;
    }
    if says(DENIED) {
        return Verdict::Final(format!(
            "{host} refused {credentials}: docker login {host}, or ask for the right to push there"
        ));
    }
    if says(NAME) {
        return Verdict::Final("the registry does not take this name; see --registry".into());
    }
    Verdict::Final("see the engine's log and the registry's".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_tried_again() {
        for passing in [
            "received unexpected HTTP status: 500 Internal Server Error",
            "error parsing HTTP 429 response body: invalid character 'T'",
            "toomanyrequests: You have reached your unauthenticated rate limit",
            "Patch \"http://127.0.0.1:5000/v2/x/blobs/uploads/1\": EOF",
            "Get \"http://127.0.0.1:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused",
            "read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer",
            "net/http: TLS handshake timeout",
            "blob upload unknown",
            "unknown: unknown error",
        ] {
            assert!(matches!(judge(passing, "r.example", "x"), Verdict::Passing), "{passing}");
        }
        for (end, advice) in [
            ("unauthorized: authentication required", "docker login r.example"),
            ("denied: requested access to the resource is denied", "refused the credentials of `bob`"),
            ("no basic auth credentials", "docker login"),
            (
                "Get \"https://r.example/v2/\": x509: certificate signed by unknown authority",
                "certs.d/r.example/ca.crt",
            ),
            ("http: server gave HTTP response to HTTPS client", "insecure-registries"),
            ("write /var/lib/registry/x: no space left on device", "no room left"),
            ("name unknown: repository name not known to registry", "--registry"),
            ("something new", "engine's log"),
        ] {
            match judge(end, "r.example", "the credentials of `bob`") {
                Verdict::Final(said) => assert!(said.contains(advice), "{end}: {said}"),
                Verdict::Passing => panic!("{end} would be tried again"),
            }
        }
    }
}
