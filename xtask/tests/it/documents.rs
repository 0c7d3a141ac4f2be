//! What documents say, held against the program: every command is parsed and planned, every message looked up, every link
//! followed. Each checker is tried on a planted violation, here or in its own file.

mod examples;
mod links;
mod markdown;
mod messages;
mod others;
mod shell;
mod xtask;

use std::collections::BTreeSet;

use clap::CommandFactory;

use crate::{
    checkout::workspace,
    tidy::{libraries, sources},
};
use markdown::{Document, code, fences, lines};

const TROUBLESHOOTING: &str = "docs/troubleshooting.md";
const README: &str = "README.md";
const KNOWN_LANGUAGES: [&str; 6] = ["sh", "bash", "console", "toml", "text", "python"];
/// Programs whose commands stand in lines of text, too.
const OTHERS: [&str; 6] = ["docker ", "kubectl ", "curl ", "bazel ", "skopeo ", "git "];

/// Those for users: the README, and all of docs/.
fn documents() -> Vec<Document> {
    let entries = fs_err::read_dir(workspace().join("docs")).expect("list").flatten();
    let names = entries.map(|entry| format!("docs/{}", entry.file_name().to_string_lossy()));
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".md")).chain([README.to_owned()]).collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    names.iter().map(|name| Document::read(name)).collect()
}

/// A command in a document.
struct Typed {
    at: String,
    words: Vec<String>,
    /// It is called by its name, in a line of text.
    in_text: bool,
    line: usize,
    section: usize,
}

fn typed(document: &Document) -> Vec<Typed> {
    let mut found = Vec::new();
    let mut note = |line: usize, section: usize, text: &str, in_text: bool| {
        found.extend(shell::commands(text).into_iter().map(|words| Typed {
            at: document.at(line),
            words,
            in_text,
            line,
            section,
        }));
    };
    for fence in fences(&document.text) {
        for (line, text) in shell::script(&fence).unwrap_or_default() {
            note(line, fence.section, &text, false);
        }
    }
    for line in lines(&document.text) {
        let spans = code(line.text).unwrap_or_default();
        for span in spans.iter().filter(|span| *span == "cargo xtask" || span.starts_with("cargo xtask ")) {
            note(line.number, line.section, span, true);
        }
    }
    found
}

fn config() -> String {
    fs_err::read_to_string(workspace().join("config.toml")).expect("the workspace has a configuration")
}

#[track_caller]
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Faults of the commands of a document; `planned` has what was planned already.
fn faults(document: &Document, planned: &mut BTreeSet<(Vec<String>, String)>) -> Vec<String> {
    let (mut faults, config) = (Vec::new(), config());
    for typed in typed(document) {
        let result = match xtask::arguments(&typed.words) {
            Some(arguments) => xtask::parse(&arguments, typed.in_text).and_then(|()| {
                // A name alone in a line of text may lack what it takes to run it.
                if typed.in_text && arguments.len() < 2 {
                    return Ok(());
                }
                let config = examples::by(document, typed.section, typed.line, &config);
                let is_new = planned.insert((arguments.clone(), config.clone()));
                if is_new { xtask::plan(&arguments, &config) } else { Ok(()) }
            }),
            None => others::find(&typed.words),
        };
        faults.extend(result.err().map(|error| format!("{}: {error}", typed.at)));
    }
    faults
}

#[test]
fn every_command_in_documents_can_be_typed_and_is_planned_or_run() {
    let mut planned = BTreeSet::new();
    none(documents().iter().flat_map(|document| faults(document, &mut planned)).collect());
    assert!(planned.len() > 40, "only {} commands were planned", planned.len());
}

#[test]
fn commands_that_nobody_could_type_are_found() {
    let found = |text: &str| {
        let document = Document { path: "docs/planted.md".into(), text: text.into() };
        faults(&document, &mut BTreeSet::new())
    };
    let good =
        "`cargo xtask push`, `cargo xtask push --registry HOST/PREFIX`\n```sh\ncargo xtask doctor  # well\n```\n";
    none(found(good));
    let own =
        "## A\n```toml\n[variants.cpu-mine]\ndevice = \"cpu\"\n```\n```sh\ncargo xtask build-servers cpu-mine\n```\n";
    none(found(own));
    for planted in [
        "| `cargo xtask biuld-servers` |",
        "`cargo xtask push --registri HOST/PREFIX`",
        "```sh\ncargo xtask push\n```\n",
        "```console\n$ cargo xtask build-servers cpu-nobody\n```\n",
        "```console\n$ cargo xtask up --profile nobody\n```\n",
        "```sh\nfrobnicate x\n```\n",
        "## A\n```toml\n[variants.cpu-mine]\ndevice = \"cpu\"\n```\n## B\n```sh\ncargo xtask build-servers cpu-mine\n```\n",
    ] {
        assert_eq!(found(planted).len(), 1, "{planted}: {:?}", found(planted));
    }
}

#[test]
fn tests_that_run_documented_commands_exist() {
    let named = others::RUN.iter().chain(&others::SCRIPTS);
    none(
        named.filter_map(|(begin, _, by)| others::is_run(*by).err().map(|error| format!("{begin}: {error}"))).collect(),
    );
    assert!(others::is_run(others::By::Test("xtask/tests/it/cli.rs", "nobody_wrote_this")).is_err());
    assert!(others::is_run(others::By::Test("xtask/tests/it/none.rs", "f")).is_err());
    assert!(others::is_run(others::By::Nobody("")).is_err());
}

