//! Comparisons of reports as they stand on disk.

use std::path::Path;

use super::compare;
use crate::{
    protocol::Found,
    record::Record,
    report::{self, sample},
    verdict::{Answered, Finding},
};

fn report(folder: &Path, record: &Record, findings: Vec<Finding>) {
    let mut answered: Vec<Answered> = sample::answered();
    for answer in &mut answered {
        answer.findings.clear();
        answer.plots.clear();
    }
    answered[0].findings = findings;
    report::write(record, &answered, folder).unwrap();
}

/// Compares two reports of these findings, and gives what was found with the text of the page.
fn compared(before: Vec<Finding>, after: Vec<Finding>) -> (Found, String) {
    let folder = tempfile::tempdir().unwrap();
    let [old, new, output] = ["old", "new", "out"].map(|name| folder.path().join(name));
    report(&old, &sample::record(), before);
    report(&new, &sample::record(), after);
    let found = compare(&old, &new.join("report.json"), &output).unwrap();
    let page = std::fs::read_to_string(output.join("compare.html")).unwrap();
    (found, page)
}

fn verdicts(found: &Found) -> Vec<(&str, &str)> {
    found.rows.iter().map(|row| (row[0].as_str(), row[4].as_str())).collect()
}

#[test]
fn planted_changes_are_found_and_noise_is_called_noise() {
    let finding = sample::finding;
    let before = vec![finding("a", 1.0, 0.98, 1.02), finding("b", 1.0, 0.7, 1.4), finding("c", 2.0, 1.99, 2.01)];
    let after = vec![finding("a", 1.5, 1.47, 1.53), finding("b", 1.2, 0.8, 1.7), finding("c", 2.01, 2.0, 2.02)];
    let (found, page) = compared(before, after);
    assert_eq!(verdicts(&found), [("a", "Changed"), ("b", "Within noise"), ("c", "Unchanged")]);
    assert_eq!(found.rows[0][3], "+50.0 %");
    assert!(found.verdicts[1].1.starts_with("1 of 3 findings"), "{:?}", found.verdicts);
    assert!(page.contains("</span> Changed</span>") && !page.contains("<script>"), "one page without scripts");
}

#[test]
fn many_findings_make_a_small_surprise_no_change() {
    let small = |key: String, value: f64| sample::finding(&key, value, value * 0.9, value * 1.1);
    let after =
        |number: u32| (0..number).map(|at| small(at.to_string(), if at == 0 { 1.25 } else { 1.0 })).collect::<Vec<_>>();
    let before = |number: u32| (0..number).map(|at| small(at.to_string(), 1.0)).collect::<Vec<_>>();
    assert_eq!(verdicts(&compared(before(1), after(1)).0)[0].1, "Changed");
    assert_eq!(verdicts(&compared(before(60), after(60)).0)[0].1, "Within noise");
}

#[test]
fn equal_reports_say_that_nothing_changed() {
    let findings = || vec![sample::finding("a", 1.5, 1.49, 1.51), sample::finding("b", 1.0, 0.5, 2.0)];
    let (found, _) = compared(findings(), findings());
    assert!(found.verdicts[0].1.starts_with("Yes: all known conditions are the same"), "{:?}", found.verdicts);
    assert!(found.verdicts[1].1.starts_with("Nothing changed"), "{:?}", found.verdicts);
    assert!(found.cautions[0].starts_with("Both are the same run"), "{:?}", found.cautions);
    assert_eq!(verdicts(&found), [("b", "Within noise"), ("a", "Unchanged")]);
}

#[test]
fn shares_change_by_points_and_findings_of_one_report_are_named() {
    let share = |key: &str, value: f64| Finding {
        unit: String::from("share"),
        ..sample::finding(key, value, value - 0.01, value + 0.01)
    };
    let (found, page) = compared(vec![share("a", 0.0), share("gone", 0.5)], vec![share("a", 0.2), share("new", 0.5)]);
    assert_eq!(found.rows, [["a", "0 %", "20.0 %", "+20.0 points", "Changed"].map(String::from)]);
    assert!(page.contains("<code>gone</code>") && page.contains("<code>new</code>"));
}

#[test]
fn other_machines_make_a_comparison_unfair_and_other_images_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new, other] = ["old", "new", "other"].map(|name| folder.path().join(name));
    let mut record = sample::record();
    report(&old, &record, Vec::new());
    record.experiment.servers[0].facts.insert(String::from("digest"), String::from("sha256:1"));
    report(&new, &record, Vec::new());
    record.environment[0].facts.insert(String::from("cpu"), String::from("another"));
    report(&other, &record, Vec::new());
    let fair = |after: &Path| compare(&old, after, &folder.path().join("out")).unwrap().verdicts[0].1.clone();
    assert_eq!(fair(&new), "Yes: model, pictures and machine are the same. What differs: standard: digest.");
    assert_eq!(fair(&other), "No: these differ, and changes may come from them: cpu.");
}

#[test]
fn what_is_no_report_is_refused_with_its_name_and_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let refused = || compare(folder.path(), folder.path(), folder.path()).unwrap_err().to_string();
    assert!(
        refused()
            .ends_with("report.json: no report is there; give the folder of a report that `cargo xtask bench` wrote"),
        "{}",
        refused()
    );
    std::fs::write(folder.path().join("report.json"), "{\"begun\": \"today\"}").unwrap();
    assert!(refused().contains("no report of a bench: missing field `experiment`"), "{}", refused());
}
