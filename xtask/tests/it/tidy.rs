//! The rules that hold the code together, checked on its text: who may import whom, how long a file may be, what must
//! not stand in one. Each checker is tried on a planted violation as well.

mod layers;
mod source;

use std::{path::PathBuf, process::Command};

use crate::checkout::workspace;

const LONGEST_FILE: usize = 400;
const LONGEST_MAIN: usize = 30;

/// Every Rust file of the program with its path from `xtask/src`.
pub fn sources() -> Vec<(String, String)> {
    let found = below("xtask/src");
    assert!(found.len() > 50, "the walk found {} files only", found.len());
    found
}

/// Every Rust file of the crates beside it, from `crates/`.
pub fn libraries() -> Vec<(String, String)> {
    let crates = ["bench", "bench-protocol", "place-model", "resizer", "savedmodel", "tfserving"];
    let of = |name: &'static str| {
        let files = below(&format!("crates/{name}/src")).into_iter();
        files.map(move |(path, text)| (format!("{name}/{path}"), text))
    };
    let found: Vec<_> = crates.into_iter().flat_map(of).collect();
    assert!(found.len() > 20, "the walk found {} files only", found.len());
    found
}

fn below(folder: &str) -> Vec<(String, String)> {
    let root = workspace().join(folder);
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).expect("list").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below the root").display().to_string();
                found.push((name, fs_err::read_to_string(&path).expect("read")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn layers_import_only_what_the_table_allows() {
    let crates = layers::dependencies(&fs_err::read_to_string(workspace().join("xtask/Cargo.toml")).expect("read"));
    let violations: Vec<String> =
        sources().iter().flat_map(|(path, text)| layers::violations(path, text, &crates)).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn files_keep_the_house_rules() {
    let all = [sources(), libraries()].concat();
    let broken: Vec<String> = all.iter().flat_map(|(path, text)| house_rules(path, text)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn house_rules(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let limit = if path == "main.rs" { LONGEST_MAIN } else { LONGEST_FILE };
    let mut broken = Vec::new();
    if lines > limit {
        broken.push(format!("{path}: {lines} lines, at most {limit}"));
    }
    if !text.starts_with("//! ") {
        broken.push(format!("{path}: does not begin with its module's documentation"));
    }
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "XX".to_owned() + "X"];
    let code = ["#[allow(", "#![allow(", "dbg!(", "todo!("].map(String::from);
    for word in marks.iter().chain(&code) {
        for (number, _) in text.lines().enumerate().filter(|(_, line)| line.contains(word.as_str())) {
            broken.push(format!("{path}:{}: `{word}`", number + 1));
        }
    }
    broken
}

#[test]
fn no_tracked_file_names_a_package_registry() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(workspace()).output().expect("run git");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("tracked names are UTF-8");
    // Cargo itself writes the index's address into its lock file.
    let files = names.split('\0').filter(|name| !name.is_empty() && *name != "Cargo.lock");
    let mut found = Vec::new();
    for name in files {
        let Ok(bytes) = fs_err::read(workspace().join(name)) else { continue };
        found.extend(registries(name, &String::from_utf8_lossy(&bytes)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The hosts are put together here, so that this file does not name them either.
fn registries(path: &str, text: &str) -> Vec<String> {
    let hosts = [["crates", "io"], ["pypi", "org"], ["pythonhosted", "org"], ["npmjs", "org"], ["npmjs", "com"]];
    let more = [["proxy.golang", "org"], ["rubygems", "org"], ["maven", "org"], ["yarnpkg", "com"]];
    let hosts = hosts.iter().chain(&more).map(|parts| parts.join("."));
    hosts.filter(|host| text.contains(host.as_str())).map(|host| format!("{path}: names {host}")).collect()
}

#[test]
fn planted_violations_are_found() {
    let crates =
        layers::dependencies("[dependencies]\nbollard = 1\nfs-err = 1\ntokio.workspace = true\n[lints]\nx = 1\n");
    assert_eq!(crates, ["bollard", "fs_err", "tokio"]);
    let found = |path: &str, text: &str| layers::violations(path, text, &crates);
    let clean = "use std::{fmt, time::Duration};\nuse crate::domain::{plan, step::Step};\n// std::fs\nconst S: &str = \"std::fs::x\";";
    assert!(found("domain/x.rs", clean).is_empty(), "{:?}", found("domain/x.rs", clean));
    for (path, planted) in [
        ("domain/x.rs", "use std::{fmt, fs};"),
        ("domain/x.rs", "use std::{collections::BTreeMap, time::{Duration, SystemTime}};"),
        ("domain/x.rs", "fn f() { std::env::var(\"A\"); }"),
        ("domain/x.rs", "fn f<'a>(x: &'a str) -> char { tokio::spawn(x); '\"' }"),
        ("domain/x/y.rs", "use super::super::super::ports::Engine;"),
        ("domain/x.rs", "fn f() { crate::adapters::docker::f() }"),
        ("commands/x.rs", "use bollard::Docker;"),
        ("commands/x.rs", "fn f() { fs_err::read(p) }"),
        ("commands/x.rs", "fn f() { std::process::Command::new(p) }"),
        ("execute/x.rs", "use crate::{adapters::docker, domain::plan};"),
        ("execute/x.rs", "use crate::config::Config;"),
        ("adapters/host/x.rs", "use crate::adapters::docker::DockerEngine;"),
        ("adapters/files.rs", "use super::host::ThisHost;"),
        ("adapters/host.rs", "fn f(d: bollard::Docker) {}"),
        ("report/x.rs", "use crate::execute::Outcome;"),
        ("config/x.rs", "use crate::cli::Cli;"),
        ("ports.rs", "use tokio::sync::mpsc;"),
        ("unheard_of.rs", "fn f() {}"),
    ] {
        assert_eq!(found(path, planted).len(), 1, "{path}: `{planted}` gave {:?}", found(path, planted));
    }
    for allowed in [
        ("adapters/docker/x.rs", "use bollard::Docker; use super::{status, super::blocking};"),
        ("commands/x.rs", "fn f() -> u32 { std::process::id() }"),
        ("domain/x.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n    fn f() { \"}\" }\n}"),
    ] {
        assert!(found(allowed.0, allowed.1).is_empty(), "{:?}", found(allowed.0, allowed.1));
    }
}

#[test]
fn planted_breaches_of_house_rules_are_found() {
    assert!(house_rules("a.rs", "//! Fine.\n").is_empty());
    assert_eq!(house_rules("a.rs", "use x;\n").len(), 1);
    assert_eq!(house_rules("main.rs", &format!("//! Long.\n{}", "\n".repeat(30))).len(), 1);
    assert_eq!(house_rules("a.rs", &format!("//! Long.\n{}", "\n".repeat(400))).len(), 1);
    let marked = ["//! X.\n// TO", "DO: later\n#[allow", "(dead_code)]\nfn f() { dbg!", "(1) }\n"].concat();
    assert_eq!(house_rules("a.rs", &marked).len(), 3);
    assert_eq!(registries("a.toml", &["url = https://static.crates", "io/x"].join(".")).len(), 1);
    assert!(registries("a.toml", "crates and io").is_empty());
}
