//! `cargo xtask test`: the gate. Format, lints, unit tests, and the real ring: an engine, a Bazel, a remote cache, a
//! registry, a TensorFlow.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session, setup};
use crate::{adapters::cargo, cli::Test};

/// What the real ring needs beyond the main job.
const NEEDS: [setup::Need; 10] = [
    setup::DEBOOTSTRAP,
    setup::ENGINE,
    setup::Need { program: "nginx", packages: &["nginx-light", "libnginx-mod-http-dav-ext"] },
    setup::Need { program: "g++", packages: &["g++"] },
    setup::REGISTRY,
    setup::Need { program: "htpasswd", packages: &["apache2-utils"] },
    setup::Need { program: "openssl", packages: &["openssl"] },
    setup::Need { program: "skopeo", packages: &["skopeo"] },
    // The shell of the serving images, for what their entrypoint does in it.
    setup::Need { program: "busybox", packages: &["busybox"] },
    // TensorFlow judges what is exported; it comes with pip into a virtual environment below target/.
    setup::Need { program: "python3", packages: &["python3", "python3-venv"] },
];

pub(crate) async fn run(args: &Test, session: &Session) -> Result<Ended> {
    let stages = stages(args);
    if session.global.dry_run {
        let lines: Vec<String> =
            stages.iter().map(|stage| format!("{}cargo {}", stage.prefix(), stage.arguments.join(" "))).collect();
        session.report.plan(&format!("{}\n{}", setup::plan(&NEEDS), lines.join("\n")), &json!({ "stages": lines }));
        return Ok(Ended::Well);
    }
    if !args.offline {
        setup::host(&NEEDS, session).await?;
    }
    for stage in stages {
        let started = session.report.start(None, stage.name);
        let environment = if stage.real { vec![("XTASK_REAL", "1".to_owned())] } else { Vec::new() };
        cargo::run(&session.folders.root, stage.arguments, environment).await?;
        session.report.finish_step(started);
    }
    if args.offline {
        session.report.warning(
            "the real ring (engine, Bazel, remote cache, registry, TensorFlow) was skipped: run without --offline",
        );
    }
    Ok(Ended::Well)
}

struct Stage {
    name: &'static str,
    arguments: Vec<String>,
    real: bool,
}

impl Stage {
    fn prefix(&self) -> &'static str {
        if self.real { "XTASK_REAL=1 " } else { "" }
    }
}

fn stages(args: &Test) -> Vec<Stage> {
    let stage = |name, real, line: &str| Stage { name, real, arguments: line.split(' ').map(String::from).collect() };
    let filter = args.filter.as_deref().map(|filter| format!(" {filter}")).unwrap_or_default();
    let mut stages = vec![
        stage("format", false, "fmt --all --check"),
        stage("lint", false, "clippy --workspace --all-targets --quiet -- -D warnings"),
    ];
    if args.offline {
        stages.push(stage("tests", false, &format!("test --workspace --quiet --{filter}")));
    } else {
        stages.push(stage("unit tests", false, &format!("test --workspace --quiet --lib --bins --{filter}")));
        let fixtures = format!("test --package savedmodel --quiet --test fixtures --{filter}");
        stages.push(stage("files of TensorFlow", false, &fixtures));
        stages.push(stage(
            "servers of every kind",
            false,
            &format!("test --package tfserving --quiet --test it --{filter}"),
        ));
        stages.push(stage(
            "pictures of every kind",
            false,
            &format!("test --package resizer --quiet --test picture --test service --{filter}"),
        ));
        stages.push(stage(
            "examples in the documentation",
            false,
            &format!("test --workspace --quiet --doc --{filter}"),
        ));
        // One at a time: they share the engine, and some of them fill it on purpose.
        let real = "test --package xtask --test it -- --test-threads=1 --nocapture";
        stages.push(stage("real ring", true, &format!("{real}{filter}")));
    }
    stages
}
