//! All that lives as long as the process: configuration, servers, places, figures.

use std::sync::Arc;

use tfserving::CallError;
use tokio::sync::RwLock;

use crate::{admission::Admission, config::Config, fleet::Fleet, metrics::Metrics};

/// The service's state.
pub struct Service {
    /// How it was told to be.
    pub config: Config,
    /// The servers.
    pub fleet: Fleet,
    /// Places and memory for uploads.
    pub admission: Admission,
    /// Held shared by ordinary comparisons and alone by isolated ones.
    pub quiet: RwLock<()>,
    /// What has happened so far.
    pub metrics: Metrics,
}

impl Service {
    /// A service that has not asked anybody yet. Needs to be called within a Tokio runtime.
    ///
    /// # Errors
    /// Where a server's client cannot be made.
    pub fn new(config: Config) -> Result<Arc<Self>, CallError> {
        let fleet = Fleet::new(&config)?;
        let admission = Admission::new(config.uploads, config.limits.memory, config.request_timeout);
        let metrics = Metrics::new();
        Ok(Arc::new(Self { config, fleet, admission, quiet: RwLock::new(()), metrics }))
    }
}
