//! Every class of mistake with its exact message, and the real `config.toml`.
//! How single values are spelt is tested beside `values`.

mod model;
mod real;
mod serving;

use super::*;
use crate::domain::source::Sources;

/// A small file without a mistake; cases change words of it.
const GOOD: &str = r#"schema = 1
default-profile = "sample"
[engine]
labels = { team = "a" }
[resources]
stall-after = "5m"
[bazel]
headers = { X-Key = "KEY" }
[sources]
mirrors = { "https://github.com/" = "file:///srv/" }
[variants.cpu-fast]
device = "cpu"
copts = ["-mavx", "-O3"]
cpu-features = ["avx"]
[profiles.sample]
about = "é"
label = "//a:b"
[[profiles.sample.sources]]
name = "serving"
url = "https://github.com/x/serving"
commit = "bc7e9d2b9a419294c4526e293c2df8727b0d3116"
[[profiles.sample.sources]]
name = "models"
url = "/srv/models"
commit = "aeb8cfcba8512c0a3ca3e50b057b7981d35f512f"
path = "models"
[profiles.sample.bazel]
version = "4.2.3"
flags = ["-c", "opt"]
[profiles.sample.tf-dev.debian]
dockerfile = "docker/x"
base = { bootstrap = "bookworm" }
[profiles.sample.devices.cpu]
tf-dev = "debian"
serving-base = "ubuntu:22.04"
"#;

/// The complaints about the good file with `from` replaced by `to`, without the closing line.
#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(GOOD.contains(from), "{from}");
    let complaints = Config::parse(&GOOD.replacen(from, to, 1), "c").expect_err("a mistake was made");
    let told: Vec<String> = complaints.list().iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

#[test]
fn the_good_file_is_good() {
    let config = Config::parse(GOOD, "c").unwrap_or_else(|error| panic!("{error}"));
    let Sources::Repositories(repositories) = &config.profiles["sample"].sources else { panic!("no repositories") };
    assert_eq!(repositories[0].mirror.as_deref(), Some("file:///srv/x/serving"));
    assert_eq!(repositories[0].path, "");
    assert_eq!((repositories[1].mirror.as_deref(), repositories[1].path.as_str()), (None, "models"));
    assert_eq!(config.resources.memory_per_job, 2 << 30);
    assert_eq!(config.remote.headers["X-Key"], "KEY");
}

#[test]
fn broken_lines_are_told_without_their_consequences() {
    let unquoted = "string values must be quoted, expected literal string";
    check("= \"sample\"", "= sample", &[&format!("2:19: {unquoted}")]);
    check("team = \"a\"", "team = \"a\", team = \"b\"", &["4:24: duplicate key `team`"]);
    check("\"-O3\"]", "\"-O3\"", &["13:9: this value is not closed"]);
    check("\"é\"", "\"\"\"é", &["16:9: this text is not closed"]);
    check("commit = \"bc", "commit \"bc", &["21:8: key with no value, expected `=`"]);
    check("sample.bazel]", "sample.bazel", &["27:23: unclosed table, expected `]`"]);
    let both = [&*format!("12:10: {unquoted}"), "13:1: unknown key `copt`, did you mean `copts`?"];
    check("device = \"cpu\"", "device = cpu\ncopt = 3", &both);
}

#[test]
fn unknown_keys_are_told_at_every_level() {
    check("schema = 1", "schema = 1\nshema = 1", &["2:1: unknown key `shema`, did you mean `schema`?"]);
    check("[bazel]", "[bazle]", &["7:2: unknown key `bazle`, did you mean `bazel`?"]);
    check("copts =", "copt =", &["13:1: unknown key `copt`, did you mean `copts`?"]);
    let known = "12:1: unknown key `x`, known: device, copts, flags, cpu-features, exact";
    check("[variants.cpu-fast]", "[variants.cpu-fast]\nx = 1", &[known]);
    check("{ bootstrap", "{ x = 1, bootstrap", &["32:10: unknown key `x`, known: bootstrap"]);
    check(
        "path = ",
        "pth = ",
        &[
            "22:1: this source has no `path`, but the root is taken by source `serving`",
            "26:1: unknown key `pth`, did you mean `path`?",
        ],
    );
}

