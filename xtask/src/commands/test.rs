//! `cargo xtask test`: the gate. Format, lints, unit tests, and the real ring: an engine, a Bazel, a remote cache, a
//! registry, a TensorFlow, a browser, a control plane.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session, setup};
use crate::{
    adapters::{cargo, control_plane},
    cli::Test,
};

/// What the real ring needs beyond the main job.
const NEEDS: [setup::Need; 16] = [
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
    setup::PYTHON,
    // The web app's page is driven in a browser, and judged there by a package of npm's.
    setup::Need { program: "chromium", packages: &["chromium"] },
    setup::Need { program: "chromedriver", packages: &["chromium-driver"] },
    setup::Need { program: "npm", packages: &["nodejs", "npm"] },
    setup::Need { program: "curl", packages: &["curl"] },
    // A control plane of Kubernetes, which is built from its modules.
    setup::Need { program: "go", packages: &["golang-go"] },
    setup::Need { program: "etcd", packages: &["etcd-server"] },
];

pub(crate) async fn run(args: &Test, session: &Session) -> Result<Ended> {
    let stages = stages(args);
    if session.global.plans() {
        let lines: Vec<String> =
            stages.iter().map(|stage| format!("{}cargo {}", stage.prefix(), stage.arguments.join(" "))).collect();
        session.report.plan(&format!("{}\n{}", setup::plan(&NEEDS), lines.join("\n")), &json!({ "stages": lines }));
        return Ok(Ended::Well);
    }
    if !args.offline {
        setup::host(&NEEDS, session).await?;
    }
    // Minutes of compiling, and the real ring waits a lot.
    let is_real = !args.offline && args.filter.is_none();
    let _control_plane = is_real.then(|| control_plane::start(&session.folders.root)).transpose()?;
    for stage in stages {
        let started = session.report.start(None, stage.name);
        let environment = if stage.real { vec![("XTASK_REAL", "1".to_owned())] } else { Vec::new() };
        cargo::run(&session.folders.root, stage.arguments, environment).await?;
        session.report.finish_step(started);
    }
    if args.offline {
        session.report.warning(
            "the real ring (engine, Bazel, remote cache, registry, TensorFlow, browser, control plane) was skipped: run without --offline",
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
        // The whole workspace each time: with less of it cargo would choose other features and compile nearly all anew.
        let mut tests = |name, real, targets: &str| {
            stages.push(stage(name, real, &format!("test --workspace --quiet {targets} --{filter}")));
        };
        tests("unit tests", false, "--lib --bins");
        tests("files of TensorFlow", false, "--test fixtures");
        tests("model servers of every kind", true, "--test client");
        tests("pictures of every kind", false, "--test picture --test picture_hostile");
        tests("the web app", false, "--test service --test load");
        tests("the web app in a browser", true, "--test page");
        tests("the bench before stand-ins", false, "--test measure");
        tests("examples in the documentation", false, "--doc");
        // One at a time: they share the engine, and some of them fill it on purpose.
        let real = "test --workspace --test it -- --test-threads=1 --nocapture";
        stages.push(stage("real ring", true, &format!("{real}{filter}")));
    }
    stages
}
