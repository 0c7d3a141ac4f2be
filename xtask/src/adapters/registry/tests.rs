//! The client against a registry on loopback that keeps what it is given and misbehaves as its test tells it to.

mod server;
mod uploads;

use std::{sync::Mutex, time::Duration};

use self::server::{Reply, Server};
use super::*;

const QUICK: Patience =
    Patience { connect: Duration::from_secs(5), idle: Duration::from_millis(300), first: Duration::from_millis(1) };
const REPOSITORY: &str = "demo/tf-serving";

fn access(server: &Server, credentials: Credentials) -> Access {
    Access { host: server.host(), credentials, source: "from config.json".into(), insecure: false }
}

fn bob(password: &str) -> Credentials {
    Credentials::Password { user: "bob".into(), password: password.into() }
}

fn manifest() -> Manifest {
    Manifest { media_type: oci::DOCKER_MANIFEST.into(), bytes: br#"{"config":{}}"#.to_vec() }
}

fn attachment() -> Attachment {
    Attachment { media_type: "application/spdx+json", document: b"bill".to_vec(), annotations: [].into() }
}

/// What was said of retries.
#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl Said {
    fn text(&self) -> String {
        self.0.lock().expect("what was said").join("\n")
    }

    fn hear(&self, line: String) {
        self.0.lock().expect("what was said").push(line);
    }
}

