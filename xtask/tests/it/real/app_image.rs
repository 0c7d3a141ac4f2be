//! The web app as an image: compiled, tried, pushed and started like a server, confined, small, and without a trace of the
//! machine that made it.

use std::{os::unix::fs::symlink, path::Path, process::Command};

use serde_json::Value;

use super::{
    app_scores::both_back_ends_give_the_scores_of_tensorflow,
    harness::{app_section, copy, is_real, say},
    registry::Registry,
    served::Served,
};
use crate::checkout::workspace;

const MOST_BYTES: u64 = 40 << 20;
const MADE_OF: [&str; 6] = ["Cargo.toml", "Cargo.lock", "crates", "xtask/Cargo.toml", "xtask/src", "docker"];
const APP: &str = "tf-image-resizer";

/// A checkout with the workspace's sources, the web app and a model; what cargo made before is shared with the workspace.
pub(super) fn checkout() -> Served {
    let served = Served::apart();
    for part in MADE_OF {
        let _ = fs_err::remove_dir_all(served.path(part));
        fs_err::create_dir_all(served.path(part).parent().expect("a folder")).expect("create");
        copy(&workspace().join(part), &served.path(part));
    }
    let shared = workspace().join("target/xtask/app");
    fs_err::create_dir_all(&shared).expect("create");
    fs_err::create_dir_all(served.path("target/xtask")).expect("create");
    symlink(shared, served.path("target/xtask/app")).expect("link");
    fs_err::create_dir_all(served.path("model-data")).expect("create");
    symlink(Served::shared().path("model-data/inception"), served.path("model-data/inception")).expect("link");
    let config = fs_err::read_to_string(workspace().join("config.toml")).expect("read");
    // Another's port may be taken.
    let app: String =
        app_section(&config).lines().filter(|line| !line.starts_with("port")).map(|line| format!("{line}\n")).collect();
    served.edit("config.toml", "# ── current:", &format!("{app}\n# ── current:"));
    served
}

#[test]
fn the_web_app_is_built_pushed_and_started_like_a_server() {
    if !is_real() {
        return;
    }
    let served = checkout();
    served.build_images(&["auto", "resizer"]).succeeded();
    is_small_confined_and_of_nobody(&served);

    let told = served.build_images(&["resizer"]);
    told.succeeded();
    assert!(told.stderr.contains("up to date"), "{}", told.stderr);
    served.edit("crates/resizer/page/index.html", "</title>", " (edited by a test)</title>");
    let told = served.run(&["--json", "build-images", "resizer"]);
    let rebuild = told.events().into_iter().find(|event| event["event"] == "rebuild").expect("it is rebuilt");
    assert!(rebuild["reason"].as_str().is_some_and(|reason| reason.starts_with("sources changed")), "{rebuild}");

    let registry = Registry::open();
    served.run(&["push", "--registry", &format!("{}/demo", registry.host()), "resizer"]).succeeded();
    assert!(served.read("manifests/images.lock").contains("resizer"), "it is locked by its digest");

    starts_beside_its_server(&served);
}

fn is_small_confined_and_of_nobody(served: &Served) {
    let receipt = served.image_receipt("resizer");
    let kinds: Vec<&str> = receipt["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .filter_map(|package| package["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"cargo") && kinds.contains(&"deb"), "{kinds:?}");
    let found = served.engine.image(&served.reference("resizer")).expect("it is built");
    let config = found.config.expect("a configuration");
    assert_eq!(config.user.as_deref(), Some("65532:65532"));
    assert!(
        config
            .healthcheck
            .is_some_and(|check| check.test.is_some_and(|test| test.last().is_some_and(|last| last == "health")))
    );
    let saved = served.path("resizer.tar");
    served.engine.save(&served.reference("resizer"), &saved);
    let packed =
        Command::new("sh").arg("-c").arg(format!("gzip -5 < {} | wc -c", saved.display())).output().expect("run gzip");
    let packed: u64 = String::from_utf8_lossy(&packed.stdout).trim().parse().expect("a number");
    say(&format!("the web app's image, packed: {:.1} MB", packed as f64 / 1e6));
    assert!((1_000_000..MOST_BYTES).contains(&packed), "{packed} bytes");
    for trace in [
        std::env::var("HOME").expect("set") + "/.cargo",
        workspace().display().to_string(),
        served.path("crates").display().to_string(),
    ] {
        assert!(!holds(&saved, &trace), "{trace} is in the image");
    }
}

fn starts_beside_its_server(served: &Served) {
    let up = served.run(&["--json", "up", APP, "tf-serving-1cpu"]);
    up.succeeded();
    let results: Vec<Value> = up
        .events()
        .into_iter()
        .filter(|event| event["event"] == "result")
        .map(|event| event["details"].clone())
        .collect();
    let app = results.last().expect("the web app");
    assert_eq!((results.len(), app["app"].as_str()), (2, Some(APP)), "{results:?}");
    let url = app["url"].as_str().expect("a URL");
    let picture = savedmodel::Picture::generated().into_iter().next().expect("one is made up");
    served.write("picture", "");
    fs_err::write(served.path("cat.jpg"), picture.bytes).expect("write");
    let form = format!("file=@{}", served.path("cat.jpg").display());
    let told =
        Command::new("curl").args(["--silent", "--form", &form, &format!("{url}upload")]).output().expect("run curl");
    let reply: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let file = &reply["files"][0];
    assert_eq!(file["server_names"], serde_json::json!(["tf-serving-1cpu"]), "{reply}");
    let cell = &file["derivatives"]["128x128"]["predictions"]["tf-serving-1cpu"];
    assert!(cell["precision"].as_f64().is_some() && cell["error"].is_null(), "{file}");

    let rest = results[0]["url"].as_str().expect("a URL").split("/v1/").next().expect("an address").to_owned();
    both_back_ends_give_the_scores_of_tensorflow(served, &rest);

    let container = format!("tfs-{}-{APP}", served.id);
    let found: Value = serde_json::from_str(&served.engine.inspect(&container).expect("it is up")).expect("JSON");
    assert_eq!(found["HostConfig"]["ReadonlyRootfs"], true);
    assert_eq!(found["HostConfig"]["CapDrop"], serde_json::json!(["ALL"]));
    assert!(
        served
            .run(&["--json", "up", APP, "tf-serving-1cpu"])
            .events()
            .iter()
            .any(|event| event["details"]["app"] == APP && event["details"]["was-up"] == true)
    );
    served.run(&["down"]).succeeded();
    assert!(served.engine.inspect(&container).is_none(), "it goes down with the servers");
}

fn holds(saved: &Path, text: &str) -> bool {
    let found = Command::new("grep").args(["-aqF", text]).arg(saved).status().expect("run grep");
    found.code().is_some_and(|code| code == 0)
}
