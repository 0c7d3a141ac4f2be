//! Containers that serve: confined as the manifests confine them, watched, and ended with grace.
//! What is served and when it counts as ready is decided by the callers.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, anyhow};
use bench_protocol::protocol::Standing;
use bollard::{
    Docker,
    container::LogOutput,
    models::{
        ContainerInspectResponse, ContainerStatsResponse, DeviceRequest, EndpointSettings, HostConfig,
        NetworkCreateRequest, NetworkingConfig, PortBinding, PortMap,
    },
    query_parameters::{LogsOptionsBuilder, StatsOptionsBuilder, StopContainerOptionsBuilder},
};
use futures_util::StreamExt;

use super::status;
use crate::ports::{ContainerFacts, Exit, Labels, Serving};

/// Lines of a container's log that explain its end.
const LAST_LINES: &str = "20";

/// The address of the engine's host on which ports are published: only as far as this machine needs it.
pub(super) fn publish_on(engine: &str) -> &'static str {
    if engine.starts_with("unix:") || engine.starts_with("npipe:") { "127.0.0.1" } else { "0.0.0.0" }
}

/// The host under which this machine reaches what the engine publishes.
fn host_of(engine: &str) -> String {
    let Some((scheme, rest)) = engine.split_once("://") else { return "127.0.0.1".into() };
    if ["unix", "npipe"].contains(&scheme) {
        return "127.0.0.1".into();
    }
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_owned()
}

pub(super) fn confine(host: &mut HostConfig, serving: &Serving, publish: &str) {
    host.readonly_rootfs = Some(true);
    host.cap_drop = Some(vec!["ALL".into()]);
    host.security_opt = Some(vec!["no-new-privileges".into()]);
    host.nano_cpus = serving.millicpus.map(|milli| i64::from(milli) * 1_000_000);
    let binding = |port: &Option<u16>| PortBinding {
        host_ip: Some(publish.to_owned()),
        host_port: Some(port.map(|port| port.to_string()).unwrap_or_default()),
    };
    let ports: PortMap =
        serving.ports.iter().map(|(inside, outside)| (tcp(*inside), Some(vec![binding(outside)]))).collect();
    host.port_bindings = Some(ports);
    if serving.gpu {
        let capabilities = Some(vec![vec!["gpu".to_owned()]]);
        host.device_requests = Some(vec![DeviceRequest { count: Some(-1), capabilities, ..Default::default() }]);
    }
}

pub(super) fn exposed_ports(serving: &Serving) -> Vec<String> {
    serving.ports.keys().map(|port| tcp(*port)).collect()
}

pub(super) fn known_as(serving: &Serving, network: Option<&str>) -> Option<NetworkingConfig> {
    let (alias, network) = (serving.alias.clone()?, network?);
    let endpoint = EndpointSettings { aliases: Some(vec![alias]), ..Default::default() };
    Some(NetworkingConfig { endpoints_config: Some(HashMap::from([(network.to_owned(), endpoint)])) })
}

fn tcp(port: u16) -> String {
    format!("{port}/tcp")
}

pub(super) async fn start(docker: &Docker, container: &str) -> Result<()> {
    docker.start_container(container, None).await.with_context(|| format!("start container {container}"))
}

pub(super) async fn look_at(docker: &Docker, container: &str, engine: &str) -> Result<Option<ContainerFacts>> {
    match docker.inspect_container(container, None).await {
        Ok(found) => Ok(Some(facts(found, engine))),
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(anyhow!(error).context(format!("look at container {container}"))),
    }
}

fn facts(found: ContainerInspectResponse, engine: &str) -> ContainerFacts {
    let state = found.state.unwrap_or_default();
    let ports = found.network_settings.and_then(|network| network.ports).unwrap_or_default();
    let address = |(inside, bindings): (String, Option<Vec<PortBinding>>)| {
        let inside = inside.split('/').next()?.parse().ok()?;
        let outside = bindings?.into_iter().find_map(|binding| binding.host_port)?;
        Some((inside, format!("{}:{outside}", host_of(engine))))
    };
    ContainerFacts {
        id: found.id.unwrap_or_default(),
        running: state.running.unwrap_or_default(),
        exit: Exit { code: state.exit_code.unwrap_or(-1), out_of_memory: state.oom_killed.unwrap_or_default() },
        labels: found.config.and_then(|config| config.labels).unwrap_or_default().into_iter().collect(),
        addresses: ports.into_iter().filter_map(address).collect(),
    }
}

