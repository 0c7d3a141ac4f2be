//! Configurations as docker writes them, and helpers that answer, fail, hang and have nothing.

use super::*;
use crate::testing::write_program;

const HOST: &str = "r.example:5000";

/// A configuration and the helpers beside it.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs_err::write(folder.path().join("config.json"), config).expect("write");
        Self { folder }
    }

    fn with_helper(self, name: &str, script: &str) -> Self {
        let path = self.folder.path().join(format!("docker-credential-{name}"));
        write_program(&path, &format!("#!/bin/sh\n{script}\n"));
        self
    }

    async fn find(&self, host: &str) -> Result<Login> {
        let folder = self.folder.path();
        let logins = DockerLogins {
            config: folder.join("config.json"),
            search: Some(format!("{}:/usr/bin:/bin", folder.display()).into()),
            patience: Duration::from_millis(500),
        };
        logins.find(host).await
    }

    async fn finds(&self, host: &str, credentials: Credentials) {
        assert_eq!(self.find(host).await.expect("found").credentials, credentials, "{host}");
    }

    async fn error(&self, host: &str) -> String {
        format!("{:#}", self.find(host).await.expect_err("refused"))
    }
}

fn password(user: &str, password: &str) -> Credentials {
    Credentials::Password { user: user.into(), password: password.into() }
}

fn base64(text: &str) -> String {
    BASE64.encode(text)
}

#[tokio::test]
async fn auths_are_read_however_they_were_written() {
    let (padded, bare) = (base64("bob:a:b"), base64("eve:x").trim_end_matches('=').to_owned());
    let desk = Desk::new(&format!(
        r#"{{"auths": {{
            "r.example:5000": {{"auth": "{padded}"}},
            "https://old.example/v1/": {{"auth": "{bare}"}},
            "plain.example": {{"username": "ann", "password": "pw"}},
            "token.example": {{"auth": "{padded}", "identitytoken": "t0ken"}},
            "empty.example": {{}},
            "https://index.docker.io/v1/": {{"auth": "{padded}"}}
        }}, "HttpHeaders": {{}}}}"#
    ));
    desk.finds(HOST, password("bob", "a:b")).await;
    desk.finds("old.example", password("eve", "x")).await;
    desk.finds("plain.example", password("ann", "pw")).await;
    desk.finds("token.example", Credentials::IdentityToken("t0ken".into())).await;
    desk.finds("docker.io", password("bob", "a:b")).await;
    desk.finds("empty.example", Credentials::None).await;
    desk.finds("r.example", Credentials::None).await;
}

#[tokio::test]
async fn a_helper_goes_before_the_store_and_the_store_before_the_file() {
    let config = format!(
        r#"{{"auths": {{"r.example:5000": {{"auth": "{}"}}, "file.example": {{"auth": "{0}"}}}},
            "credsStore": "store", "credHelpers": {{"r.example:5000": "own"}}}}"#,
        base64("file:f")
    );
    let answer = |user: &str| {
        format!(
            "read s; echo \"{{\\\"ServerURL\\\":\\\"$s\\\",\\\"Username\\\":\\\"{user}\\\",\\\"Secret\\\":\\\"$s\\\"}}\""
        )
    };
    let store = "read s; [ $s = store.example ] && echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}' && exit; \
                 echo credentials not found in native keychain; exit 1";
    let desk = Desk::new(&config).with_helper("own", &answer("own")).with_helper("store", store);
    desk.finds(HOST, password("own", HOST)).await;
    desk.finds("store.example", Credentials::IdentityToken("t".into())).await;
    desk.finds("file.example", password("file", "f")).await;
    desk.finds("nowhere.example", Credentials::None).await;
}

#[tokio::test]
async fn a_helper_that_fails_is_named_and_its_secret_is_not() {
    let desk = |script: &str| Desk::new(r#"{"credsStore": "x"}"#).with_helper("x", script);
    let failed = desk("echo gpg: no such key >&2; exit 3").error(HOST).await;
    assert!(failed.contains("docker-credential-x failed for r.example:5000: gpg: no such key"), "{failed}");
    let hung = desk("sleep 30").error(HOST).await;
    assert!(hung.contains("docker-credential-x has not answered") && hung.contains("0.5 s"), "{hung}");
    let odd = desk("echo s3cret").error(HOST).await;
    assert!(odd.contains("gave no JSON") && !odd.contains("s3cret"), "{odd}");
    let absent = Desk::new(r#"{"credsStore": "gone"}"#).error(HOST).await;
    assert!(absent.contains("start docker-credential-gone") && absent.contains("install it"), "{absent}");
}

#[tokio::test]
async fn a_broken_configuration_says_where_and_keeps_its_secrets() {
    let broken = Desk::new("{\n \"auths\": \"s3cret\"}").error(HOST).await;
    assert!(broken.contains("config.json") && broken.contains("line 2") && !broken.contains("s3cret"), "{broken}");
    let odd = Desk::new(r#"{"auths": {"r.example:5000": {"auth": "s3cret!"}}}"#).error(HOST).await;
    assert!(odd.contains("docker login r.example:5000") && !odd.contains("s3cret"), "{odd}");
    let none = Desk { folder: tempfile::tempdir().expect("a folder") };
    none.finds(HOST, Credentials::None).await;
    assert_eq!(format!("{:?}", password("bob", "s3cret")), "the credentials of `bob`");
}
