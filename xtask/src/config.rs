//! `config.toml`, read once into types that need no further checks; every mistake is told in one go.
//! Nothing is looked up outside the file: no environment, no engine, no other file.

mod complaint;
mod journal;
mod raw;
mod reader;
mod select;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;
mod values;

use std::{collections::BTreeMap, path::Path};

use toml::de::DeTable;

use crate::domain::{
    profile::Profile,
    serving_image::ImageSettings,
    serving_image::app::AppSettings,
    settings::{EngineSettings, RemoteSettings, Resources},
    up::ServerSettings,
    variant::{Variant, VariantName},
};

pub use complaint::Complaints;
pub use select::UnknownNames;

use journal::Journal;

/// All that `config.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The profile used where none is named; it exists.
    pub default_profile: String,
    /// The profile `quickstart` runs: one that needs nothing this machine cannot make.
    pub quickstart_profile: String,
    pub engine: EngineSettings,
    pub resources: Resources,
    pub remote: RemoteSettings,
    pub images: ImageSettings,
    /// What `up` starts.
    pub servers: Vec<ServerSettings>,
    /// What compares them; none where the file leaves it out.
    pub app: Option<AppSettings>,
    pub variants: BTreeMap<VariantName, Variant>,
    pub profiles: BTreeMap<String, Profile>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("read the configuration")]
    Read(#[source] std::io::Error),
    #[error(transparent)]
    Mistakes(#[from] Complaints),
}

impl Config {
    /// Reads one file, once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs_err::read_to_string(path).map_err(ConfigError::Read)?;
        Ok(Self::parse(&text, &path.display().to_string())?)
    }

    /// Understands the text of a file; `file_name` is what complaints call it.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, Complaints> {
        let journal = Journal::default();
        let sound = syntax::repaired(text, &journal);
        let (table, _) = DeTable::parse_recoverable(&sound);
        let config = raw::read(reader::Section::root(&journal, table.get_ref()));
        let complaints = journal.into_complaints(text, file_name);
        config.filter(|_| complaints.list().is_empty()).ok_or(complaints)
    }
}