pub(super) async fn last_words(docker: &Docker, container: &str) -> Result<String> {
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(LAST_LINES).build();
    let mut log = docker.logs(container, Some(options));
    let mut words = Vec::new();
    while let Some(item) = log.next().await {
        let (LogOutput::StdOut { message }
        | LogOutput::StdErr { message }
        | LogOutput::Console { message }
        | LogOutput::StdIn { message }) = item.with_context(|| format!("read what container {container} has said"))?;
        words.extend_from_slice(&message);
    }
    Ok(String::from_utf8_lossy(&words).trim_end().to_owned())
}

pub(super) async fn counters(docker: &Docker, container: &str) -> Result<Standing> {
    // Without `one-shot` the engine would wait for a second reading.
    let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
    let told = docker.stats(container, Some(options)).next().await;
    let told = told.with_context(|| format!("container {container} has no counters"))?;
    Ok(standing(told.with_context(|| format!("read the counters of container {container}"))?))
}

/// The engine counts in nanoseconds.
fn standing(told: ContainerStatsResponse) -> Standing {
    let cpu = told.cpu_stats.unwrap_or_default();
    let throttling = cpu.throttling_data.unwrap_or_default();
    let seconds = |nanoseconds: Option<u64>| nanoseconds.unwrap_or_default() as f64 / 1e9;
    Standing {
        cpu_seconds: seconds(cpu.cpu_usage.unwrap_or_default().total_usage),
        throttled_periods: throttling.throttled_periods.unwrap_or_default(),
        throttled_seconds: seconds(throttling.throttled_time),
    }
}

pub(super) async fn stop(docker: &Docker, container: &str, grace: Duration) -> Result<Exit> {
    let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
    let options = StopContainerOptionsBuilder::default().t(seconds).build();
    match docker.stop_container(container, Some(options)).await {
        Ok(()) => {}
        // It has ended already.
        Err(error) if status(&error) == Some(304) => {}
        Err(error) => return Err(anyhow!(error).context(format!("stop container {container}"))),
    }
    let ended = look_at(docker, container, "").await?;
    Ok(ended.with_context(|| format!("container {container} is gone"))?.exit)
}

pub(super) async fn network(docker: &Docker, name: &str, labels: &Labels) -> Result<()> {
    match docker.inspect_network(name, None).await {
        Ok(_) => return Ok(()),
        Err(error) if status(&error) == Some(404) => {}
        Err(error) => return Err(anyhow!(error).context(format!("look for network {name}"))),
    }
    let labels = Some(labels.clone().into_iter().collect());
    let request = NetworkCreateRequest { name: name.to_owned(), labels, ..Default::default() };
    docker.create_network(request).await.map(|_| ()).with_context(|| format!("create network {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_seconds() {
        let told = r#"{"cpu_stats":{"cpu_usage":{"total_usage":2500000000},
                       "throttling_data":{"throttled_periods":3,"throttled_time":40000000}}}"#;
        let told = standing(serde_json::from_str(told).expect("as the engine writes it"));
        assert_eq!(told, Standing { cpu_seconds: 2.5, throttled_periods: 3, throttled_seconds: 0.04 });
        assert_eq!(standing(ContainerStatsResponse::default()), Standing::default());
    }

    #[test]
    fn a_far_engine_publishes_where_it_is_reached() {
        assert_eq!(host_of("unix:///var/run/docker.sock"), "127.0.0.1");
        assert_eq!(host_of("tcp://builder.example:2376"), "builder.example");
        assert_eq!(host_of("https://[fd00::1]:2376/"), "[fd00::1]");
        assert_eq!((publish_on("unix:///x"), publish_on("tcp://builder:2376")), ("127.0.0.1", "0.0.0.0"));
    }
}
