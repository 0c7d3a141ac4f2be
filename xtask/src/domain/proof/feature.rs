//! CPU features, named as Linux names them in `/proc/cpuinfo`, and which feature brings which others along.
//! Compiler flags (`copts`) and instruction decoding (`isa`) are elsewhere; no machine is asked anything here.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One CPU feature in the kernel's spelling, such as `avx2`; ordered from the oldest to the youngest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Feature(u8);

/// Why a word is no CPU feature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown CPU feature `{word}`{}", suggestion(.nearest))]
pub struct FeatureError {
    /// The word as given.
    pub word: String,
    /// The known feature that looks most like it.
    pub nearest: Option<Feature>,
}

/// Every known feature, oldest first, with the features a machine (or compiler) that has it must have too.
///
/// The kernel shows no line for the youngest ones (`avx_vnni_int8`, `sm4`, ...); they are listed so that code using
/// them is seen at all. `sse4_2` brings `popcnt` because the compilers switch it on together.
const KNOWN: &[(&str, &[&str])] = &[
    ("sse", &[]),
    ("sse2", &["sse"]),
    ("pni", &["sse2"]),
    ("ssse3", &["pni"]),
    ("sse4_1", &["ssse3"]),
    ("popcnt", &[]),
    ("sse4_2", &["sse4_1", "popcnt"]),
    ("sse4a", &["pni"]),
    ("cx16", &[]),
    ("lahf_lm", &[]),
    ("movbe", &[]),
    ("abm", &["popcnt"]),
    ("bmi1", &[]),
    ("bmi2", &[]),
    ("adx", &[]),
    ("tbm", &[]),
    ("aes", &["sse2"]),
    ("pclmulqdq", &["sse2"]),
    ("sha_ni", &["sse2"]),
    ("gfni", &["sse2"]),
    ("avx", &["sse4_2"]),
    ("f16c", &["avx"]),
    ("fma", &["avx"]),
    ("fma4", &["avx", "sse4a"]),
    ("xop", &["fma4"]),
    ("avx2", &["avx"]),
    ("vaes", &["aes", "avx2"]),
    ("vpclmulqdq", &["pclmulqdq", "avx2"]),
    ("avx_vnni", &["avx2"]),
    ("avx_ifma", &["avx2"]),
    ("avx_vnni_int8", &["avx2"]),
    ("avx_vnni_int16", &["avx2"]),
    ("avx_ne_convert", &["avx2"]),
    ("sha512", &["avx2"]),
    ("sm3", &["avx"]),
    ("sm4", &["avx2"]),
    ("avx512f", &["avx2", "fma", "f16c"]),
    ("avx512cd", &["avx512f"]),
    ("avx512er", &["avx512f"]),
    ("avx512pf", &["avx512f"]),
    ("avx512dq", &["avx512f"]),
    ("avx512bw", &["avx512f"]),
    ("avx512vl", &["avx512f"]),
    ("avx512ifma", &["avx512f"]),
    ("avx512vbmi", &["avx512bw"]),
    ("avx512_4vnniw", &["avx512f"]),
    ("avx512_4fmaps", &["avx512f"]),
    ("avx512_vpopcntdq", &["avx512f"]),
    ("avx512_vnni", &["avx512f"]),
    ("avx512_vbmi2", &["avx512bw"]),
    ("avx512_bitalg", &["avx512bw"]),
    ("avx512_vp2intersect", &["avx512f"]),
    ("avx512_bf16", &["avx512bw"]),
    ("avx512_fp16", &["avx512bw", "avx512dq", "avx512vl"]),
    ("amx_tile", &[]),
    ("amx_int8", &["amx_tile"]),
    ("amx_bf16", &["amx_tile"]),
    ("amx_fp16", &["amx_tile"]),
    ("amx_complex", &["amx_tile"]),
];

impl Feature {
    /// How many features are known; each has an index below this.
    pub const COUNT: usize = KNOWN.len();

    /// All known features, oldest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).take(Self::COUNT).map(Self)
    }

    /// Position among the known features, oldest first.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The kernel's spelling.
    pub fn name(self) -> &'static str {
        KNOWN[self.index()].0
    }

    /// Whether every x86-64 machine has it, so that its use proves nothing and can break nothing.
    pub fn is_baseline(self) -> bool {
        matches!(self.name(), "sse" | "sse2")
    }

    /// Whether a compiler allowed to use it surely does so somewhere in a server's worth of code.
    ///
    /// Others (`movbe`, `aes`, `avx512cd`, ...) may be allowed and rightly never appear: `-march=haswell` permits a dozen.
    pub fn is_telling(self) -> bool {
        matches!(self.name(), "sse4_1" | "avx" | "avx2" | "fma" | "avx512f")
    }

    fn implied(self) -> impl Iterator<Item = Self> {
        KNOWN[self.index()].1.iter().filter_map(|name| exact(name))
    }
}

/// The features together with everything they imply: `avx2` brings `avx`, `sse4_2`, `sse4_1`, `ssse3`, ...
pub fn closure(features: &BTreeSet<Feature>) -> BTreeSet<Feature> {
    let mut closed = BTreeSet::new();
    let mut open: Vec<Feature> = features.iter().copied().collect();
    while let Some(feature) = open.pop() {
        if closed.insert(feature) {
            open.extend(feature.implied());
        }
    }
    closed
}

