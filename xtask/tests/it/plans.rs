//! What the shipped `config.toml` makes the program plan: whole plans as snapshots, and Bazel's flags one by one.
//! `UPDATE_EXPECT=1 cargo test --test it plans` rewrites the snapshots.

use expect_test::expect_file;

use crate::checkout::Checkout;

fn plan(profile: &str) -> String {
    plan_of("build-servers", profile)
}

fn plan_of(command: &str, profile: &str) -> String {
    let ran = Checkout::bare().run(&["--profile", profile, "--dry-run", command]);
    ran.succeeded();
    ran.stdout
}

#[test]
fn plans_are_the_snapshots_byte_for_byte_each_time() {
    let snapshots = [
        ("sample", expect_file!["plans/sample.txt"]),
        ("article", expect_file!["plans/article.txt"]),
        ("current", expect_file!["plans/current.txt"]),
    ];
    for (profile, snapshot) in snapshots {
        let first = plan(profile);
        assert_eq!(first, plan(profile), "two plans of {profile} differ");
        snapshot.assert_eq(&first);
    }
}

#[test]
fn plans_of_images_and_servers_are_the_snapshots_byte_for_byte_each_time() {
    let snapshots = [
        ("build-images", "sample", expect_file!["plans/images-sample.txt"]),
        ("build-images", "article", expect_file!["plans/images-article.txt"]),
        ("build-images", "current", expect_file!["plans/images-current.txt"]),
        ("up", "sample", expect_file!["plans/up-sample.txt"]),
        ("up", "article", expect_file!["plans/up-article.txt"]),
        ("up", "current", expect_file!["plans/up-current.txt"]),
    ];
    for (command, profile, snapshot) in snapshots {
        let first = plan_of(command, profile);
        assert_eq!(first, plan_of(command, profile), "two plans of {command} for {profile} differ");
        snapshot.assert_eq(&first);
    }
}

#[test]
fn plans_of_benches_are_the_snapshots_byte_for_byte_each_time() {
    let snapshots = [
        (&["bench"] as &[&str], expect_file!["plans/bench-sample.txt"]),
        (
            &["bench", "--image", "cpu-standard", "--image", "cpu-optimized", "--cpus", "1", "--quick"],
            expect_file!["plans/bench-images.txt"],
        ),
        (
            &["bench", "--target", "a=http://10.0.0.1:8501", "--signature", "look", "--no-load", "--images", "cats"],
            expect_file!["plans/bench-target.txt"],
        ),
        (&["bench", "compare", "reports/a", "reports/b"], expect_file!["plans/bench-compare.txt"]),
    ];
    for (arguments, snapshot) in snapshots {
        let checkout = Checkout::bare();
        let plan = || {
            let ran = checkout.run(&[&["--profile", "sample", "--dry-run"], arguments].concat());
            ran.succeeded();
            // A folder of pictures is named from where the command is given.
            ran.stdout.replace(&format!("{}/", checkout.path("").display().to_string().trim_end_matches('/')), "")
        };
        let first = plan();
        assert_eq!(first, plan(), "two plans of {arguments:?} differ");
        assert_eq!(checkout.files(""), ["config.toml"]);
        snapshot.assert_eq(&first);
    }
}

/// The plan of `export-model` after `config.toml` was edited.
fn export_plan(profile: &str, edits: &[(&str, &str)]) -> String {
    let checkout = Checkout::bare();
    edits.iter().for_each(|(from, to)| checkout.edit("config.toml", from, to));
    let ran = checkout.run(&["--profile", profile, "--dry-run", "export-model"]);
    ran.succeeded();
    assert_eq!((ran.stderr.as_str(), checkout.files("")), ("", vec!["config.toml".to_owned()]));
    ran.stdout
}

#[test]
fn plans_of_every_exporter_are_the_snapshots_byte_for_byte_each_time() {
    let image = [("# exporter = { image", "exporter = { image")];
    let bazel = [("# exporter = { bazel", "exporter = { bazel")];
    let snapshots = [
        ("sample", &[] as &[_], expect_file!["plans/export-synthetic.txt"]),
        ("article", &[], expect_file!["plans/export-native.txt"]),
        ("article", &image, expect_file!["plans/export-image.txt"]),
        ("article", &bazel, expect_file!["plans/export-bazel.txt"]),
    ];
    for (profile, edits, snapshot) in snapshots {
        let first = export_plan(profile, edits);
        assert_eq!(first, export_plan(profile, edits), "two plans of {profile} differ");
        snapshot.assert_eq(&first);
    }
}

