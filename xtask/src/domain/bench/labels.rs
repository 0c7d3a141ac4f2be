//! The true labels of pictures, from lines of `file,label`.

use std::{collections::BTreeMap, path::Path};

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

/// What names say of a picture, by its path below the folder that was given: the folder it lies in, else what stands before two
/// underscores in its own name, where one stands for a space. `tiger_cat__017.jpg` is a tiger cat.
pub fn of_path(below: &Path) -> Option<String> {
    let in_folder = below.parent().and_then(Path::file_name).map(|folder| folder.to_string_lossy().into_owned());
    let by_name = || {
        let name = below.file_stem()?.to_string_lossy().into_owned();
        let (label, _) = name.split_once("__").filter(|(label, _)| !label.is_empty())?;
        Some(label.replace('_', " "))
    };
    in_folder.or_else(by_name)
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

    #[test]
    fn names_tell_labels_by_folder_or_before_two_underscores() {
        for (path, label) in [
            ("tabby/a__b.jpg", Some("tabby")),
            ("tiger_cat__017.jpg", Some("tiger cat")),
            ("a.jpg", None),
            ("__a.jpg", None),
            ("one_two.jpg", None),
        ] {
            assert_eq!(of_path(Path::new(path)).as_deref(), label, "{path}");
        }
    }
}