/// The needed features that a machine lacks, given its `/proc/cpuinfo` (or just the words of one `flags` line).
///
/// Where several processors are listed, a feature must be on all of them: a thread may run on any.
pub fn missing(needed: &BTreeSet<Feature>, cpu_flags: &str) -> BTreeSet<Feature> {
    let mut processors: Vec<BTreeSet<&str>> = cpu_flags
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(key, _)| key.trim() == "flags")
        .map(|(_, flags)| flags.split_whitespace().collect())
        .collect();
    if processors.is_empty() {
        processors.push(cpu_flags.split_whitespace().collect());
    }
    let lacks = |feature: &Feature| !processors.iter().all(|flags| flags.contains(feature.name()));
    needed.iter().copied().filter(lacks).collect()
}

fn exact(word: &str) -> Option<Feature> {
    Feature::all().find(|feature| feature.name() == word)
}

impl FromStr for Feature {
    type Err = FeatureError;

    fn from_str(word: &str) -> Result<Self, FeatureError> {
        exact(word).ok_or_else(|| FeatureError { word: word.into(), nearest: nearest(word) })
    }
}

/// The known feature most like `word`, if any is like it at all; compiler spellings (`sse4.1`) come out right.
fn nearest(word: &str) -> Option<Feature> {
    // Far longer than any feature: no typing slip, and the comparison below is quadratic.
    if word.len() > 40 {
        return None;
    }
    let squeeze = |text: &str| text.to_lowercase().replace(['.', '_', '-'], "");
    let wanted = squeeze(word);
    let (distance, feature) =
        Feature::all().map(|feature| (edits(&wanted, &squeeze(feature.name())), feature)).min()?;
    (distance <= 1 + wanted.chars().count() / 4).then_some(feature)
}

/// Insertions, deletions and replacements that turn `from` into `to`.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

fn suggestion(nearest: &Option<Feature>) -> String {
    nearest.map(|feature| format!(", did you mean `{feature}`?")).unwrap_or_default()
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Feature> for String {
    fn from(feature: Feature) -> Self {
        feature.name().into()
    }
}

impl TryFrom<String> for Feature {
    type Error = FeatureError;

    fn try_from(word: String) -> Result<Self, FeatureError> {
        word.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &str) -> BTreeSet<Feature> {
        words.split_whitespace().map(|word| word.parse().unwrap()).collect()
    }

    #[track_caller]
    fn check_error(word: &str, message: &str) {
        assert_eq!(word.parse::<Feature>().unwrap_err().to_string(), message);
    }

    #[test]
    fn misspelt_feature_gets_a_suggestion() {
        check_error("avx22", "unknown CPU feature `avx22`, did you mean `avx2`?");
        check_error("sse4.1", "unknown CPU feature `sse4.1`, did you mean `sse4_1`?");
        check_error("AVX512F", "unknown CPU feature `AVX512F`, did you mean `avx512f`?");
        check_error("avx512vnni", "unknown CPU feature `avx512vnni`, did you mean `avx512_vnni`?");
        check_error("quantum", "unknown CPU feature `quantum`");
        check_error("", "unknown CPU feature ``");
        check_error(&"x".repeat(41), &format!("unknown CPU feature `{}`", "x".repeat(41)));
    }

    #[test]
    fn every_implied_name_is_known() {
        for (name, implied) in KNOWN {
            for other in *implied {
                assert!(exact(other).is_some(), "{name} implies the unknown {other}");
            }
        }
        assert_eq!(Feature::all().count(), Feature::COUNT);
    }

    #[test]
    fn closure_follows_the_chain() {
        assert_eq!(closure(&set("avx2")), set("sse sse2 pni ssse3 sse4_1 popcnt sse4_2 avx avx2"));
        assert!(closure(&set("fma")).contains(&"avx".parse().unwrap()));
        assert!(closure(&set("avx512_bf16")).is_superset(&set("avx512bw avx512f avx2 fma sse4_1")));
        assert!(closure(&set("popcnt")) == set("popcnt"));
    }

    #[test]
    fn missing_features_are_those_not_on_every_processor() {
        let cpuinfo =
            "processor\t: 0\nflags\t\t: fpu sse2 avx avx2 fma\nprocessor\t: 1\nflags\t\t: fpu sse2 avx avx2\n";
        assert_eq!(missing(&set("avx avx2 fma avx512f"), cpuinfo), set("fma avx512f"));
        assert_eq!(missing(&set("avx avx2"), "fpu avx"), set("avx2"));
        assert_eq!(missing(&set("avx avx2"), cpuinfo), set(""));
    }

    #[test]
    fn features_are_strings_in_json_even_as_keys() {
        let features = set("avx2 sse4_1");
        let json = serde_json::to_string(&features).unwrap();
        assert_eq!(json, r#"["sse4_1","avx2"]"#);
        assert_eq!(serde_json::from_str::<BTreeSet<Feature>>(&json).unwrap(), features);
        assert!(serde_json::from_str::<Feature>("\"avx22\"").unwrap_err().to_string().contains("did you mean `avx2`"));
        let keyed: std::collections::BTreeMap<Feature, u8> = [("fma".parse().unwrap(), 1)].into();
        assert_eq!(serde_json::to_string(&keyed).unwrap(), r#"{"fma":1}"#);
    }
}