#[test]
fn wrong_types_are_told_where_the_value_stands() {
    check("[\"-mavx\", \"-O3\"]", "5", &["13:9: expected a list of strings, found an integer"]);
    check("\"-O3\"", "[]", &["13:19: expected a string, found a list"]);
    check("= \"é\"", "= 1.5", &["16:9: expected a string, found a float"]);
    check("\"5m\"", "5", &["6:15: expected a time such as \"5m\" or \"90s\", found an integer"]);
    check(
        "stall-after = \"5m\"",
        "memory = 5",
        &["6:10: expected a size such as \"2GiB\" or \"512MiB\", found an integer"],
    );
    check("{ team = \"a\" }", "[]", &["4:10: expected a table of strings, found a list"]);
    check("device = \"cpu\"", "device = \"cpu\"\nexact = 1", &["13:9: expected true or false, found an integer"]);
    check("schema = 1", "schema = 2026-01-01", &["1:10: expected an integer, found a date"]);
    check("[bazel]", "[[bazel]]", &["7:1: expected a table, found a list"]);
    let base = "32:8: expected an image or `{ bootstrap = \"release\" }`, found a boolean";
    check("{ bootstrap = \"bookworm\" }", "true", &[base]);
}

#[test]
fn missing_keys_are_told_at_their_tables_header() {
    check("schema = 1", "", &["1:1: missing key `schema`"]);
    check("device = \"cpu\"", "", &["11:1: missing key `device`"]);
    check("version = \"4.2.3\"", "", &["27:1: missing key `version`"]);
    check("url = \"/srv/models\"", "", &["22:1: missing key `url`"]);
    check("bootstrap = \"bookworm\"", "", &["32:8: missing key `bootstrap`"]);
    check("tf-dev = \"debian\"", "", &["33:1: missing key `tf-dev`"]);
}

#[test]
fn references_inside_the_file_must_lead_somewhere() {
    check("= \"sample\"", "= \"sampel\"", &["2:19: unknown profile `sampel`, did you mean `sample`?"]);
    check("= \"debian\"", "= \"debain\"", &["34:10: unknown tf-dev image `debain`, did you mean `debian`?"]);
    check("= \"debian\"", "= \"cuda\"", &["34:10: unknown tf-dev image `cuda`, known: debian"]);
    check("devices.cpu", "devices.tpu", &["33:26: unknown device `tpu`, it is `cpu` or `gpu`"]);
    check("device = \"cpu\"", "device = \"tpu\"", &["12:10: unknown device `tpu`, it is `cpu` or `gpu`"]);
    let contradiction = "12:10: device `gpu` contradicts the name, `cpu-fast` must begin with `gpu-`";
    check("device = \"cpu\"", "device = \"gpu\"", &[contradiction]);
}

#[test]
fn names_and_versions_are_checked() {
    let name =
        "11:11: `fast` is no variant name: it is `cpu-` or `gpu-` followed by lower-case letters, digits or hyphens";
    check("variants.cpu-fast", "variants.fast", &[name]);
    check("\"4.2.3\"", "\"4.2\"", &["28:11: `4.2` is no Bazel version: write all three numbers, such as `7.4.1`"]);
    check("schema = 1", "schema = 2", &["1:10: schema 2 is foreign, this xtask reads schema 1"]);
    check("//a:b", "a:b", &["17:9: `a:b` is no Bazel label: write `//package:name`"]);
    check("team =", "\"\" =", &["4:12: `` must be one word that does not begin with a hyphen"]);
    let variable =
        "8:21: `$KEY` is no name of an environment variable: use letters, digits and `_`, with no digit first";
    check("\"KEY\"", "\"$KEY\"", &[variable]);
    check("X-Key =", "\"X Key\" =", &["8:13: `X Key` is no name of an HTTP header"]);
    let twice = "8:28: header `x-key` is given twice: headers ignore case";
    check("\"KEY\" }", "\"KEY\", x-key = \"A\" }", &[twice]);
    let bundle = "4:13: `hots` is neither `host` nor `none` nor a file, did you mean `host`?";
    check("labels = { team = \"a\" }", "ca-bundle = \"hots\"", &[bundle]);
}

