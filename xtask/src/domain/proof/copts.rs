//! What compiler flags allow the compiler to use, as CPU features.
//! It reads GCC's and Clang's x86 spellings; which flags a variant has is decided elsewhere.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::feature::{Feature, closure};

/// The features some copts ask for, and what was said about the machine as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Features named by `-m...` or contained in a known `-march=`; `closure` adds what they imply.
    pub features: BTreeSet<Feature>,
    /// What `-march=` said; `Native` and `Unknown` mean that `features` may be only a part.
    pub march: March,
}

/// The machine named by the last `-march=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum March {
    /// No `-march=` among the copts.
    Unset,
    /// A machine whose features we know.
    Known(String),
    /// Whatever the building machine is: its features cannot be told from the flags.
    Native,
    /// A machine we know nothing about.
    Unknown(String),
}

impl March {
    /// Whether the flags alone tell all the features.
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::Unset | Self::Known(_))
    }
}

/// Reads copts as a compiler would: `-march=` first, the last one counting, then `-mX` and `-mno-X` in their order.
pub fn from_copts(copts: &[String]) -> Demand {
    let march = match copts.iter().rev().find_map(|copt| copt.strip_prefix("-march=")) {
        None => March::Unset,
        Some("native") => March::Native,
        Some(name) if machine(name).is_some() => March::Known(name.into()),
        Some(name) => March::Unknown(name.into()),
    };
    let mut features = match &march {
        March::Known(name) => machine(name).unwrap_or_default(),
        _ => BTreeSet::new(),
    };
    for flag in copts.iter().filter_map(|copt| copt.strip_prefix("-m")) {
        if let Some(feature) = flag.strip_prefix("no-").and_then(of_flag) {
            // Without `sse4_2` there is no `avx` either: all that stands on the feature falls with it.
            let stands_on = |other: &Feature| closure(&BTreeSet::from([*other])).contains(&feature);
            features = closure(&features).into_iter().filter(|other| !stands_on(other)).collect();
        } else if let Some(feature) = of_flag(flag) {
            features.insert(feature);
        }
    }
    Demand { features, march }
}

/// The feature a flag without its `-m` names; flags about other things (`tune=...`, `cmodel=...`) name none.
fn of_flag(flag: &str) -> Option<Feature> {
    let kernel = match flag {
        "sse3" => "pni",
        "sse4" => "sse4_2",
        "bmi" => "bmi1",
        "lzcnt" => "abm",
        "pclmul" => "pclmulqdq",
        "sha" => "sha_ni",
        "sahf" => "lahf_lm",
        other => other,
    };
    // Apart from those, compilers and kernel differ only in punctuation: `sse4.1`, `avx512vnni`, `amx-tile`.
    let squeeze = |text: &str| text.replace(['.', '_', '-'], "");
    Feature::all().find(|feature| squeeze(feature.name()) == squeeze(kernel))
}

const V2: &str = "pni ssse3 sse4_1 sse4_2 popcnt cx16 lahf_lm";
const V3: &str = "avx avx2 bmi1 bmi2 f16c fma abm movbe";
const V4: &str = "avx512f avx512bw avx512cd avx512dq avx512vl";
const CRYPTO: &str = "aes pclmulqdq";
const ICE_LAKE: &str =
    "avx512ifma avx512vbmi avx512_vbmi2 avx512_vnni avx512_bitalg avx512_vpopcntdq gfni vaes vpclmulqdq sha_ni";
const SAPPHIRE_RAPIDS: &str = "avx512_bf16 avx512_fp16 avx_vnni amx_tile amx_int8 amx_bf16";