/// Everything a push asks of a registry, and what must be there afterwards.
async fn whole_round(server: &Server, credentials: Credentials, say: Say<'_>) -> Result<()> {
    let registry = OciRegistry::connect(access(server, credentials), QUICK, say).await?;
    registry.check().await?;
    registry.check_push(REPOSITORY).await?;
    let image = manifest();
    registry.put(REPOSITORY, "cpu", &image).await?;
    assert_eq!(registry.manifest(REPOSITORY, "cpu").await?, Some(image.clone()));
    assert_eq!(registry.manifest(REPOSITORY, "gone").await?, None);
    let attached = registry.attach(REPOSITORY, &image.descriptor(), &attachment()).await?;
    let listed = registry.referrers(REPOSITORY, &image.digest()).await?;
    assert_eq!(listed.iter().map(|entry| &entry.digest).collect::<Vec<_>>(), [&attached]);
    assert_eq!(listed[0].artifact_type.as_deref(), Some("application/spdx+json"));
    // The same once more is no second entry.
    registry.attach(REPOSITORY, &image.descriptor(), &attachment()).await?;
    assert_eq!(registry.referrers(REPOSITORY, &image.digest()).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_registry_without_a_referrers_list_gets_one_by_tag() {
    let server = Server::start(|_, _| None).await;
    whole_round(&server, Credentials::None, &|_| {}).await.expect("it works");
    let tag = format!("sha256-{}", manifest().digest().hex());
    assert!(server.has(&format!("{REPOSITORY}/manifests/{tag}")));
}

#[tokio::test]
async fn a_registry_with_a_referrers_list_keeps_it_itself() {
    let server = Server::with_referrers().await;
    whole_round(&server, Credentials::None, &|_| {}).await.expect("it works");
    let tag = format!("sha256-{}", manifest().digest().hex());
    assert!(!server.has(&format!("{REPOSITORY}/manifests/{tag}")));
}

#[tokio::test]
async fn every_third_request_may_fail() {
    for reply in [
        || Reply::new(500),
        || Reply::new(429).with("Retry-After", "0"),
        || Reply::new(503),
        || Reply::new(408),
        Reply::cut,
    ] {
        let said = Said::default();
        let server = Server::start(move |number, _| (number % 3 == 2).then(reply)).await;
        whole_round(&server, Credentials::None, &|line| said.hear(line)).await.expect("it works");
        assert!(said.text().contains("going on in"), "{}", said.text());
    }
}

#[tokio::test]
async fn it_gives_up_in_the_end() {
    let server = Server::start(|_, asked| asked.path.contains("manifests").then(|| Reply::new(503))).await;
    let registry = OciRegistry::connect(access(&server, Credentials::None), QUICK, &|_| {}).await.expect("it answers");
    let error = format!("{:#}", registry.manifest(REPOSITORY, "cpu").await.expect_err("never"));
    assert!(error.contains("gave up after 4 tries") && error.contains("503"), "{error}");
    assert_eq!(server.asked("manifests"), 4);
    // A silent one is no better.
    let server = Server::start(|_, asked| asked.path.contains("manifests").then(Reply::silent)).await;
    let registry = OciRegistry::connect(access(&server, Credentials::None), QUICK, &|_| {}).await.expect("it answers");
    let error = format!("{:#}", registry.manifest(REPOSITORY, "cpu").await.expect_err("never"));
    assert!(error.contains("it is silent"), "{error}");
}

#[tokio::test]
async fn a_password_is_given_to_who_asks_and_refused_ones_end_at_once() {
    let server = Server::start(server::basic("bob", "s3cret?~")).await;
    whole_round(&server, bob("s3cret?~"), &|_| {}).await.expect("let in");
    let registry = OciRegistry::connect(access(&server, bob("wr0ng")), QUICK, &|_| {}).await.expect("it answers");
    let before = server.asked("");
    let error = format!("{:#}", registry.check().await.expect_err("refused"));
    assert_eq!(server.asked("") - before, 2, "asked once without, once with");
    for text in ["does not take the credentials of `bob` from config.json", "docker login 127.0.0.1:"] {
        assert!(error.contains(text), "{error}");
    }
    assert!(!error.contains("wr0ng"), "{error}");
    let registry = OciRegistry::connect(access(&server, Credentials::None), QUICK, &|_| {}).await.expect("it answers");
    let error = format!("{:#}", registry.check().await.expect_err("refused"));
    assert!(error.contains("wants credentials (from config.json); log in first"), "{error}");
}

#[tokio::test]
async fn tokens_are_fetched_for_what_is_asked_and_kept() {
    let server = Server::start(server::bearer("bob", "pw", "refresh")).await;
    whole_round(&server, bob("pw"), &|_| {}).await.expect("let in");
    assert!(server.asked("/token") <= 4, "{} tokens", server.asked("/token"));
    whole_round(&server, Credentials::IdentityToken("refresh".into()), &|_| {}).await.expect("let in");
    let registry = OciRegistry::connect(access(&server, bob("wr0ng")), QUICK, &|_| {}).await.expect("it answers");
    let error = format!("{:#}", registry.check().await.expect_err("refused"));
    assert!(error.contains("for a token") && error.contains("docker login") && !error.contains("wr0ng"), "{error}");
}

#[tokio::test]
async fn a_repository_that_may_not_be_pushed_to_is_found_before_anything_moves() {
    let denied = r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#;
    let server =
        Server::start(move |_, asked| asked.path.contains("uploads").then(|| Reply::new(403).body(denied.as_bytes())))
            .await;
    let registry = OciRegistry::connect(access(&server, bob("pw")), QUICK, &|_| {}).await.expect("it answers");
    let error = format!("{:#}", registry.check_push(REPOSITORY).await.expect_err("refused"));
    for text in ["demo/tf-serving can be pushed to", "denies this to the credentials of `bob`", "DENIED: requested"] {
        assert!(error.contains(text), "{error}");
    }
    assert_eq!(server.asked("uploads"), 1);
}

#[tokio::test]
async fn bytes_that_are_not_those_of_their_digest_are_refused() {
    let server = Server::start(|_, asked| {
        let wrong = Reply::new(200).body(b"{}").with("Docker-Content-Digest", Digest::of(b"other").as_str());
        asked.path.contains("manifests").then_some(wrong)
    })
    .await;
    let registry = OciRegistry::connect(access(&server, Credentials::None), QUICK, &|_| {}).await.expect("it answers");
    let error = format!("{:#}", registry.manifest(REPOSITORY, "cpu").await.expect_err("refused"));
    assert!(error.contains("look at proxies"), "{error}");
}

#[tokio::test]
async fn what_is_no_registry_is_told_apart() {
    let server = Server::start(|_, _| Some(Reply::new(404))).await;
    let registry = OciRegistry::connect(access(&server, Credentials::None), QUICK, &|_| {}).await.expect("it answers");
    let error = format!("{:#}", registry.check().await.expect_err("refused"));
    assert!(error.contains("is no registry"), "{error}");
    let nobody = Access { host: "127.0.0.1:1".into(), ..access(&server, Credentials::None) };
    let error = OciRegistry::connect(nobody, QUICK, &|_| {}).await.err().expect("nobody there");
    assert!(format!("{error:#}").contains("refused"), "{error:#}");
}
