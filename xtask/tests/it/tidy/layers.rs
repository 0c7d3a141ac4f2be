//! The layer table of ARCHITECTURE.md as data, and the check of one file against it.
//! Tests are no part of a layer: they may use whatever shows that the code is right.

use super::source;

/// What files of one layer may name.
struct Layer {
    name: &'static str,
    /// Modules of this crate beside the layer itself.
    modules: &'static [&'static str],
    /// Crates; only a `*` allows all.
    crates: &'static [&'static str],
    /// Paths that are denied although their crate is allowed.
    denied: &'static [&'static str],
    /// Longer paths that are allowed although a shorter one is denied.
    excepted: &'static [&'static str],
}

/// Ways to touch the world that only adapters have.
const WORLD: &[&str] =
    &["std::fs", "std::process", "std::env", "std::net", "tokio::fs", "tokio::net", "tokio::process"];

const LAYERS: &[Layer] = &[
    Layer { name: "cli", modules: &["domain"], crates: &["clap", "clap_complete"], denied: WORLD, excepted: &[] },
    Layer {
        name: "commands",
        modules: &["cli", "config", "domain", "ports", "execute", "report", "adapters"],
        crates: &["anyhow", "bench_protocol", "clap", "clap_complete", "serde_json", "sha2", "tokio"],
        denied: WORLD,
        // A run is called by its number; starting programs is what is denied.
        excepted: &["std::process::id"],
    },
    Layer {
        name: "config",
        modules: &["domain"],
        crates: &["serde", "toml", "thiserror", "strsim", "fs_err"],
        denied: WORLD,
        excepted: &[],
    },
    Layer {
        name: "domain",
        modules: &[],
        crates: &[
            "bench_protocol",
            "cpp_demangle",
            "humantime",
            "iced_x86",
            "object",
            "serde",
            "serde_json",
            "serde_saphyr",
            "sha2",
            "thiserror",
            "toml",
        ],
        denied: &["std::fs", "std::process", "std::env", "std::net", "std::time::SystemTime", "std::time::Instant"],
        excepted: &[],
    },
    Layer {
        name: "ports",
        modules: &["domain"],
        crates: &["anyhow", "bench_protocol", "serde_json"],
        denied: WORLD,
        excepted: &[],
    },
    Layer {
        name: "execute",
        modules: &["domain", "ports", "report"],
        crates: &[
            "anyhow",
            "base64",
            "bench_protocol",
            "flate2",
            "fs_err",
            "futures_util",
            "humantime",
            "savedmodel",
            "serde",
            "serde_json",
            "sha2",
            "tar",
            "tokio",
        ],
        denied: WORLD,
        // The type of a mode, which fs-err takes over unchanged.
        excepted: &["std::fs::Permissions"],
    },
    Layer {
        name: "report",
        modules: &["domain"],
        crates: &["anyhow", "comfy_table", "console", "indicatif", "serde_json"],
        denied: &["std::fs", "std::process", "std::net"],
        excepted: &[],
    },
    Layer {
        name: "adapters",
        modules: &["domain", "ports", "adapters::blocking"],
        crates: &["*"],
        denied: &["bollard", "clap", "indicatif", "console", "comfy_table"],
        excepted: &[],
    },
];

/// The one adapter that may speak to the engine.
const ENGINE_ADAPTER: &str = "adapters::docker";

/// Names of the crates a manifest depends on, as code spells them.
pub fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let names = section.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect()
}

/// What the file at `path` below `src` names although its layer may not.
pub fn violations(path: &str, text: &str, crates: &[String]) -> Vec<String> {
    let module: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    let is_test = module.iter().any(|part| ["tests", "testing", "fixture"].contains(part));
    if is_test || ["lib", "main", "adapters"].contains(&module.join("::").as_str()) {
        return Vec::new();
    }
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == module[0]) else {
        return vec![format!("{path}: belongs to no layer of the table")];
    };
    // Adapters are each a layer of their own.
    let own = if layer.name == "adapters" { module[..2].join("::") } else { layer.name.to_owned() };
    let named = source::paths(text).into_iter().map(|named| absolute(&named, &module));
    let mut found: Vec<String> = named
        .filter(|named| !is_allowed(named, layer, &own, crates))
        .map(|named| format!("{path}: {own} must not name {named}"))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// `super::x` and `self::x` from the crate's root.
fn absolute(path: &str, module: &[&str]) -> String {
    let mut parts: Vec<&str> = path.split("::").collect();
    let mut at = module.to_vec();
    if parts[0] == "self" {
        parts.remove(0);
    } else if parts[0] == "super" {
        // A tree such as `super::{x, super::y}` has them in a row as well.
        while parts.first() == Some(&"super") {
            parts.remove(0);
            at.pop();
        }
    } else {
        return path.to_owned();
    }
    [vec!["crate"], at, parts].concat().join("::")
}

fn is_allowed(path: &str, layer: &Layer, own: &str, crates: &[String]) -> bool {
    let below = |prefix: &str| path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("::"));
    if let Some(inside) = path.strip_prefix("crate::") {
        let within = |module: &str| inside == module || inside.starts_with(&format!("{module}::"));
        return within(own) || layer.modules.iter().any(|module| within(module));
    }
    let first = path.split("::").next().unwrap_or_default();
    if first != "std" && !crates.iter().any(|name| name == first) {
        return true;
    }
    if own == ENGINE_ADAPTER && first == "bollard" || layer.excepted.iter().any(|excepted| below(excepted)) {
        return true;
    }
    let known = first == "std" || layer.crates.contains(&"*") || layer.crates.contains(&first);
    known && !layer.denied.iter().any(|denied| below(denied))
}
