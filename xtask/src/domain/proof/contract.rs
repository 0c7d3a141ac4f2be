//! What a variant promises about its binary, and the judgement of a binary's facts against that promise.
//! It judges facts that others read; how a violation is worded is in `violation`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::BinaryFacts;
use super::base::BaseLibraries;
use super::elf::Architecture;
use super::feature::{Feature, closure};
use super::glob::{matches, matches_any};
use super::isa::FunctionUse;
use super::version::highest;
use super::violation::Violation;

/// What a variant's binary must and may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    pub architecture: Architecture,
    /// The features the compiler was told to use.
    pub demanded: BTreeSet<Feature>,
    pub ceiling: Ceiling,
    /// Patterns (`*` is any run) over demangled names, return type left out, of functions that are only entered after
    /// the CPU was asked: they may use any feature, and their use of a demanded one proves nothing.
    pub dispatched: Vec<String>,
    /// Patterns over names of libraries that the machine brings at start, such as `libcuda.so.1`.
    pub host_libraries: Vec<String>,
}

/// How far functions that are not dispatched may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ceiling {
    /// To the demanded features and what they imply.
    Demanded,
    /// Anywhere: the features of a `-march=native` build are not known beforehand.
    None,
}

/// Libraries that come with the kernel's driver: one from another machine does not fit this machine's kernel.
const DRIVER_LIBRARIES: [&str; 2] = ["libcuda.so*", "libnvidia-ml.so*"];

/// Offending functions named in a violation; the others are counted.
const NAMED: usize = 10;

/// Every way in which the binary breaks the contract or cannot start on the base; empty when all is well.
pub fn judge(facts: &BinaryFacts, contract: &Contract, base: &BaseLibraries) -> Vec<Violation> {
    let elf = &facts.summary.elf;
    if elf.architecture != contract.architecture {
        // Whatever else could be said would be about the wrong machine.
        return vec![Violation::WrongArchitecture { wanted: contract.architecture, found: elf.architecture }];
    }
    let mut violations = Vec::new();
    if !elf.kind.is_program() {
        violations.push(Violation::NotAProgram);
    }
    violations.extend(unproved(facts, contract));
    violations.extend(above_ceiling(facts, contract));
    violations.extend(loader(facts, base));
    violations.extend(libraries(facts, contract, base));
    violations.extend(versions(facts, contract, base));
    violations.extend(shipped_drivers(facts, base));
    violations
}

/// Demanded features that no function outside the dispatched ones uses: the flags did not reach the compiler.
///
/// Using a feature proves those it implies: with AVX on, SSE4 instructions are encoded, and counted, as AVX.
fn unproved(facts: &BinaryFacts, contract: &Contract) -> Vec<Violation> {
    if facts.summary.isa.is_none() {
        return Vec::new();
    }
    let telling = contract.demanded.iter().copied().filter(|feature| feature.is_telling());
    let mut unproved: BTreeSet<Feature> = telling.collect();
    for user in &facts.users {
        if unproved.is_empty() {
            break;
        }
        let proved = closure(&user.instructions.iter().map(|(feature, _)| *feature).collect());
        if !unproved.is_disjoint(&proved) && !matches_any(&contract.dispatched, &user.name()) {
            unproved = &unproved - &proved;
        }
    }
    unproved.into_iter().map(|feature| Violation::NeverUsed { feature }).collect()
}

/// Features beyond the ceiling, each with the functions that use it though nothing asked the CPU before.
fn above_ceiling(facts: &BinaryFacts, contract: &Contract) -> Vec<Violation> {
    if contract.ceiling == Ceiling::None {
        return Vec::new();
    }
    let allowed = closure(&contract.demanded);
    let goes_beyond = |user: &&FunctionUse| user.instructions.iter().any(|(feature, _)| !allowed.contains(feature));
    let offenders: Vec<(String, &FunctionUse)> = facts
        .users
        .iter()
        .filter(goes_beyond)
        .map(|user| (user.name(), user))
        .filter(|(name, _)| !matches_any(&contract.dispatched, name))
        .collect();
    let beyond: BTreeSet<Feature> = offenders
        .iter()
        .flat_map(|(_, user)| user.instructions.iter().map(|(feature, _)| *feature))
        .filter(|feature| !allowed.contains(feature))
        .collect();
    beyond.into_iter().map(|feature| Violation::above_ceiling(feature, &offenders, NAMED)).collect()
}

fn loader(facts: &BinaryFacts, base: &BaseLibraries) -> Option<Violation> {
    let path = facts.summary.elf.interpreter.as_ref()?;
    let name = path.rsplit('/').next().unwrap_or(path);
    base.versions(name).is_none().then(|| Violation::LoaderMissing { path: path.clone() })
}

fn libraries(facts: &BinaryFacts, contract: &Contract, base: &BaseLibraries) -> Vec<Violation> {
    let mut violations = Vec::new();
    for library in &facts.summary.elf.needed {
        if matches_any(&contract.host_libraries, library) {
            continue;
        }
        if is_driver(library) {
            violations.push(Violation::DriverNotListed { library: library.clone() });
        } else if base.versions(library).is_none() {
            violations.push(Violation::LibraryMissing { library: library.clone() });
        }
    }
    violations
}

/// Versions the base's libraries lack; of each family only the highest, which is the one to go for.
fn versions(facts: &BinaryFacts, contract: &Contract, base: &BaseLibraries) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (library, needed) in &facts.summary.elf.needed_versions {
        let Some(offered) = base.versions(library) else {
            continue;
        };
        if matches_any(&contract.host_libraries, library) {
            continue;
        }
        let lacking: Vec<_> = needed.difference(offered).collect();
        let numbered = highest(lacking.iter().copied()).into_values();
        let others = lacking.iter().filter(|version| !version.is_numbered()).map(|version| (*version).clone());
        for version in numbered.chain(others) {
            let best = base.highest(library, version.family());
            violations.push(Violation::VersionMissing { library: library.clone(), version, best });
        }
    }
    violations
}

fn shipped_drivers(facts: &BinaryFacts, base: &BaseLibraries) -> Vec<Violation> {
    let names: BTreeSet<&String> = facts.summary.elf.soname.iter().chain(base.0.keys()).collect();
    let drivers = names.into_iter().filter(|name| is_driver(name));
    drivers.map(|library| Violation::DriverShipped { library: library.clone() }).collect()
}

fn is_driver(library: &str) -> bool {
    DRIVER_LIBRARIES.iter().any(|pattern| matches(pattern, library))
}

#[cfg(test)]
mod tests;
