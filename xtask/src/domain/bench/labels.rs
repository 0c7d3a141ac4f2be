//! The true labels of pictures, from lines of `file,label`.

use std::collections::BTreeMap;

/// Labels by file, from the text of a CSV file; fields may be quoted. A header of `file,label` is none. Every line that is
/// not one of these is told, with its number.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let (mut found, mut wrong) = (BTreeMap::new(), Vec::new());
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || number == 0 && line.eq_ignore_ascii_case("file,label") {
            continue;
        }
        match fields(line).as_deref() {
            Some([file, label]) if !file.is_empty() && !label.is_empty() => {
                found.insert(file.clone(), label.clone());
            }
            _ => wrong.push((number + 1).to_string()),
        }
    }
    match wrong.as_slice() {
        [] => Ok(found),
        [one] => Err(format!("line {one} is not `file,label`")),
        many => Err(format!("lines {} are not `file,label`", many.join(", "))),
    }
}

/// None where a quote never ends.
fn fields(line: &str) -> Option<Vec<String>> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    (!quoted).then(|| fields.into_iter().map(|field| field.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_file_and_its_label() {
        let found =
            parse("\u{feff}file,label\na.jpg, tabby cat\r\n\n\"b, c.png\",\"said \"\"dog\"\"\"\n").expect("sound");
        assert_eq!(
            found,
            [("a.jpg", "tabby cat"), ("b, c.png", "said \"dog\"")].map(|(a, b)| (a.into(), b.into())).into()
        );
        assert_eq!(parse("a.jpg,cat\nb.jpg\nc.jpg,\n"), Err("lines 2, 3 are not `file,label`".into()));
        assert_eq!(parse("\"a,cat"), Err("line 1 is not `file,label`".into()));
    }
}
