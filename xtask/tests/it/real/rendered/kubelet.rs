//! A pod that runs: a sandbox that holds its network and its volumes, init containers one after another, then the others; and
//! its end.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use super::{
    confined,
    docker::{docker, done, log},
    node::{Node, SANDBOX},
    probes::Probed,
    quantity::thousandths,
    spec::{Container, Pod},
};

/// Name of a pod's volume -> the engine's, and whether it may only be read.
type Volumes = BTreeMap<String, (String, bool)>;

pub struct Running<'n> {
    node: &'n Node,
    name: String,
    pub spec: Pod,
    pub address: IpAddr,
    volumes: Volumes,
}

/// How a pod ended after it was told to.
#[derive(Debug)]
pub struct Ended {
    pub code: i64,
    pub after: Duration,
}

impl<'n> Running<'n> {
    /// Starts it; `aliases` are the services that lead to it.
    pub fn start(node: &'n Node, name: &str, spec: Pod, aliases: &[String]) -> Self {
        let pod = Self::prepared(node, name, spec, aliases);
        for container in &pod.spec.containers {
            done(&[&["run".into(), "--detach".into()], &pod.arguments(container)[..]].concat());
            confined::as_it_says(&pod.container(container), &pod.spec, container);
        }
        pod
    }

    /// A job's pod: every container runs to its end. What they said.
    pub fn completed(node: &'n Node, name: &str, spec: Pod) -> String {
        let pod = Self::prepared(node, name, spec, &[]);
        pod.spec.containers.iter().map(|container| pod.to_its_end(container)).collect()
    }

    fn prepared(node: &'n Node, name: &str, spec: Pod, aliases: &[String]) -> Self {
        for container in spec.init_containers.iter().chain(&spec.containers) {
            if docker(&["image", "inspect", &container.image]).is_err() {
                done(&["pull", "--quiet", &container.image]);
            }
        }
        let volumes: Volumes =
            spec.volumes.iter().map(|volume| (volume.name.clone(), node.volume(name, &spec, volume))).collect();
        let sandbox = format!("{}-{name}", node.name);
        let label = node.label();
        let mut arguments = vec!["run", "--detach", "--name", &sandbox, "--label", &label, "--network", &node.name];
        arguments.extend(aliases.iter().flat_map(|alias| ["--network-alias", alias]));
        let held: Vec<String> = volumes
            .iter()
            .flat_map(|(name, (volume, _))| ["--mount".into(), mount(volume, &format!("/volumes/{name}"), true)])
            .collect();
        arguments.extend(held.iter().map(String::as_str));
        done(&[&arguments[..], &[SANDBOX, "sleep", "infinity"]].concat());
        let format = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = done(&["inspect", format, &sandbox]).parse().expect("the sandbox has an address");
        let pod = Self { node, name: sandbox, spec, address, volumes };
        for container in &pod.spec.init_containers {
            pod.to_its_end(container);
        }
        pod
    }

    /// The engine's container of one of the pod's.
    pub fn container(&self, container: &Container) -> String {
        format!("{}-{}", self.name, container.name)
    }

    /// Runs a container that has to end well; what it said.
    fn to_its_end(&self, container: &Container) -> String {
        done(&[&["run".into()], &self.arguments(container)[..]].concat());
        log(&self.container(container))
    }

    fn arguments(&self, container: &Container) -> Vec<String> {
        let (pod, own) = (&self.spec.security_context, &container.security_context);
        let mut arguments = vec![
            format!("--name={}", self.container(container)),
            format!("--label={}", self.node.label()),
            format!("--network=container:{}", self.name),
            format!("--user={}:{}", pod.run_as_user, pod.run_as_group),
            format!("--read-only={}", own.read_only_root_filesystem),
            format!("--security-opt=no-new-privileges={}", !own.allow_privilege_escalation),
        ];
        arguments.extend(pod.fs_group.map(|group| format!("--group-add={group}")));
        arguments.extend(own.capabilities.drop.iter().map(|capability| format!("--cap-drop={capability}")));
        let (asked, most) = (&container.resources.requests, &container.resources.limits);
        let bytes = thousandths(&most.memory) / 1000;
        arguments.extend([
            format!("--cpu-shares={}", thousandths(&asked.cpu) * 1024 / 1000),
            format!("--cpus={}", thousandths(&most.cpu) as f64 / 1000.0),
            format!("--memory={bytes}"),
            format!("--memory-swap={bytes}"),
        ]);
        for inside in &container.volume_mounts {
            let (volume, only_read) = &self.volumes[&inside.name];
            arguments.push(format!("--mount={}", mount(volume, &inside.mount_path, inside.read_only || *only_read)));
        }
        arguments.extend(self.spec.environment(container).iter().map(|variable| format!("--env={variable}")));
        // A command takes the place of the image's own, arguments included.
        let (program, rest) =
            container.command.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
        arguments.extend(program.map(|program| format!("--entrypoint={program}")));
        arguments.push(container.image.clone());
        arguments.extend(rest.iter().chain(&container.args).cloned());
        arguments
    }

    pub fn probed(&self) -> Probed<'_> {
        Probed { container: &self.spec.containers[0], address: self.address }
    }

    pub fn log(&self) -> String {
        self.spec.containers.iter().map(|container| log(&self.container(container))).collect()
    }

    /// As when a pod is deleted: `preStop`, then SIGTERM, then SIGKILL once its grace is over.
    pub fn terminate(&self) -> Ended {
        let [container] = &self.spec.containers[..] else { panic!("{}: one container", self.name) };
        let begin = Instant::now();
        if let Some(lifecycle) = &container.lifecycle {
            std::thread::sleep(Duration::from_secs(lifecycle.pre_stop.sleep.seconds));
        }
        let name = self.container(container);
        let left = self.spec.termination_grace_period_seconds.saturating_sub(begin.elapsed().as_secs());
        done(&["stop", "--time", &left.to_string(), &name]);
        let code = done(&["inspect", "--format={{.State.ExitCode}}", &name]);
        Ended { code: code.parse().expect("an exit code"), after: begin.elapsed() }
    }
}

fn mount(volume: &str, to: &str, only_read: bool) -> String {
    let readonly = if only_read { ",readonly" } else { "" };
    format!("type=volume,src={volume},dst={to},volume-nocopy{readonly}")
}
