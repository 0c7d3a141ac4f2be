//! Sources from git: three repositories one inside another, as the article has them, from bare repositories on disk.

use std::{path::Path, process::Command};

use super::harness::{CPU_STANDARD, Sample, is_real};

/// Bare repositories of the sample, split in three; the outer one cannot be built without the others.
struct Upstream {
    commits: [String; 3],
}

const NAMES: [(&str, &str); 3] = [("serving", ""), ("tensorflow", "tensorflow"), ("tf_models", "tf_models")];

impl Upstream {
    /// Moves the sample's tree into repositories below `upstream/` and lets the profile use them.
    fn take_over(sample: &Sample) -> Self {
        let path = |relative: &str| sample.path(relative);
        fs_err::create_dir_all(path("work")).expect("create");
        fs_err::rename(path("serving/sample"), path("work/serving")).expect("move");
        for (rules, owner) in [("rules_cc", "tensorflow"), ("rules_java", "tf_models")] {
            fs_err::create_dir_all(path(&format!("work/{owner}"))).expect("create");
            let from = path(&format!("work/serving/third_party/{rules}"));
            fs_err::rename(from, path(&format!("work/{owner}/{rules}"))).expect("move");
            let (before, after) = (format!("third_party/{rules}"), format!("{owner}/{rules}"));
            sample.edit("work/serving/WORKSPACE", &before, &after);
        }
        let commits =
            NAMES.map(|(name, _)| publish(&path(&format!("work/{name}")), &path(&format!("upstream/{name}"))));
        let upstream = Self { commits };
        sample.edit_profile("tree = \"serving/sample\"\n", &upstream.tables(&path("upstream")));
        upstream
    }

    fn tables(&self, root: &Path) -> String {
        let table = |((name, path), commit): (&(&str, &str), &String)| {
            let url = root.join(name).display().to_string();
            let path = if path.is_empty() { String::new() } else { format!("path = \"{path}\"\n") };
            format!("[[profiles.sample.sources]]\nname = \"{name}\"\nurl = \"{url}\"\ncommit = \"{commit}\"\n{path}\n")
        };
        NAMES.iter().zip(&self.commits).map(table).collect()
    }
}

fn publish(work: &Path, bare: &Path) -> String {
    git(work, &["init", "--quiet"]);
    git(work, &["add", "--all"]);
    let me = ["-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"];
    git(work, &[&me as &[&str], &["commit", "--quiet", "--message", "All of it"]].concat());
    git(work, &["clone", "--quiet", "--bare", ".", &bare.display().to_string()]);
    git(work, &["rev-parse", "HEAD"]).trim().to_owned()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("git").current_dir(folder).args(arguments).output().expect("run git");
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("git writes UTF-8")
}

#[test]
fn three_nested_repositories_are_checked_out_and_built() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let upstream = Upstream::take_over(&sample);
    sample.build(&["cpu-standard"]).succeeded();
    assert!(sample.has(CPU_STANDARD));
    let receipt = sample.receipt(CPU_STANDARD);
    for ((name, _), commit) in NAMES.iter().zip(&upstream.commits) {
        let pinned = receipt["inputs"]["sources"][name].as_str().expect("every source is in the receipt");
        assert!(pinned.ends_with(&format!("@{commit}")), "{name}: {pinned}");
    }
    for ((_, path), commit) in NAMES.iter().zip(&upstream.commits) {
        let folder = sample.path(&format!("serving/sample/{path}"));
        assert_eq!(git(&folder, &["rev-parse", "HEAD"]).trim(), commit);
    }
    let ran = sample.build(&["cpu-standard"]);
    ran.succeeded();
    assert!(ran.stderr.contains("up to date"), "{}", ran.stderr);
}

#[test]
fn a_commit_that_is_not_there_is_told_with_its_address() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let upstream = Upstream::take_over(&sample);
    let wrong = "0123456789abcdef0123456789abcdef01234567";
    sample.edit("config.toml", &upstream.commits[1], wrong);
    let address = sample.path("upstream/tensorflow").display().to_string();
    sample.build(&["cpu-standard"]).failed_saying(
        1,
        &[
            &format!("commit {wrong} is not in {address}: correct the `commit` of tensorflow in config.toml"),
            "git said: ",
        ],
    );
    assert!(!sample.has(CPU_STANDARD));
}

#[test]
fn a_mirror_that_is_not_there_is_told_with_its_address() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    Upstream::take_over(&sample);
    let root = sample.path("upstream").display().to_string();
    let text = sample.read("config.toml");
    sample.write("config.toml", &format!("{text}\n[sources]\nmirrors = {{ \"{root}\" = \"/nowhere/mirror\" }}\n"));
    sample.build(&["cpu-standard"]).failed_saying(
        1,
        &["/nowhere/mirror/serving cannot be reached, or holds no git repository", "`mirrors` under [sources]"],
    );
    assert!(!sample.has(CPU_STANDARD));
}