/// Features of the machines people build servers for; vendor oddities that no compiler emits are left out.
fn machine(name: &str) -> Option<BTreeSet<Feature>> {
    let parts: &[&str] = match name {
        "x86-64" | "k8" | "nocona" => &[],
        "x86-64-v2" | "nehalem" => &[V2],
        "x86-64-v3" => &[V2, V3],
        "x86-64-v4" => &[V2, V3, V4],
        "westmere" => &[V2, CRYPTO],
        "sandybridge" => &[V2, CRYPTO, "avx"],
        "ivybridge" => &[V2, CRYPTO, "avx f16c"],
        "haswell" | "core-avx2" => &[V2, V3, CRYPTO],
        "broadwell" | "skylake" => &[V2, V3, CRYPTO, "adx"],
        "skylake-avx512" => &[V2, V3, V4, CRYPTO, "adx"],
        "cascadelake" => &[V2, V3, V4, CRYPTO, "adx avx512_vnni"],
        "cooperlake" => &[V2, V3, V4, CRYPTO, "adx avx512_vnni avx512_bf16"],
        "icelake-client" | "icelake-server" => &[V2, V3, V4, CRYPTO, "adx", ICE_LAKE],
        "sapphirerapids" | "emeraldrapids" => &[V2, V3, V4, CRYPTO, "adx", ICE_LAKE, SAPPHIRE_RAPIDS],
        "znver1" | "znver2" => &[V2, V3, CRYPTO, "adx sha_ni sse4a"],
        "znver3" => &[V2, V3, CRYPTO, "adx sha_ni sse4a vaes vpclmulqdq"],
        "znver4" => &[V2, V3, V4, CRYPTO, "adx sse4a avx512_bf16", ICE_LAKE],
        _ => return None,
    };
    let words = parts.iter().flat_map(|part| part.split_whitespace());
    Some(words.filter_map(|word| Feature::from_str(word).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(copts: &str) -> Demand {
        from_copts(&copts.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[track_caller]
    fn check(copts: &str, features: &str) {
        let found: Vec<&str> = demand(copts).features.iter().map(|feature| feature.name()).collect();
        assert_eq!(found.join(" "), features, "{copts}");
    }

    #[test]
    fn single_flags_name_features_in_kernel_spelling() {
        check("-msse4.1 -msse4.2 -mavx -mavx2 -mfma -O3", "sse4_1 sse4_2 avx fma avx2");
        check("-msse3 -mlzcnt -mbmi -mpclmul -msha", "pni abm bmi1 pclmulqdq sha_ni");
        check("-mavx512vnni -mavx512vbmi2 -mamx-tile", "avx512_vnni avx512_vbmi2 amx_tile");
        check("-O3 -mtune=haswell -mcmodel=medium -m64 -DX=-mavx", "");
    }

    #[test]
    fn march_levels_hold_their_features() {
        check("-march=x86-64-v2", "pni ssse3 sse4_1 popcnt sse4_2 cx16 lahf_lm");
        assert!(demand("-march=x86-64-v4").features.is_superset(&demand("-march=x86-64-v3").features));
        assert!(demand("-march=haswell").features.contains(&"avx2".parse().unwrap()));
        assert_eq!(demand("-march=haswell").march, March::Known("haswell".into()));
        check("-march=haswell -march=x86-64", "");
        check("-march=x86-64 -mavx", "avx");
    }

    #[test]
    fn every_word_of_every_machine_is_a_feature() {
        for words in [V2, V3, V4, CRYPTO, ICE_LAKE, SAPPHIRE_RAPIDS, "adx sse4a sha_ni avx f16c"] {
            for word in words.split_whitespace() {
                assert!(word.parse::<Feature>().is_ok(), "{word}");
            }
        }
    }

    #[test]
    fn switched_off_feature_takes_along_what_stands_on_it() {
        check("-mavx2 -mfma -mno-avx2", "sse sse2 pni ssse3 sse4_1 popcnt sse4_2 avx fma");
        check("-mno-avx -mavx", "avx");
        assert!(!demand("-march=x86-64-v4 -mno-avx").features.iter().any(|f| f.name().starts_with("avx")));
    }

    #[test]
    fn native_and_unknown_machines_are_told_apart() {
        assert_eq!(demand("-march=native -mfma").march, March::Native);
        assert_eq!(demand("-march=moonlake").march, March::Unknown("moonlake".into()));
        assert_eq!(demand("-mfma").march, March::Unset);
        assert!(!March::Native.is_certain() && March::Unset.is_certain());
        check("-march=native -mfma", "fma");
    }
}
