//! YAML to plain values and back: sorted keys, as kubectl prints objects, and strings quoted wherever any reader of YAML
//! could take them for something else.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Every document of a text that is not empty.
pub fn documents(text: &str) -> Result<Vec<Value>, String> {
    let all: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    Ok(all.into_iter().filter(|document| !document.is_null()).collect())
}

/// One document of a known shape.
pub fn typed<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// One document, with a line's end.
pub fn document(value: &impl Serialize) -> String {
    // References stay on one line, where people and scripts look for them; only lines of their own make a block.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    let text = serde_saphyr::to_string_with_options(value, options).expect("maps with string keys are YAML");
    format!("{}\n", text.trim_end_matches('\n'))
}

/// Several documents as one stream.
pub fn stream(values: &[Value]) -> String {
    values.iter().map(document).collect::<Vec<_>>().join("---\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_another_reader_would_take_for_something_else_is_quoted() {
        let text = "a: 'yes'\nb: 'on'\nc: '1e3'\nd: '0644'\ne: 'null'\nf: '12:30'\ng: ''\nh: 'a: b'\ni: '# x'\nj: 'NO'\nk: '~'\n";
        let read = documents(text).expect("YAML");
        for line in document(&read[0]).lines() {
            assert!(line.ends_with('"') || line.ends_with('\''), "{line}");
        }
    }

    #[test]
    fn what_was_written_reads_back_the_same() {
        let text = "b:\n- 1\n- x: |\n    two\n    lines\n\n  y: {}\na: []\nc: 1.5\nd: true\ne: \"tail \\n\\n\"\nf: \" lead\"\n\
                    g: a very long line with many words that an emitter would fold at some eighty columns, or at a hundred and twenty\n";
        let read = documents(&format!("{text}---\n---\nz: 1\n")).expect("YAML");
        assert_eq!(read.len(), 2);
        assert_eq!(documents(&stream(&read)).expect("its own text"), read);
    }

    #[test]
    fn a_key_that_is_there_twice_is_an_error_with_its_place() {
        let error = documents("a: 1\nb: 2\na: 3\n").expect_err("twice");
        assert!(error.contains('3') && error.contains("duplicate"), "{error}");
    }
}
