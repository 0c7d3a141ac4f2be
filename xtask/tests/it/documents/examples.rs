//! Examples of configuration in documents: each laid over the workspace's own, table by table, as a reader would write it there.

use toml::{Table, Value};

use super::markdown::{Document, Fence, fences};

/// The configuration with an example in it.
pub fn with(config: &str, example: &Fence) -> Result<String, String> {
    let mut whole: Table = config.parse().expect("the workspace's configuration is TOML");
    let example: Table = example.text.parse().map_err(|error| format!("{error}"))?;
    lay_over(&mut whole, example);
    toml::to_string(&whole).map_err(|error| error.to_string())
}

fn lay_over(whole: &mut Table, example: Table) {
    for (key, value) in example {
        match (whole.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(value)) => lay_over(below, value),
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
}

/// What a reader has by a line of a section: the configuration with all examples above it there.
pub fn by(document: &Document, section: usize, line: usize, config: &str) -> String {
    let above = |fence: &Fence| fence.language == "toml" && fence.section == section && fence.line < line;
    let examples = fences(&document.text).into_iter().filter(above);
    examples.fold(config.to_owned(), |config, example| with(&config, &example).unwrap_or(config))
}

/// Keys of a configuration, those that are only shown as a comment too; names that are the user's own are not among them.
pub fn keys(config: &str) -> Vec<String> {
    let key = |line: &str| {
        let (key, _) = line.trim_start_matches("# ").split_once(" = ")?;
        let spelled = !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        spelled.then(|| key.to_owned())
    };
    let mut keys: Vec<String> = config.lines().filter_map(key).collect();
    keys.sort();
    keys.dedup();
    keys
}

#[test]
fn examples_change_what_they_name_and_nothing_else() {
    let example = |text: &str| Fence { line: 1, language: "toml".into(), text: text.into(), section: 0 };
    let config = "[a.b]\nx = 1\ny = 1\n";
    assert_eq!(
        with(config, &example("[a.b]\nx = 2\n[c]\nz = []\n")),
        Ok("[a.b]\nx = 2\ny = 1\n\n[c]\nz = []\n".into())
    );
    assert!(with(config, &example("x = \n")).is_err());
    assert_eq!(keys("[t]\nb-1 = 1\n# a = 2  # c = 3\n# Words = x\nNAME = 4\n"), ["a", "b-1"]);
}
