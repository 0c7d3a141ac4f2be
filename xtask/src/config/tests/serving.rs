//! `[images]`, `[servers]` and the serving keys of a device: what they may say, and every mistake with its place.
//! The good file of all other sections has none of them.

use super::*;
use crate::domain::variant::Device;

const IMAGES: &str = r#"[images]
repository = "team/tf"
aliases = { cpu = "cpu-fast" }
[images.combined]
auto = ["cpu-fast", "cpu-slow"]
[servers.one]
image = "auto"
cpus = "1.5"
memory = "1GiB"
rest-port = 8501
[servers.all]
image = "cpu"
cpus = "all"
[variants.cpu-slow]
device = "cpu"
[variants.gpu-fast]
device = "gpu"
"#;
fn file(serving: &str) -> String {
    let (before, rest) = GOOD.split_at(GOOD.find("[engine]").expect("a section"));
    format!(
        "{before}{serving}{rest}serving-libraries = \"/opt/x\"\nserving-args = {{ A = \"b\" }}\nserving-cpu-features = [\"avx\"]\n"
    )
}

#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    let good = file(IMAGES);
    assert!(good.contains(from), "{from}");
    let complaints = Config::parse(&good.replacen(from, to, 1), "c").expect_err("a mistake was made");
    let told: Vec<String> = complaints.list().iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

#[test]
fn images_and_servers_are_read() {
    let config = Config::parse(&file(IMAGES), "c").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.images.repository, "team/tf");
    let names = |names: Vec<String>| names.join(" ");
    let chosen = config.select_images(&[]).expect("all").iter().map(|choice| choice.name.to_string()).collect();
    assert_eq!(names(chosen), "cpu-fast cpu-slow gpu-fast auto");
    let servers: Vec<_> =
        config.servers.iter().map(|server| (server.name.as_str(), server.millicpus, server.memory)).collect();
    assert_eq!(servers, [("all", None, None), ("one", Some(1500), Some(1 << 30))]);
    let serving = &config.profiles["sample"].devices[&Device::Cpu].serving;
    assert_eq!(
        (serving.dockerfile.as_str(), serving.libraries.as_deref()),
        ("docker/serving.cpu.Dockerfile", Some("/opt/x"))
    );
    assert_eq!(serving.args["A"], "b");
    let unknown = config.select_images(&["autp".into()]).expect_err("unknown").to_string();
    assert_eq!(unknown, "unknown image `autp`, did you mean `auto`? known: cpu-fast, cpu-slow, gpu-fast, auto");
    let unknown = config.select_servers(&["on".into()]).expect_err("unknown").to_string();
    assert_eq!(unknown, "unknown server `on`, did you mean `one`? known: all, one");
}

#[test]
fn all_of_it_may_be_left_out() {
    let config = Config::parse(GOOD, "c").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.images.repository, "tf-serving");
    assert!(config.servers.is_empty() && config.images.aliases.is_empty() && config.images.combined.is_empty());
}

#[test]
fn mistakes_in_images_are_told_with_their_place() {
    check(
        "team/tf",
        "Team:tf",
        &["4:14: `Team:tf` is no name of an image: write lower-case letters, digits, `-`, `_`, `.` and `/`, no tag"],
    );
    check("cpu = \"cpu-fast\"", "cpu = \"cpu-fats\"", &["5:19: unknown image `cpu-fats`, did you mean `cpu-fast`?"]);
    check(
        "{ cpu =",
        "{ cpu-slow = \"gpu-fast\", cpu =",
        &["5:13: `cpu-slow` is an image already, no alias for another"],
    );
    check(
        "aliases = { cpu =",
        "aliases = { CPU =",
        &[
            "5:13: `CPU` cannot be a tag: begin it with a lower-case letter or a digit, go on with those, dots and hyphens, 64 at most",
        ],
    );
    check(
        "[\"cpu-fast\", \"cpu-slow\"]",
        "[\"cpu-fast\", \"gpu-fast\"]",
        &["7:21: image `auto` mixes devices: `gpu-fast` is for another"],
    );
    check(
        "[\"cpu-fast\", \"cpu-slow\"]",
        "[\"cpu-fast\", \"cpu-slim\"]",
        &["7:21: unknown variant `cpu-slim`, did you mean `cpu-slow`?"],
    );
    check("[\"cpu-fast\", \"cpu-slow\"]", "[]", &["7:1: image `auto` holds no variant: list one at least"]);
    check(
        "auto = [",
        "cpu-slow = [\"cpu-fast\"]\nauto = [",
        &["7:1: `cpu-slow` is a variant's image already: call this one otherwise"],
    );
    check("repository =", "repositori =", &["4:1: unknown key `repositori`, did you mean `repository`?"]);
}

#[test]
fn mistakes_in_servers_are_told_with_their_place() {
    check("image = \"auto\"", "image = \"autp\"", &["9:9: unknown image `autp`, did you mean `auto`?"]);
    check("image = \"auto\"\n", "", &["8:1: missing key `image`"]);
    check(
        "cpus = \"all\"",
        "cpus = \"all\"\nrest-port = 8501",
        &["8:10: server `one` takes port 8501 as `all` does: give each its own"],
    );
    check(
        "rest-port = 8501",
        "rest-port = 8501\ngrpc-port = 8501",
        &["8:10: server `one` takes port 8501 twice: give each its own"],
    );
    check("\"1.5\"", "\"some\"", &["10:8: `some` is no number of CPUs: write \"all\", \"1\" or \"0.5\""]);
    check("\"1.5\"", "\"0\"", &["10:8: `0` is no number of CPUs: write \"all\", \"1\" or \"0.5\""]);
    check("\"1.5\"", "\"0.0001\"", &["10:8: `0.0001` is no number of CPUs: write \"all\", \"1\" or \"0.5\""]);
    check("\"1.5\"", "1", &["10:8: expected a string, found an integer"]);
    check(
        "\"1GiB\"",
        "\"1 GB\"",
        &["11:10: `1 GB` is no size: write a whole number and KiB, MiB, GiB or TiB, such as `2GiB` or `512MiB`"],
    );
    check("8501", "85010", &["12:13: expected a whole number from 1 to 65535, found 85010"]);
    check("[servers.one]", "[servers.One]", &["8:10: `One` is no name: use lower-case letters, digits and hyphens"]);
}

#[test]
fn mistakes_in_what_a_device_serves_with_are_told_with_their_place() {
    check("\"/opt/x\"", "\"opt/x\"", &["53:21: path `opt/x` is not absolute: begin it with `/`"]);
    check(
        "{ A =",
        "{ \"A-B\" =",
        &["54:18: `A-B` is no name of an environment variable: use letters, digits and `_`, with no digit first"],
    );
    check(
        "serving-cpu-features = [\"avx\"]",
        "serving-cpu-features = [\"axv\"]",
        &["55:25: unknown CPU feature `axv`"],
    );
    check(
        "serving-libraries =",
        "serving-librarys =",
        &["53:1: unknown key `serving-librarys`, did you mean `serving-libraries`?"],
    );
}