#[test]
fn scripts_of_documents_are_of_a_known_language_and_no_shell_refuses_them() {
    for document in documents() {
        for fence in fences(&document.text) {
            let at = document.at(fence.line);
            assert!(KNOWN_LANGUAGES.contains(&fence.language.as_str()), "{at}: a fence of `{}`", fence.language);
            let by =
                others::SCRIPTS.iter().any(|(path, language, _)| *path == document.path && *language == fence.language);
            assert!(fence.language != "python" || by, "{at}: nobody runs it");
            let Some(script) = shell::script(&fence) else { continue };
            let text: String =
                script.iter().map(|(_, line)| format!("{}\n", shell::without_placeholders(line))).collect();
            assert_eq!(shell::refused(&text), "", "{at}:\n{text}");
        }
        for line in lines(&document.text) {
            let spans = code(line.text).unwrap_or_default();
            for span in spans.iter().filter(|span| OTHERS.iter().any(|program| span.starts_with(program))) {
                assert_eq!(shell::refused(span), "", "{}: {span}", document.at(line.number));
            }
        }
        let cut: Vec<String> = lines(&document.text)
            .into_iter()
            .filter(|line| code(line.text).is_none())
            .map(|line| document.at(line.number))
            .collect();
        assert!(cut.is_empty(), "code goes over the end of a line, where nobody looks for it: {}", cut.join(" "));
    }
    assert_ne!(shell::refused("if true; echo"), "");
}

#[test]
fn every_example_of_configuration_is_one() {
    for document in documents() {
        for fence in fences(&document.text).iter().filter(|fence| fence.language == "toml") {
            let whole = examples::with(&config(), fence);
            let told = whole.and_then(|whole| xtask::plan(&["doctor".to_owned()], &whole));
            assert!(told.is_ok(), "{}: {told:?}", document.at(fence.line));
        }
    }
    let planted =
        markdown::Fence { line: 1, language: "toml".into(), text: "[engine]\nhots = \"x\"\n".into(), section: 0 };
    let told = examples::with(&config(), &planted).and_then(|whole| xtask::plan(&["doctor".to_owned()], &whole));
    assert!(told.is_err_and(|error| error.contains("unknown key `hots`")));
}

#[test]
fn links_and_pictures_lead_somewhere() {
    let more = ["ARCHITECTURE.md", "CHANGELOG.md", "serving/sample/README.md"].map(Document::read);
    none(documents().iter().chain(&more).flat_map(links::broken).collect());
    let readme = Document::read(README);
    let names = documents().into_iter().map(|document| document.path).filter(|path| path != README);
    none(
        names
            .filter(|path| !readme.text.contains(&format!("]({path})")))
            .map(|path| format!("{path} is not in the README"))
            .collect(),
    );
}

#[test]
fn the_readme_has_every_command() {
    let readme = Document::read(README);
    let told: BTreeSet<String> =
        typed(&readme).iter().filter_map(|typed| xtask::arguments(&typed.words)?.first().cloned()).collect();
    let commands = ::xtask::cli::Cli::command();
    none(untold(commands.get_subcommands().map(clap::Command::get_name), &told));
    assert_eq!(untold(["doctor", "frobnicate"].into_iter(), &told).len(), 1);
}

fn untold<'c>(commands: impl Iterator<Item = &'c str>, told: &BTreeSet<String>) -> Vec<String> {
    commands.filter(|name| !told.contains(*name)).map(|name| format!("README.md tells nothing of `{name}`")).collect()
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    let document = Document::read("docs/configuration.md").text;
    let is_told = |key: &str| {
        [format!("`{key}`"), format!("{key} = "), format!("`{key}`, "), format!(".{key}]")]
            .iter()
            .any(|form| document.contains(form))
    };
    let keys = examples::keys(&config());
    assert!(keys.len() > 40, "{keys:?}");
    none(
        keys.into_iter()
            .filter(|key| !is_told(key))
            .map(|key| format!("docs/configuration.md tells nothing of `{key}`"))
            .collect(),
    );
    assert!(!is_told("frobnicate"));
}

#[test]
fn messages_in_documents_are_those_of_the_program() {
    let document = Document::read(TROUBLESHOOTING);
    let entrypoint = fs_err::read_to_string(workspace().join("docker/entrypoint.sh")).expect("read");
    // What tests say, the program may never say.
    let all = sources().into_iter().chain(libraries()).filter(|(path, _)| !path.contains("tests"));
    let all = all.map(|(_, text)| text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned());
    let all = all.chain([entrypoint]);
    let texts: Vec<String> = all.flat_map(|text| messages::texts(&text)).collect();
    let quoted = messages::quoted(&document);
    assert!(quoted.len() > 30, "{quoted:?}");
    let unsaid = quoted.into_iter().filter(|(_, message)| !messages::is_said(message, &texts));
    none(
        unsaid
            .map(|(line, message)| format!("{}: nothing in the sources says `{message}`", document.at(line)))
            .collect(),
    );
}
