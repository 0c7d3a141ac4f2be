//! Variables on their way from a checkpoint into an export: what they are called there, whether they fit, how they lie.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::{
    checkpoint::{BundleWriter, NamedTensors},
    error::{Differences, Error, Misshapen, Result, TensorFault},
    network::{Network, Origin},
    tensor::TensorSpec,
};

/// A variable, what a bundle must hold of it, and where that comes from.
struct Wanted<'v> {
    variable: &'v str,
    spec: &'v TensorSpec,
    origin: Origin,
}

/// The variables of a network, each of which a checkpoint must have.
pub struct Variables<'v> {
    network: Network,
    specs: &'v BTreeMap<String, TensorSpec>,
    /// In the order of the variables' names.
    wanted: Vec<Wanted<'v>>,
}

impl<'v> Variables<'v> {
    pub fn new(network: Network, specs: &'v BTreeMap<String, TensorSpec>) -> Self {
        let wanted =
            specs.iter().map(|(variable, spec)| Wanted { variable, spec, origin: network.origin(variable) }).collect();
        Self { network, specs, wanted }
    }

    /// Names a checkpoint has beside its model's variables are none of ours; trained ones that nobody wants are suspect.
    pub fn differences(&self, found: &BTreeMap<String, TensorSpec>) -> Differences {
        let mut differences = Differences::default();
        for Wanted { spec, origin, .. } in &self.wanted {
            let (name, wanted) = (origin.name.clone(), origin.spec(spec));
            match found.get(&name) {
                None => differences.missing.push(name),
                Some(found) if *found != wanted => {
                    differences.misshapen.push(Misshapen {
                        name,
                        wanted: wanted.to_string(),
                        found: found.to_string(),
                    });
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<&str> = self.wanted.iter().map(|wanted| wanted.origin.name.as_str()).collect();
        let extra = found.keys().filter(|name| self.network.is_trained(name) && !known.contains(name.as_str()));
        differences.extra = extra.cloned().collect();
        differences
    }

    /// Writes the bundle with this prefix. Each tensor that lies otherwise than the graph wants takes its room once more.
    pub fn write(
        &self,
        tensors: &mut dyn NamedTensors,
        prefix: &Path,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<()> {
        let total = self.specs.values().filter_map(TensorSpec::bytes).sum();
        let by_name: BTreeMap<&str, &Wanted<'_>> =
            self.wanted.iter().map(|wanted| (wanted.origin.name.as_str(), wanted)).collect();
        let names: BTreeSet<&str> = by_name.keys().copied().collect();
        let origin = tensors.origin().to_owned();
        let writer = BundleWriter::create(prefix, self.specs)?;
        progress(0, total);
        let progress = Mutex::new((0, progress));
        tensors.read(&names, &|name, bytes| {
            let wanted = by_name.get(name).ok_or_else(|| Error::tensor(&origin, name, TensorFault::Missing))?;
            writer.write(wanted.variable, &wanted.origin.layout.arrange(bytes, &wanted.spec.shape))?;
            // A progress that panicked on another thread is about to end this one as well.
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.0 += bytes.len() as u64;
            let done = progress.0;
            (progress.1)(done, total);
            Ok(())
        })?;
        writer.finish()
    }
}
