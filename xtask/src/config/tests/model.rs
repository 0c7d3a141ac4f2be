//! `[models.NAME]` and what a profile says anew: which keys win, and every mistake with its place.
//! The good file is small and its own; that of all other sections has no model.

use super::*;
use crate::domain::model::{CheckpointSource, Exporter, Model, Network, Scores, Wheel};

const PIN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A file whose `[models.inception]` stands at line 3 and whose profile's at line 20.
fn file(all: &str, own: &str) -> String {
    let start = GOOD.find("[variants").expect("variants");
    let rest = &GOOD[start..];
    let lines = rest.lines().count();
    assert_eq!(lines, 25, "the places below count on it");
    format!(
        "schema = 1\ndefault-profile = \"sample\"\n[models.inception]\n{all}\n{rest}[profiles.sample.models.inception]\n{own}\n"
    )
}

fn model(all: &str, own: &str) -> Model {
    let config = Config::parse(&file(all, own), "c").unwrap_or_else(|error| panic!("{error}"));
    config.profiles["sample"].model.clone()
}

#[track_caller]
fn check(all: &str, own: &str, expected: &[&str]) {
    let complaints = Config::parse(&file(all, own), "c").expect_err("a mistake was made");
    let told: Vec<String> = complaints.list().iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

fn url(url: &str, pin: Option<&str>) -> Option<CheckpointSource> {
    Some(CheckpointSource::Url { url: url.into(), pin: pin.map(String::from) })
}

#[test]
fn every_key_may_be_left_out() {
    let expected = Model {
        name: "inception".into(),
        network: Network::InceptionV3,
        version: 1,
        checkpoint: None,
        scores: Scores::Logits,
        warm_up: Vec::new(),
        exporter: Exporter::Native,
    };
    assert_eq!(model("", ""), expected);
    let without = Config::parse(GOOD, "c").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(without.profiles["sample"].model, expected);
}

#[test]
fn a_profile_says_single_keys_anew() {
    let all = "version = 20260101120000\nscores = \"softmax\"\nwarm-up = [\"x/1.jpg\"]\ncheckpoint = \"../y\"";
    let both = model(all, "network = \"efficientnet-lite0\"\nwarm-up = []");
    let expected = (Network::EfficientNetLite0, 20_260_101_120_000, Scores::Softmax);
    assert_eq!((both.network, both.version, both.scores), expected);
    assert!(both.warm_up.is_empty());
    assert_eq!(both.checkpoint, Some(CheckpointSource::Path("../y".into())));
    assert_eq!(model(all, "").warm_up, ["x/1.jpg"]);
}

#[test]
fn a_pin_stays_with_its_weights() {
    let pinned = format!("checkpoint = \"http://a/b\"\nsha256 = \"{PIN}\"");
    assert_eq!(model(&pinned, "").checkpoint, url("http://a/b", Some(PIN)));
    assert_eq!(model(&pinned, "checkpoint = \"http://c/d\"").checkpoint, url("http://c/d", None));
    let seed = Some(CheckpointSource::Synthetic(7));
    assert_eq!(model(&pinned, "checkpoint = { synthetic = 7 }").checkpoint, seed);
    let other = PIN.replace('0', "f");
    let own = format!("sha256 = \"{other}\"");
    assert_eq!(model("checkpoint = \"http://a/b\"", &own).checkpoint, url("http://a/b", Some(&other)));
}

#[test]
fn a_pin_of_no_download_is_a_mistake() {
    let pin = format!("sha256 = \"{PIN}\"");
    let told = |what: &str| format!("`sha256` pins a download, but the checkpoint is {what}: leave it out");
    check(&format!("checkpoint = {{ synthetic = 7 }}\n{pin}"), "", &[&format!("5:10: {}", told("synthetic"))]);
    check(&format!("checkpoint = \"/srv/x\"\n{pin}"), "", &[&format!("5:10: {}", told("a path"))]);
    check("checkpoint = { synthetic = 7 }", &pin, &[&format!("31:10: {}", told("synthetic"))]);
    let wrong = "is no sha256: 64 hexadecimal digits in lower case are wanted, as `sha256sum` prints them";
    for bad in ["", "abc", &PIN.replace('a', "A"), &format!("{PIN}0")] {
        check(&format!("sha256 = \"{bad}\""), "", &[&format!("4:10: `{bad}` {wrong}")]);
    }
}

#[test]
fn exporters_are_this_program_an_image_or_a_label() {
    let image = "exporter = { image = \"x/y:1\", command = [\"/bin/export\", \"--out=/output\"] }";
    let command = ["/bin/export", "--out=/output"].map(String::from).to_vec();
    assert_eq!(model(image, "").exporter, Exporter::Image { image: "x/y:1".into(), command });
    assert_eq!(model(image, "exporter = \"native\"").exporter, Exporter::Native);
    let bazel = "exporter = { bazel = \"//a:b\", arguments = [\"--x\"], image = \"tf\" }";
    let expected = Exporter::Bazel { label: "//a:b".into(), arguments: vec!["--x".into()], kept: "tf".into() };
    assert_eq!(model("", bazel).exporter, expected);
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    check("network = \"vgg\"", "", &["4:11: unknown network `vgg`, known: inception-v3, efficientnet-lite0"]);
    let whole = "expected a whole number from 1 to 9223372036854775807, found";
    check("version = 0", "", &[&format!("4:11: {whole} 0")]);
    check("version = -1", "", &[&format!("4:11: {whole} -1")]);
    check("version = 9223372036854775808", "", &[&format!("4:11: {whole} 9223372036854775808")]);
    check("scores = \"logit\"", "", &["4:10: unknown scores `logit`, they are `logits` or `softmax`"]);
    check("warm-up = [\"/x\"]", "", &["4:12: path `/x` is absolute, it is given from the root"]);
    let scheme = "`ftp://` is no way to fetch a checkpoint: use http, https or a path";
    check("checkpoint = \"ftp://x/y\"", "", &[&format!("4:14: {scheme}")]);
    check(
        "checkpoint = 5",
        "",
        &["4:14: expected a URL, a path, `{ package = \"…\" }` or `{ synthetic = 2016 }`, found an integer"],
    );
    check("checkpoint = { synthetic = -1 }", "", &["4:28: seed -1 is negative, it is a whole number from 0"]);
    check(
        "checkpoint = { seed = 1 }",
        "",
        &["4:14: missing key `synthetic`", "4:16: unknown key `seed`, known: synthetic"],
    );
    check("exporter = \"natif\"", "", &["4:12: unknown exporter `natif`, did you mean `native`?"]);
    check("exporter = {}", "", &["4:12: missing key `image` or `bazel`"]);
    check(
        "exporter = { bazel = \"a:b\" }",
        "",
        &["4:12: missing key `image`", "4:22: `a:b` is no Bazel label: write `//package:name`"],
    );
    check(
        "exporter = { bazel = \"//a:b\", image = \"tf\", command = [] }",
        "",
        &["4:45: unknown key `command`, known: bazel, arguments, image"],
    );
    check(
        "chekpoint = \"x\"",
        "sha = \"x\"",
        &[
            "4:1: unknown key `chekpoint`, did you mean `checkpoint`?",
            "31:1: unknown key `sha`, known: network, version, checkpoint, sha256, scores, warm-up, exporter",
        ],
    );
}

#[test]
fn a_package_is_named_with_version_and_sum() {
    let package = format!("checkpoint = {{ package = \"a-b\", version = \"0.1.0\", sha256 = \"{PIN}\" }}");
    let expected = Wheel { name: "a-b".into(), version: "0.1.0".into(), pin: PIN.into() };
    assert_eq!(model("network = \"efficientnet-lite0\"", "").scores, Scores::Softmax);
    assert_eq!(model(&package, "").checkpoint, Some(CheckpointSource::Package(expected)));
    let pin = format!("sha256 = \"{PIN}\"");
    let told = "`sha256` pins a download, but the checkpoint is a package, which has its own: leave it out";
    check(&format!("{package}\n{pin}"), "", &[&format!("5:10: {told}")]);
    check(
        "checkpoint = { package = \"--index-url=x\" }",
        "",
        &[
            "4:14: missing key `sha256`",
            "4:14: missing key `version`",
            "4:26: `--index-url=x` is no name or version of a package: use letters, digits, `.`, `_` and `-`, with a letter or \
             digit first",
        ],
    );
}

#[test]
fn models_are_chosen_by_name() {
    let text = |head: &str, own: &str| {
        let start = GOOD.find("[variants").expect("variants");
        let models = "[models.a]\nversion = 2\n[models.b]\n";
        format!("schema = 1\ndefault-profile = \"sample\"\n{head}\n{models}{}{own}\n", &GOOD[start..])
    };
    let chosen = |head: &str, own: &str| {
        let config = Config::parse(&text(head, own), "c").unwrap_or_else(|error| panic!("{error}"));
        let profile = &config.profiles["sample"];
        (profile.model.name.clone(), profile.models.keys().cloned().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(chosen("default-model = \"a\"", ""), ("a".into(), "a b".into()));
    assert_eq!(chosen("default-model = \"a\"", "[profiles.sample.models.c]"), ("a".into(), "a b c".into()));
    let told = |head: &str, own: &str| {
        let complaints = Config::parse(&text(head, own), "c").expect_err("a mistake was made");
        complaints.list().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told("default-model = \"c\"", ""), ["3:17: unknown model `c`, known: a, b"]);
    let name = "[profiles.sample.models.\"../c\"]";
    let wrong = "`../c` is no model name: use letters, digits, `.`, `_` and `-`, with a letter or digit first";
    assert_eq!(told("default-model = \"a\"", name), [format!("32:25: {wrong}")]);
}
