//! Messages that a document quotes, against the texts in the sources: what people search for must be what they have read.

use super::markdown::{Document, code, lines};

/// What differs from time to time, in a document and in a text of the sources.
const GAP: char = '…';

/// Messages of a document: the code with which a row of a table of messages begins, and its line.
pub fn quoted(document: &Document) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_table = false;
    for line in lines(&document.text) {
        in_table = line.text.starts_with("| message |") || in_table && line.text.starts_with('|');
        if let Some(row) = line.text.strip_prefix("| `").filter(|_| in_table) {
            let cell = format!("`{row}");
            found.extend(code(&cell).and_then(|spans| Some((line.number, spans.first()?.clone()))));
        }
    }
    found
}

/// Whether some text of the sources says this, its gaps filled with whatever.
pub fn is_said(message: &str, texts: &[String]) -> bool {
    let pieces: Vec<&str> = message.split(GAP).filter(|piece| !piece.trim().is_empty()).collect();
    !pieces.is_empty()
        && texts.iter().any(|text| {
            let mut rest = text.as_str();
            pieces.iter().all(|piece| {
                let found = rest.find(piece).map(|at| &rest[at + piece.len()..]);
                found.map(|after| rest = after).is_some()
            })
        })
}

/// Texts between quotation marks of a Rust file or a shell script, as they are printed, with gaps for what is filled in.
pub fn texts(source: &str) -> Vec<String> {
    let (mut found, mut chars) = (Vec::new(), source.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            // A character, and not a lifetime.
            '\'' if chars.peek() == Some(&'"') => drop(chars.next()),
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    match (c, chars.peek().copied()) {
                        ('\\', Some('\n')) => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                        ('\\', Some('n')) => {
                            chars.next();
                            text.push(' ');
                        }
                        ('\\', Some(_)) => text.extend(chars.next()),
                        _ => text.push(c),
                    }
                }
                found.push(gaps(&text));
            }
            _ => {}
        }
    }
    found
}

/// `{name}` of Rust and `$name` of a shell become gaps; double blanks become one.
fn gaps(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' if chars.next_if_eq(&'{').is_some() => out.push('{'),
            '}' if chars.next_if_eq(&'}').is_some() => out.push('}'),
            '{' => {
                for _ in chars.by_ref().take_while(|c| *c != '}') {}
                out.push(GAP);
            }
            '$' if chars.peek().is_some_and(char::is_ascii_alphabetic) => {
                while chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_').is_some() {}
                out.push(GAP);
            }
            ' ' if out.ends_with(' ') => {}
            c => out.push(c),
        }
    }
    out
}

#[test]
fn messages_are_found_with_their_gaps_and_others_are_not() {
    let source = "bail!(\n    \"read {path}: it {} no\\n  \\\n     file; run `x`\", \"{{a}}\"); let c = '\"'; f(\"$a lacks $b\")";
    let texts = texts(source);
    assert_eq!(texts, ["read …: it … no file; run `x`", "{a}", "… lacks …"]);
    for said in ["read …: it …", "… no file; run …", "… lacks …"] {
        assert!(is_said(said, &texts), "{said}");
    }
    for unsaid in ["read …: they …", "no file …: it", "lacked", "…", ""] {
        assert!(!is_said(unsaid, &texts), "{unsaid}");
    }
    let text = "| key |\n| `no` |\n\n| message | why |\n|---|---|\n| `a …` | `b` |\n| plain | c |\n\n| `d` | e |\n";
    let document = Document { path: "d.md".into(), text: text.into() };
    assert_eq!(quoted(&document), [(6, "a …".to_owned())]);
}