#[test]
fn addresses_are_checked_by_what_they_are_for() {
    let mirror = "10:37: `ftp://` is no way to fetch sources, use https, http, ssh, git or file, an absolute path, \
                  or `git@host:path`";
    check("file:///srv/", "ftp://srv/", &[mirror]);
    let farm = "8:19: `http` is not the beginning of an address, begin it with one of grpcs://, grpc://, unix://";
    check("headers = { X-Key = \"KEY\" }", "remote-executor = \"http://farm\"", &[farm]);
    let secret = "8:16: the address carries a password, which would be shown and recorded: take it out";
    check("headers = { X-Key = \"KEY\" }", "remote-cache = \"https://me:hunter2@cache\"", &[secret]);
    let host = "4:8: `docker` is not the beginning of an address, begin it with one of unix://, npipe://, tcp://, \
                http://, https://, ssh://";
    check("labels = { team = \"a\" }", "host = \"docker://x\"", &[host]);
    let file = "31:14: path `/etc/x` is absolute, it is given from the root";
    check("docker/x", "/etc/x", &[file]);
}

#[test]
fn quantities_are_checked() {
    let count = |found: &str| format!("6:8: expected a whole number from 1 to 4294967295, found {found}");
    for bad in ["0", "-1", "99999999999999999999"] {
        check("stall-after = \"5m\"", &format!("jobs = {bad}"), &[&count(bad)]);
    }
    let time = "6:15: `5min` is no time: write whole hours, minutes or seconds, such as `1h30m` or `90s`";
    check("\"5m\"", "\"5min\"", &[time]);
    let size = "6:10: `2G` is no size: write a whole number and KiB, MiB, GiB or TiB, such as `2GiB` or `512MiB`";
    check("stall-after = \"5m\"", "memory = \"2G\"", &[size]);
}

#[test]
fn copts_keep_to_the_promised_features() {
    check("\"-O3\"", "\"O3\"", &["13:19: copt `O3` does not begin with `-`"]);
    check("[\"avx\"]", "[\"avx22\"]", &["14:17: unknown CPU feature `avx22`, did you mean `avx2`?"]);
    check("\"-O3\"", "\"-mavx2\"", &["13:19: copt `-mavx2` demands `avx2`, which `cpu-features` lacks"]);
    check(
        "cpu-features = [\"avx\"]",
        "cpu-features = []",
        &["13:10: copt `-mavx` demands `avx`, which `cpu-features` lacks"],
    );
    for march in ["-march=native", "-march=pentium9"] {
        let expected = format!(
            "13:10: `{march}` does not tell which CPU features it brings, list them in `cpu-features`, \
             or list those you know there and set `exact = false`"
        );
        check("\"-mavx\", \"-O3\"]\ncpu-features = [\"avx\"]", &format!("\"{march}\"]"), &[&expected]);
        let listed = GOOD.replacen("\"-mavx\"", &format!("\"{march}\""), 1);
        assert!(Config::parse(&listed, "c").is_ok(), "{march}");
    }
}

#[test]
fn features_are_those_promised_and_those_demanded() {
    let of = |from: &str, to: &str| -> Vec<String> {
        let config = Config::parse(&GOOD.replacen(from, to, 1), "c").unwrap_or_else(|error| panic!("{error}"));
        config.variants.values().flat_map(|variant| &variant.cpu_features).map(ToString::to_string).collect()
    };
    assert_eq!(of("cpu-features = [\"avx\"]", ""), ["avx"]);
    assert_eq!(of("[\"avx\"]", "[\"avx2\"]"), ["avx", "avx2"]);
    assert_eq!(of("copts = [\"-mavx\", \"-O3\"]\ncpu-features = [\"avx\"]", ""), [""; 0]);
}

#[test]
fn sources_are_pinned_distinct_and_inside() {
    let commit =
        "25:10: `main` is not a commit ID: 40 hexadecimal digits are wanted (branches, tags and short IDs can move)";
    check("aeb8cfcba8512c0a3ca3e50b057b7981d35f512f", "main", &[commit]);
    check(
        "[[profiles.sample.sources]]",
        "tree = \"x\"\n[[profiles.sample.sources]]",
        &["18:1: `tree` and `sources` exclude each other, keep one"],
    );
    let start = GOOD.find("[[profiles").expect("sources");
    let end = GOOD.find("[profiles.sample.bazel").expect("bazel");
    check(&GOOD[start..end], "", &["15:1: missing key `sources` or `tree`"]);
    check(&GOOD[start..end], "sources = []\n", &["18:11: `sources` is empty, a profile needs at least one"]);
    check(&GOOD[start..end], "tree = \"../x\"\n", &["18:8: path `../x` contains `..`, it must stay inside the root"]);
    check("path = \"models\"", "path = \"/x\"", &["26:8: path `/x` is absolute, it is given from the root"]);
    check("name = \"models\"", "name = \"serving\"", &["23:8: source name `serving` is taken by an earlier source"]);
    check("path = \"models\"", "", &["22:1: this source has no `path`, but the root is taken by source `serving`"]);
    let path = "22:8: path `models` is taken by source `serving`";
    check("d3116\"\n[[", "d3116\"\npath = \"models\"\n[[", &[&path.replace("22", "27")]);
    let url = "24:7: `ftp://` is no way to fetch sources, use https, http, ssh, git or file, an absolute path, \
               or `git@host:path`";
    check("/srv/models", "ftp://x/y", &[url]);
}