/// The article's own commands, as it printed them.
const ARTICLE: [(&str, &[&str]); 4] = [
    ("cpu-standard", &["bazel", "build", "-c", "opt", SERVER]),
    (
        "cpu-optimized",
        &[
            "bazel",
            "build",
            "-c",
            "opt",
            "--copt=-msse4.1",
            "--copt=-msse4.2",
            "--copt=-mavx",
            "--copt=-mavx2",
            "--copt=-mfma",
            "--copt=-O3",
            SERVER,
        ],
    ),
    (
        "gpu-standard",
        &[
            "bazel",
            "build",
            "-c",
            "opt",
            "--config=cuda",
            "--crosstool_top=@local_config_cuda//crosstool:toolchain",
            SERVER,
        ],
    ),
    (
        "gpu-optimized",
        &[
            "bazel",
            "build",
            "-c",
            "opt",
            "--copt=-msse4.1",
            "--copt=-msse4.2",
            "--copt=-mavx",
            "--copt=-mavx2",
            "--copt=-mfma",
            "--copt=-O3",
            "--config=cuda",
            "--crosstool_top=@local_config_cuda//crosstool:toolchain",
            SERVER,
        ],
    ),
];

const SERVER: &str = "//tensorflow_serving/model_servers:tensorflow_model_server";

#[test]
fn the_article_is_built_with_its_own_commands() {
    let plan = plan("article");
    for (variant, expected) in ARTICLE {
        let words = bazel_words(&plan, variant);
        let mut rest = words.iter();
        for flag in expected {
            assert!(rest.any(|word| word == flag), "{variant}: `{flag}` is not in its place in {words:?}");
        }
        let copts = |words: &[&str]| words.iter().filter(|word| word.starts_with("--copt")).count();
        assert_eq!(copts(&words), copts(expected), "{variant} has copts the article does not have: {words:?}");
    }
    assert!(!plan.split_whitespace().any(|word| word == "clean"), "the article's fault is back: {plan}");
}

/// Beside upstream's flags: where caches are, how many jobs, and a log that can be followed.
const OURS: [&str; 11] = [
    "--batch",
    "--output_base=/bazel/output-base",
    "--jobs=$JOBS",
    "--disk_cache=/bazel/disk-cache",
    "--repository_cache=/bazel/repository-cache",
    "--symlink_prefix=/tmp/bazel-",
    "--color=no",
    "--curses=no",
    "--show_progress_rate_limit=1",
    "--progress_report_interval=2",
    "--noshow_loading_progress",
];

#[test]
fn current_is_built_with_upstreams_flags_and_ours_and_no_others() {
    let plan = plan("current");
    let upstream = ["--config=release", "--verbose_failures", "--output_filter=DONT_MATCH_ANYTHING"];
    let gpu = ["--config=cuda_clang", "--copt=-fPIC"];
    let optimized = ["sse4.1", "sse4.2", "avx", "avx2", "fma"].map(|feature| format!("--copt=-m{feature}"));
    for variant in ["cpu-standard", "cpu-optimized", "gpu-standard", "gpu-optimized"] {
        let mut expected: Vec<&str> = ["bazel", "build", SERVER].into_iter().chain(upstream).chain(OURS).collect();
        if variant.starts_with("gpu") {
            expected.extend(gpu);
        }
        if variant.ends_with("optimized") {
            expected.extend(optimized.iter().map(String::as_str).chain(["--copt=-O3"]));
        }
        let mut words = bazel_words(&plan, variant);
        words.sort_unstable();
        expected.sort_unstable();
        assert_eq!(words, expected, "{variant}");
    }
}

/// The words of the Bazel command with which the plan builds a variant.
fn bazel_words<'p>(plan: &'p str, variant: &str) -> Vec<&'p str> {
    let start = format!("docker run --name {variant} ");
    let line = plan.lines().find(|line| line.starts_with(&start)).expect("the plan builds every variant");
    line.split(' ').skip_while(|word| *word != "bazel").collect()
}
