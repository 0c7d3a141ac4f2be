//! What `bench` would measure, as plain data: which servers, what is sent to them, how often, and how long that takes.
//! Planning asks nobody: addresses, signatures and the pictures' sums are found when it is carried out.

pub mod choices;
pub mod labels;
mod lines;
pub mod same;
pub mod values;

use std::collections::BTreeMap;

use bench_protocol::experiment::{Build, Experiment, Model, Pictures, Server};

use crate::domain::{
    profile::Profile,
    serving_image::{ImageSettings, app::Interface},
    up::{PlannedServer, ServerSettings, UpPlan},
    variant::{Device, VariantName},
};

use choices::Design;
use values::{Millicpus, Target};

/// Where a report lies unless somebody says otherwise; from the root.
pub const LATEST: &str = "reports/latest";
/// Quickstart's own.
pub const QUICKSTART: &str = "reports/quickstart";

/// Everything `bench` would do.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchPlan {
    pub title: String,
    pub subject: Subject,
    pub model: NamedModel,
    pub pictures: PlannedPictures,
    pub design: Design,
    /// Folder of the report; from the root, or absolute.
    pub output: String,
    /// Whether a finished report of the same experiment is good enough; otherwise it is moved aside.
    pub keeps: bool,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// Containers that this program starts.
    Containers {
        plan: UpPlan,
        /// As many as servers of the plan.
        builds: Vec<Build>,
        interface: Interface,
        /// They are the bench's own, and end with it.
        passing: bool,
        /// They may be started anew between repetitions.
        renews: bool,
    },
    /// Servers of others: they are asked, and never touched.
    Targets(Vec<Target>),
}

/// The model, and what of it somebody has named; the rest is looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedModel {
    pub name: String,
    pub signature: Option<String>,
    pub input: Option<String>,
    pub classes: Option<String>,
    pub scores: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedPictures {
    Generated {
        count: u32,
        width: u32,
        height: u32,
    },
    /// From the root, or absolute.
    Folder {
        folder: String,
        labels: Option<String>,
    },
}

impl BenchPlan {
    /// What is to be measured, once all is found.
    pub fn experiment(&self, model: Model, servers: Vec<Server>, pictures: Pictures) -> Experiment {
        Experiment {
            seed: self.design.seed,
            model,
            servers,
            pictures,
            cells: self.design.cells.clone(),
            repetitions: self.design.repetitions.clone(),
            load: self.design.load.clone(),
            margin: self.design.margin,
        }
    }
}

/// A server for each serving image: all differ in nothing but that.
pub fn servers_of<'a>(
    images: impl Iterator<Item = &'a crate::domain::serving_image::ImageName>,
    cpus: Option<Millicpus>,
) -> Vec<ServerSettings> {
    let settings = images.map(|image| ServerSettings {
        name: image.to_string(),
        image: image.clone(),
        millicpus: cpus.map(|cpus| cpus.0),
        memory: None,
        rest_port: None,
        grpc_port: None,
    });
    settings.collect()
}

/// What was built, of each server.
pub fn builds(plan: &UpPlan, images: &ImageSettings) -> Vec<Build> {
    plan.servers.iter().map(|server| build(server, images)).collect()
}

fn build(server: &PlannedServer, images: &ImageSettings) -> Build {
    let own = images.aliases.get(&server.settings.image).unwrap_or(&server.settings.image).to_string();
    // Of an image with several builds the CPU decides: it has a name of its own.
    let flags = own.parse::<VariantName>().map(|variant| variant.optimization().to_owned()).unwrap_or(own);
    Build {
        device: server.device.to_string(),
        flags,
        cpus: server.settings.millicpus.map(|milli| (f64::from(milli) / 1000.0).to_string()),
        // What is built for a GPU and starts without a driver computes on none.
        simulated: server.device == Device::Gpu && !server.needs_gpu,
    }
}

/// What the table of conditions says of a container: only what stays the same from one start to the next.
pub fn facts(server: &PlannedServer, digest: &str) -> BTreeMap<String, String> {
    let memory = server.settings.memory.map_or_else(|| "no limit".to_owned(), |bytes| bytes.to_string());
    let facts = [
        ("image", server.image.clone()),
        ("digest", digest.to_owned()),
        ("cpus", crate::domain::up::cpus(server.settings.millicpus)),
        ("memory", memory),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}

/// `bench, profile sample: about it`.
pub fn title(profile: &Profile) -> String {
    format!("bench, profile {}: {}", profile.name, profile.about)
}

#[cfg(test)]
mod tests;