#[test]
fn flags_that_xtask_sets_itself_are_refused_with_the_key_to_use() {
    let flag = |flag: &str, told: &str| check("\"-c\", \"opt\"", &format!("\"-c\", \"{flag}\""), &[told]);
    flag("--jobs=3", "29:16: `--jobs` is set by xtask itself, use `jobs` in [resources] instead");
    flag("-j", "29:16: `-j` is set by xtask itself, use `jobs` in [resources] instead");
    let cache = "29:16: `--disk_cache` is set by xtask itself, \
                 leave it out or, for a cache of your own, use `remote-cache` in [bazel] instead";
    flag("--disk_cache=/x", cache);
    let downloads = "29:16: `--repository_cache` is set by xtask itself, \
                     leave it out: downloads are kept, and `mirrors` in [sources] says where sources come from";
    flag("--repository_cache", downloads);
    let prefix = "29:16: `--symlink_prefix` is set by xtask itself, leave it out: binaries are copied to `bin/`";
    flag("--symlink_prefix=/", prefix);
    let base = "`--output_base` is set by xtask itself, leave it out: every variant has a volume of its own";
    flag("--output_base=/x", &format!("29:16: {base}"));
    check("version =", "startup = [\"--output_base\"]\nversion =", &[&format!("28:12: {base}")]);
    check("device =", "flags = [\"--output_base\"]\ndevice =", &[&format!("12:10: {base}")]);
    check("tf-dev = ", "flags = [\"--output_base\"]\ntf-dev = ", &[&format!("34:10: {base}")]);
}

#[test]
fn all_mistakes_are_told_in_one_go() {
    let changes = [
        ("schema = 1", "schema = 3"),
        ("\"sample\"", "\"smple\""),
        ("[resources]", "network = 7\n[resources]\njobs = 0"),
        ("\"5m\"", "5 m"),
        ("device = \"cpu\"", "devise = \"cpu\""),
        ("\"-O3\"", "\"-mfma\""),
        ("//a:b", "/a"),
        ("bc7e", "tag-"),
        ("path = \"models\"", "path = \"é/../x\""),
        ("4.2.3", "four"),
        ("\"opt\"", "\"opt\", \"-j\""),
        ("= \"debian\"", "= \"debia\""),
    ];
    let text = changes.iter().fold(GOOD.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
    let expected = "\
conf/config.toml:1:10: schema 3 is foreign, this xtask reads schema 1
conf/config.toml:2:19: unknown profile `smple`, did you mean `sample`?
conf/config.toml:5:11: expected a string, found an integer
conf/config.toml:7:8: expected a whole number from 1 to 4294967295, found 0
conf/config.toml:8:15: string values must be quoted, expected literal string
conf/config.toml:13:1: missing key `device`
conf/config.toml:14:1: unknown key `devise`, did you mean `device`?
conf/config.toml:15:19: copt `-mfma` demands `fma`, which `cpu-features` lacks
conf/config.toml:19:9: `/a` is no Bazel label: write `//package:name`
conf/config.toml:23:10: `tag-9d2b9a419294c4526e293c2df8727b0d3116` is not a commit ID: 40 \
hexadecimal digits are wanted (branches, tags and short IDs can move)
conf/config.toml:28:8: path `é/../x` contains `..`, it must stay inside the root
conf/config.toml:30:11: `four` is no Bazel version: write all three numbers, such as `7.4.1`
conf/config.toml:31:23: `-j` is set by xtask itself, use `jobs` in [resources] instead
conf/config.toml:36:10: unknown tf-dev image `debia`, did you mean `debian`?
14 mistakes in conf/config.toml; nothing was started";
    assert_eq!(Config::parse(&text, "conf/config.toml").expect_err("mistakes").to_string(), expected);
}
