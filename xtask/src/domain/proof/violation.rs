//! The ways a binary can break its contract, each worded for the person who must mend it.
//! Finding them is `contract`'s work.

use serde::{Deserialize, Serialize};

use super::elf::Architecture;
use super::feature::Feature;
use super::isa::FunctionUse;
use super::version::SymbolVersion;

/// One reason not to ship a binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "violation", rename_all = "snake_case")]
pub enum Violation {
    #[error("the binary is for {found}, not for {wanted}")]
    WrongArchitecture { wanted: Architecture, found: Architecture },
    #[error("the file is a shared library, not a program")]
    NotAProgram,
    #[error("the compiler was told to use {feature}, but no function outside the dispatched ones does")]
    NeverUsed { feature: Feature },
    #[error(
        "{feature} is above what this variant's machines must have, yet {count} {} it unasked ({instructions} {}): {}",
        if *.count == 1 { "function uses" } else { "functions use" },
        if *.instructions == 1 { "instruction" } else { "instructions" },
        listed(.functions, *.count)
    )]
    AboveCeiling {
        feature: Feature,
        /// Instructions of the feature in all these functions.
        instructions: u64,
        /// All functions that use it.
        count: usize,
        /// The first of them, heaviest users first.
        functions: Vec<String>,
    },
    #[error("needs the loader {path}, which the base does not have")]
    LoaderMissing { path: String },
    #[error("needs {library}, which the base does not have")]
    LibraryMissing { library: String },
    #[error("needs {version} of {library}, but the base has {}", at_most(.best, .version))]
    VersionMissing { library: String, version: SymbolVersion, best: Option<SymbolVersion> },
    #[error("needs {library}, which only the machine's driver can provide, but the contract does not list it")]
    DriverNotListed { library: String },
    #[error("{library} is shipped, but it belongs to the driver of the machine that runs it")]
    DriverShipped { library: String },
}

impl Violation {
    /// The functions among `offenders` that use `feature`, the heaviest `named` by name and all by number.
    pub fn above_ceiling(feature: Feature, offenders: &[(String, &FunctionUse)], named: usize) -> Self {
        let count_in =
            |user: &FunctionUse| user.instructions.iter().find(|(used, _)| *used == feature).map(|(_, n)| *n);
        let mut users: Vec<(u32, &str)> =
            offenders.iter().filter_map(|(name, user)| Some((count_in(user)?, name.as_str()))).collect();
        users.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        Self::AboveCeiling {
            feature,
            instructions: users.iter().map(|(count, _)| u64::from(*count)).sum(),
            count: users.len(),
            functions: users.iter().take(named).map(|(_, name)| (*name).to_owned()).collect(),
        }
    }
}

fn listed(functions: &[String], count: usize) -> String {
    let names = functions.join("; ");
    match count.saturating_sub(functions.len()) {
        0 => names,
        more => format!("{names}; and {more} more"),
    }
}

fn at_most(best: &Option<SymbolVersion>, wanted: &SymbolVersion) -> String {
    match best {
        Some(best) if best < wanted => format!("at most {best}"),
        // A hole below the highest version: another distribution's patches, or another library under this name.
        Some(best) => format!("not that one (though {best})"),
        None if wanted.is_numbered() => format!("no {} version there", wanted.family()),
        None => "not that one".into(),
    }
}
