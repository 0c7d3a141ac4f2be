//! Which Debian mirror this machine uses, read from its package sources in both of their formats.
//! Nothing here talks to the mirror.

use std::{io::ErrorKind, path::Path};

use anyhow::Result;
use fs_err as fs;

/// The first entry of this machine's package sources that has the release's main archive.
pub(super) fn of_this_machine(release: &str) -> Result<Option<String>> {
    of(Path::new("/etc/apt"), release)
}

fn of(apt: &Path, release: &str) -> Result<Option<String>> {
    let mut files = vec![apt.join("sources.list")];
    match fs::read_dir(apt.join("sources.list.d")) {
        Ok(entries) => {
            let mut found = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
            found.sort();
            files.append(&mut found);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    for file in files {
        let read = match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => one_line_entry,
            Some("sources") => stanza_entry,
            _ => continue,
        };
        match fs::read_to_string(&file) {
            Ok(text) => {
                if let Some(mirror) = read(&text, release) {
                    return Ok(Some(mirror));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Reads lines like `deb [options] uri suite component…`.
fn one_line_entry(text: &str, release: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.split('#').next()?.trim().strip_prefix("deb")?;
        // `deb-src` goes no further: what follows `deb` must be a gap.
        let line = line.strip_prefix([' ', '\t'])?.trim_start();
        let line = if line.starts_with('[') { line.split_once(']')?.1 } else { line };
        let mut words = line.split_whitespace();
        let (uri, suite) = (words.next()?, words.next()?);
        accept(uri, suite == release, words.any(|word| word == "main"))
    })
}

/// Reads stanzas of `Types:`, `URIs:`, `Suites:`, `Components:`, divided by empty lines.
fn stanza_entry(text: &str, release: &str) -> Option<String> {
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.trim().is_empty()).find_map(|stanza| {
        let has = |field: &str, word: &str| values(stanza, field).any(|value| value == word);
        if has("enabled", "no") || !has("types", "deb") {
            return None;
        }
        let (suits, has_main) = (has("suites", release), has("components", "main"));
        values(stanza, "uris").find_map(|uri| accept(uri, suits, has_main))
    })
}

/// The words of a field, over its continuation lines; names of fields are in any case.
fn values<'a>(stanza: &[&'a str], field: &str) -> impl Iterator<Item = &'a str> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in stanza {
        if line.starts_with([' ', '\t']) {
            if inside {
                found.extend(line.split_whitespace());
            }
            continue;
        }
        inside = false;
        if let Some((name, rest)) = line.split_once(':') {
            inside = name.trim().eq_ignore_ascii_case(field);
            if inside {
                found.extend(rest.split_whitespace());
            }
        }
    }
    found.into_iter()
}

/// Debootstrap reads these schemes; `cdrom:`, `mirror+file:` and the like it does not.
fn accept(uri: &str, suits: bool, has_main: bool) -> Option<String> {
    let readable = ["http://", "https://", "file:/"].iter().any(|scheme| uri.starts_with(scheme));
    (suits && has_main && readable).then(|| uri.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_entries_are_read() {
        let text = "# deb http://old.example/debian bookworm main\n\
                    deb-src http://src.example/debian bookworm main\n\
                    deb cdrom:[Debian]/ bookworm main\n\
                    deb http://mirror.example/security bookworm-security main\n\
                    deb http://extra.example/ bookworm contrib\n\
                    deb [arch=amd64 signed-by=/k] https://mirror.example/debian/ bookworm main contrib # ours\n";
        assert_eq!(one_line_entry(text, "bookworm").as_deref(), Some("https://mirror.example/debian"));
        assert_eq!(one_line_entry(text, "trixie"), None);
    }

    #[test]
    fn stanzas_are_read() {
        let text = "Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n\
                    \n\
                    types: deb deb-src\n# why\nURIs: mirror+file:/list\n http://mirror.example/debian\n\
                    Suites: bookworm\n bookworm-updates\nComponents: main\nSigned-By: /k\n";
        assert_eq!(stanza_entry(text, "bookworm").as_deref(), Some("http://mirror.example/debian"));
        assert_eq!(stanza_entry(text, "sid"), None);
    }

    #[test]
    fn the_first_file_that_knows_the_release_wins() {
        let apt = tempfile::tempdir().unwrap();
        assert_eq!(of(apt.path(), "bookworm").unwrap(), None);
        let folder = apt.path().join("sources.list.d");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("b.list"), "deb http://b.example/debian bookworm main\n").unwrap();
        let stanza = "Types: deb\nURIs: http://a.example/debian\nSuites: bookworm\nComponents: main\n";
        fs::write(folder.join("a.sources"), stanza).unwrap();
        fs::write(folder.join("0.save"), "deb http://saved.example/debian bookworm main\n").unwrap();
        assert_eq!(of(apt.path(), "bookworm").unwrap().as_deref(), Some("http://a.example/debian"));
        fs::write(apt.path().join("sources.list"), "deb http://list.example/debian bookworm main\n").unwrap();
        assert_eq!(of(apt.path(), "bookworm").unwrap().as_deref(), Some("http://list.example/debian"));
    }
}
