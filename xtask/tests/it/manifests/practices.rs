//! Best practice as checks, one a row of the table in docs/kubernetes.md. Each finds fault with the article's manifests.

use std::collections::BTreeSet;

use super::{
    case::{ARTICLE, CASES, checkout, documents},
    practice::{Check, ROWS},
};

fn faults(check: Check, objects: &[serde_json::Value]) -> Vec<String> {
    check(objects)
}

#[test]
fn every_rendering_keeps_every_row_but_its_stated_exceptions() {
    let checkout = checkout();
    for case in CASES {
        let objects = case.objects(&checkout);
        for (row, check) in ROWS {
            let faults = faults(check, &objects);
            if case.except.contains(&row) {
                assert!(!faults.is_empty(), "{} keeps `{row}`: it needs no exception", case.name());
            } else {
                assert!(faults.is_empty(), "{} breaks `{row}`: {faults:#?}", case.name());
            }
        }
    }
}

#[test]
fn every_row_finds_fault_with_the_article() {
    let article: Vec<_> = ARTICLE.iter().flat_map(|(_, text)| documents(text)).collect();
    let kept: Vec<&str> =
        ROWS.iter().filter(|(_, check)| faults(*check, &article).is_empty()).map(|(row, _)| *row).collect();
    assert_eq!(kept, [""; 0]);
}

#[test]
fn rows_have_one_name_each_and_exceptions_name_rows() {
    let names: BTreeSet<&str> = ROWS.iter().map(|(row, _)| *row).collect();
    assert_eq!(names.len(), ROWS.len());
    assert!(CASES.iter().flat_map(|case| case.except).all(|row| names.contains(row)));
}
