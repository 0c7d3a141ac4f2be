//! `[app]`: the web app that `up` starts beside the servers.

use std::collections::BTreeMap;

use crate::{
    config::{
        journal::Journal,
        reader::{Section, Text},
        values,
    },
    domain::{
        serving_image::app::{AppSettings, Interface},
        up::APP,
    },
};

/// `ports` are those of this machine that servers take. None where the section is left out.
pub fn read(mut section: Section<'_>, ports: &BTreeMap<u16, &str>) -> Option<AppSettings> {
    let journal = section.journal;
    let cpus = section.optional_string("cpus");
    let memory = section.optional_bytes("memory");
    let port = section.optional_whole("port", u16::MAX.into()).and_then(|port| u16::try_from(port).ok());
    let interface = section.optional_string("interface");
    let at = section.at;
    section.finish();
    if let Some(other) = port.and_then(|port| ports.get(&port)) {
        journal.complain(at, format!("the web app takes a port that server `{other}` takes: give each its own"));
    }
    Some(AppSettings {
        port,
        millicpus: cpus.and_then(|cpus| journal.parse(cpus, values::cpus)).flatten(),
        memory,
        interface: interface.map_or(Some(Interface::Grpc), |text| self::interface(journal, text))?,
    })
}

fn interface(journal: &Journal, text: Text<'_>) -> Option<Interface> {
    match text.value {
        "grpc" => Some(Interface::Grpc),
        "rest" => Some(Interface::Rest),
        other => {
            journal.unknown(text.at, "interface", other, ["grpc", "rest"]);
            None
        }
    }
}

/// A server of this name could not be told from the app.
pub fn clash(journal: &Journal, server: Text<'_>) {
    if server.value == APP {
        journal.complain(server.at, format!("`{APP}` is the web app: call this server otherwise"));
    }
}
