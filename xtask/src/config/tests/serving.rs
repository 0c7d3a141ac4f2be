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
    format!("{before}{serving}{rest}serving-libraries = \"/opt/x\"\nserving-args = {{ A = \"b\" }}\nserving-cpu-features = [\"avx\"]\n")
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
    let servers: Vec<_> = config.servers.iter().map(|server| (server.name.as_str(), server.millicpus, server.memory)).collect();
    assert_eq!(servers, [("all", None, None), ("one", Some(1500), Some(1 << 30))]);
    let serving = &config.profiles["sample"].devices[&Device::Cpu].serving;
    assert_eq!((serving.dockerfile.as_str(), serving.libraries.as_deref()), ("docker/serving.cpu.Dockerfile", Some("/opt/x")));
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
    check("team/tf", "Team:tf", &["X"]);
    check("cpu = \"cpu-fast\"", "cpu = \"cpu-fats\"", &["X"]);
    check("aliases = { cpu =", "aliases = { cpu-slow =", &["X"]);
    check("aliases = { cpu =", "aliases = { CPU =", &["X"]);
    check("[\"cpu-fast\", \"cpu-slow\"]", "[\"cpu-fast\", \"gpu-fast\"]", &["X"]);
    check("[\"cpu-fast\", \"cpu-slow\"]", "[\"cpu-fast\", \"cpu-slim\"]", &["X"]);
    check("[\"cpu-fast\", \"cpu-slow\"]", "[]", &["X"]);
    check("auto = [", "cpu-slow = [", &["X"]);
    check("repository =", "repositori =", &["X"]);
}

#[test]
fn mistakes_in_servers_are_told_with_their_place() {
    check("image = \"auto\"", "image = \"autp\"", &["X"]);
    check("image = \"auto\"\n", "", &["X"]);
    check("\"1.5\"", "\"some\"", &["X"]);
    check("\"1.5\"", "\"0\"", &["X"]);
    check("\"1.5\"", "\"0.0001\"", &["X"]);
    check("\"1.5\"", "1", &["X"]);
    check("\"1GiB\"", "\"1 GB\"", &["X"]);
    check("8501", "85010", &["X"]);
    check("[servers.one]", "[servers.One]", &["X"]);
}

#[test]
fn mistakes_in_what_a_device_serves_with_are_told_with_their_place() {
    check("\"/opt/x\"", "\"opt/x\"", &["X"]);
    check("{ A =", "{ \"A-B\" =", &["X"]);
    check("serving-cpu-features = [\"avx\"]", "serving-cpu-features = [\"axv\"]", &["X"]);
    check("serving-libraries =", "serving-librarys =", &["X"]);
}
