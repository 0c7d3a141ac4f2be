//! Reports as files: what is in them, that nothing in them escapes, and that others can read them.

use super::{sample, write};
use crate::verdict::Answered;

fn written() -> (tempfile::TempDir, Vec<std::path::PathBuf>, String) {
    let folder = tempfile::tempdir().unwrap();
    let files = write(&sample::record(), &sample::answered(), folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    (folder, files, page)
}

/// The page without the library, which is as long as a book.
fn without_library(page: &str) -> String {
    let (before, rest) = page.split_once("id=\"library\">").unwrap();
    let (library, after) = rest.split_once('<').unwrap();
    assert!(library.len() > 1_000_000, "{} bytes of library", library.len());
    format!("{before}{after}")
}

#[test]
fn names_from_outside_never_become_markup() {
    let (_folder, _, page) = written();
    let page = without_library(&page);
    assert!(!page.contains("<script>alert"), "a name became a script");
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(&quot;1&quot;)"), "names are shown");
    assert_eq!(page.matches("<script").count(), 3, "data, library and what draws");
    assert_eq!(page.matches("</script>").count(), 2, "and none ends early: the library's end went with the library");
}

#[test]
fn all_six_questions_have_a_card_and_a_section() {
    let (_folder, _, page) = written();
    assert_eq!(page.matches("<li class=\"card verdict").count(), 6);
    for id in sample::IDS {
        assert!(
            page.contains(&format!("<a href=\"#{id}\">")) && page.contains(&format!("<section id=\"{id}\"")),
            "{id}"
        );
    }
    for word in ["Effect", "No effect", "Open", "Not measured"] {
        assert!(page.contains(&format!("</span> {word}</span>")), "{word}");
    }
}

#[test]
fn numbers_come_with_units_and_intervals_and_failures_are_told() {
    let (_folder, _, page) = written();
    for shown in [
        "× 1.50",
        "× 1.40 to 1.60",
        "4000 × 3000",
        "2.35 MB",
        "1,234",
        "Unavailable",
        "2026-11-27 13:10 UTC",
        "interrupted",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn a_page_names_no_address_to_load_from() {
    let (_folder, _, page) = written();
    let page = without_library(&page);
    for way in ["src=", "url(", "@import", "fetch(", "XMLHttpRequest", "<link", "<img"] {
        assert!(!page.contains(way), "{way}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn csv_files_parse_back_to_the_plots_numbers() {
    let (folder, _, page) = written();
    let mut reader = csv::Reader::from_path(folder.path().join("plots/load-times.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(reader.headers().unwrap(), vec!["series", "server", "x", "y", "low", "high", "note"]);
    assert_eq!(rows.len(), 3);
    assert_eq!((&rows[0][2], &rows[0][3]), ("128", "10.125"));
    assert_eq!(&rows[2][2], format!("cat, {}\n", sample::HOSTILE));
    assert!(page.contains("download=\"load-times.csv\""));
}

#[test]
fn json_holds_the_verdicts_as_they_were_given() {
    let (folder, files, _) = written();
    let text = std::fs::read(folder.path().join("report.json")).unwrap();
    let mut whole: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let answered: Vec<Answered> = serde_json::from_value(whole["answered"].take()).unwrap();
    assert_eq!(answered, sample::answered());
    assert_eq!(files.len(), 2 + 5, "{files:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left under temporary names");
}
