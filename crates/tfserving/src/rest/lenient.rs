//! JSON as TensorFlow Serving writes it: `NaN`, `Infinity` and `-Infinity` stand where numbers do.

use serde_json::Value as Json;

/// Begins the strings that stand for those three; a character that no text holds.
const MARK: char = '\u{f8ff}';

const TOKENS: [(&str, f64); 3] = [("-Infinity", f64::NEG_INFINITY), ("Infinity", f64::INFINITY), ("NaN", f64::NAN)];

/// The value of a document.
pub(super) fn read(bytes: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(bytes).or_else(|error| {
        let unreadable = || format!("the answer is not JSON: {error}");
        let text = std::str::from_utf8(bytes).map_err(|_| unreadable())?;
        serde_json::from_str(&marked(text)).map_err(|_| unreadable())
    })
}

/// A number, be it one of the three.
pub(super) fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => {
            let token = text.strip_prefix(MARK)?;
            TOKENS.iter().find(|(known, _)| *known == token).map(|(_, number)| *number)
        }
        _ => None,
    }
}

/// The document with the three tokens, where they are not part of a string, as marked strings.
fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let taken = if next == '"' {
            let end = string_end(rest);
            marked.push_str(&rest[..end]);
            end
        } else if let Some((token, _)) = TOKENS.iter().find(|(token, _)| rest.starts_with(token)) {
            marked.extend(['"', MARK]);
            marked.push_str(token);
            marked.push('"');
            token.len()
        } else {
            marked.push(next);
            next.len_utf8()
        };
        rest = &rest[taken..];
    }
    marked
}

/// Where the string that `text` begins with ends.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_does_not_know_are_read() {
        let json = read(br#"{"predictions": [NaN, -Infinity, Infinity, 1.5, "NaN \" NaN"]}"#).expect("read");
        let values: Vec<Option<f64>> = json["predictions"].as_array().expect("a list").iter().map(number).collect();
        assert!(values[0].is_some_and(f64::is_nan));
        assert_eq!(values[1..], [Some(f64::NEG_INFINITY), Some(f64::INFINITY), Some(1.5), None]);
        assert_eq!(json["predictions"][4], "NaN \" NaN");
    }

    #[test]
    fn what_is_not_json_is_an_error_and_no_panic() {
        for text in ["", "{", "\"", "\"\\", "NaN", "[NaN", "<html>", "é\"", "{\"a\": NaNNaN}"] {
            assert!(text == "NaN" || read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"\xff\xfe").is_err());
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }
}
