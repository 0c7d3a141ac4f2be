//! Commands of other programs in documents: each is run by a test that is named here, or it says why it is only read.

use crate::checkout::workspace;

/// Who runs it.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// The file, from the workspace's root, and its test.
    Test(&'static str, &'static str),
    /// Only read by `bash -n`, for this reason.
    Nobody(&'static str),
}

const UPLOADS: &str = "xtask/tests/it/real/models.rs";
const MODEL: &str = "a_trained_model_and_one_of_ones_own_are_served_by_the_same_commands";

/// How a command begins, what else it has, and who runs it; the first that fits counts.
pub const RUN: [(&str, &str, By); 11] = [
    ("set", "-eu", By::Nobody("a switch of the shell")),
    (
        "docker run",
        "TF_SERVING_CPU_FLAGS",
        By::Test("xtask/tests/it/real/image_runs.rs", "the_entrypoint_takes_the_server_that_the_cpu_can_run"),
    ),
    (
        "docker run",
        "model-inception:1",
        By::Test("xtask/tests/it/real/model_image.rs", "a_model_is_pushed_once_and_places_itself_whole"),
    ),
    ("curl", "/upload?formats", By::Test("crates/resizer/tests/service/cells.rs", "repeats_are_spread_in_order")),
    ("curl", "/upload", By::Test(UPLOADS, MODEL)),
    (
        "curl",
        "/compare",
        By::Test(
            "crates/resizer/tests/service/streaming.rs",
            "events_come_in_their_order_and_the_last_is_the_whole_reply",
        ),
    ),
    (
        "curl",
        "/batch",
        By::Test("crates/resizer/tests/service/batch.rs", "the_same_table_comes_as_csv_where_it_is_asked_for"),
    ),
    ("grep", "features", By::Test("xtask/tests/it/real/documents.rs", "cheap_commands_do_what_documents_show")),
    (
        "kubectl apply",
        "",
        By::Nobody("it needs a cluster; `deploy` applies the same objects to the tests' control plane"),
    ),
    ("docker login", "", By::Nobody("it asks for a password; tests write docker's configuration themselves")),
    ("docker", "", By::Nobody("it moves images between machines, of which tests have one")),
];

/// Scripts of other languages: document, language, who runs them.
pub const SCRIPTS: [(&str, &str, By); 1] = [("docs/models.md", "python", By::Test(UPLOADS, MODEL))];

/// What is wrong with who runs it; nothing where somebody does.
pub fn is_run(by: By) -> Result<(), String> {
    match by {
        By::Nobody("") => Err("nobody runs it, and nothing says why".into()),
        By::Nobody(_) => Ok(()),
        By::Test(file, name) => {
            let text = fs_err::read_to_string(workspace().join(file)).map_err(|error| error.to_string())?;
            let is_there = text.contains(&format!("fn {name}("));
            if is_there { Ok(()) } else { Err(format!("{file} has no test {name}")) }
        }
    }
}

/// Finds who runs a command.
pub fn find(words: &[String]) -> Result<(), String> {
    let line = words.join(" ");
    let fits = |(begin, has, _): &&(&str, &str, By)| {
        (line == *begin || line.starts_with(&format!("{begin} "))) && line.contains(has)
    };
    let Some((.., by)) = RUN.iter().find(fits) else {
        return Err(format!("`{line}`: name the test that runs it in documents/others.rs"));
    };
    is_run(*by).map_err(|error| format!("`{line}`: {error}"))
}
