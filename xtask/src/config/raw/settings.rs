//! `[engine]`, `[resources]` and `[bazel]`: the machine that builds, and the defaults of what may be left out.
//! After a mistake these read as their defaults; the note keeps the whole file from being used.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    config::{reader::Section, suggest::did_you_mean, values},
    domain::settings::{CaBundle, EngineSettings, RemoteSettings, Resources},
};

pub fn engine(mut section: Section<'_>) -> EngineSettings {
    let journal = section.journal;
    let schemes = ["unix", "npipe", "tcp", "http", "https", "ssh"];
    let host = section.optional_string("host");
    let ca_bundle = section.optional_string("ca-bundle");
    let network = section.optional_string("network");
    let labels = section.map("labels");
    section.finish();
    EngineSettings {
        host: host.and_then(|host| journal.parse(host, |text| values::url_of(text, &schemes))),
        ca_bundle: ca_bundle.and_then(|bundle| journal.parse(bundle, self::ca_bundle)).unwrap_or(CaBundle::Host),
        network: network.and_then(|network| journal.parse(network, values::word)),
        labels: labels
            .into_iter()
            .filter_map(|(key, value)| Some((journal.parse(key, values::word)?, value.value.to_owned())))
            .collect(),
    }
}

fn ca_bundle(text: &str) -> Result<CaBundle, String> {
    match text {
        "host" => Ok(CaBundle::Host),
        "none" => Ok(CaBundle::None),
        file if file.contains(['/', '.']) => Ok(CaBundle::File(file.into())),
        other => {
            let help = did_you_mean(other, &["host", "none"]).map(|help| format!(", {help}")).unwrap_or_default();
            Err(format!("`{other}` is neither `host` nor `none` nor a file{help}"))
        }
    }
}

pub fn resources(mut section: Section<'_>) -> Resources {
    let resources = Resources {
        memory_per_job: section.optional_bytes("memory-per-job").unwrap_or(2 << 30),
        jobs: section.optional_count("jobs"),
        memory: section.optional_bytes("memory"),
        min_jobs_per_variant: section.optional_count("min-jobs-per-variant").unwrap_or(16),
        stall_after: section.optional_duration("stall-after").unwrap_or(Duration::from_secs(300)),
    };
    section.finish();
    resources
}

pub fn remote(mut section: Section<'_>) -> RemoteSettings {
    let journal = section.journal;
    let cache = section.optional_string("remote-cache");
    let executor = section.optional_string("remote-executor");
    let pairs = section.map("headers");
    section.finish();

    let mut headers = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (header, variable) in pairs {
        if !seen.insert(header.value.to_ascii_lowercase()) {
            journal.complain(header.at, format!("header `{}` is given twice: headers ignore case", header.value));
        }
        let variable = journal.parse(variable, values::variable);
        if let Some((header, variable)) = journal.parse(header, values::header).zip(variable) {
            headers.insert(header, variable);
        }
    }
    let (caches, farms) = (["https", "http", "grpcs", "grpc", "unix"], ["grpcs", "grpc", "unix"]);
    RemoteSettings {
        cache: cache.and_then(|url| journal.parse(url, |text| values::url_of(text, &caches))),
        executor: executor.and_then(|url| journal.parse(url, |text| values::url_of(text, &farms))),
        headers,
    }
}
