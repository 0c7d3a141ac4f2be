//! Names by the grammar, and what the others are told.

use super::*;

fn address(text: &str) -> Result<String, String> {
    let address: RegistryAddress = text.parse().map_err(|error: ReferenceError| error.to_string())?;
    Ok(address.repository("tf-serving").map_err(|error| error.to_string())?.to_string())
}

#[test]
fn a_registry_is_a_host_and_what_stands_before_every_repository() {
    for (text, repository) in [
        ("127.0.0.1:5000/demo", "127.0.0.1:5000/demo/tf-serving"),
        ("localhost", "localhost/tf-serving"),
        ("registry.example.com/ml/serving", "registry.example.com/ml/serving/tf-serving"),
        ("[::1]:5000/demo", "[::1]:5000/demo/tf-serving"),
        ("Registry-2.Example.com:443/a__b/c---d/e.f", "Registry-2.Example.com:443/a__b/c---d/e.f/tf-serving"),
    ] {
        assert_eq!(address(text).as_deref(), Ok(repository));
    }
}

#[test]
fn a_wrong_registry_is_told_what_would_be_right() {
    for (text, says) in [
        ("https://r.example/demo", "leave `https://` away: `r.example/demo`"),
        ("demo", "localhost:5000/demo"),
        ("demo/x", "a folder of Docker Hub"),
        ("r.example:0/x", "no host"),
        ("r.example:99999", "no host"),
        ("-r.example", "no host"),
        ("", "no host"),
        ("r.example/", "write `r.example`"),
        ("r.example/Demo", "write `demo`"),
        ("r.example/a___b", "one or two `_`"),
        ("r.example/a..b", "no name"),
        ("r.example/-a", "no name"),
        ("r.example/a//b", "no name"),
        ("r.example/ä", "no name"),
    ] {
        let error = address(text).expect_err(text);
        assert!(error.contains(says), "{text}: {error}");
    }
    assert!(address(&format!("r.example/{}", "a".repeat(250))).expect_err("long").contains("at most 255"));
}

#[test]
fn tags_and_digests_keep_to_their_grammar() {
    for tag in ["cpu", "2.20", "_x", "A-b.c_d", &"a".repeat(128)] {
        assert!(tag.parse::<Tag>().is_ok(), "{tag}");
    }
    for tag in ["", ".a", "-a", "a b", "a:b", "ä", &"a".repeat(129)] {
        assert!(tag.parse::<Tag>().is_err(), "{tag}");
    }
    let digest = Digest::of(b"");
    assert_eq!(digest.as_str().parse(), Ok(digest.clone()));
    assert_eq!(digest.short(), "e3b0c44298fc");
    for wrong in ["", "sha256:", "sha512:ab", &digest.as_str().to_uppercase(), digest.hex()] {
        assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
    }
}

#[test]
fn a_pinned_reference_reads_back() {
    let text = format!("127.0.0.1:5000/demo/tf-serving:cpu@{}", Digest::of(b"x"));
    let pinned: Pinned = text.parse().expect("well-formed");
    assert_eq!(pinned.to_string(), text);
    assert_eq!((pinned.reference.repository.host(), pinned.reference.tag.as_str()), ("127.0.0.1:5000", "cpu"));
    for wrong in ["a.b/c:d", "a.b/c@sha256:00", "x:y@z"] {
        assert!(wrong.parse::<Pinned>().is_err(), "{wrong}");
    }
}
