//! CPU features as labels of nodes: what node feature discovery (NFD) shows, what it hides, and what a label that it shows
//! tells of features that it hides.

use std::collections::BTreeSet;

use crate::domain::proof::{Feature, feature::closure};

/// Before a flag's name; the value is `true`.
pub const PREFIX: &str = "feature.node.kubernetes.io/cpu-cpuid.";

/// The kernel's name of a feature -> NFD's, as its CPU library (klauspost/cpuid) spells it.
const FLAGS: &[(&str, &str)] = &[
    ("pni", "SSE3"),
    ("ssse3", "SSSE3"),
    ("sse4_1", "SSE4"),
    ("sse4_2", "SSE42"),
    ("sse4a", "SSE4A"),
    ("popcnt", "POPCNT"),
    ("cx16", "CX16"),
    ("lahf_lm", "LAHF"),
    ("movbe", "MOVBE"),
    ("abm", "LZCNT"),
    ("bmi1", "BMI1"),
    ("bmi2", "BMI2"),
    ("adx", "ADX"),
    ("tbm", "TBM"),
    ("aes", "AESNI"),
    ("pclmulqdq", "CLMUL"),
    ("sha_ni", "SHA"),
    ("gfni", "GFNI"),
    ("avx", "AVX"),
    ("f16c", "F16C"),
    ("fma", "FMA3"),
    ("fma4", "FMA4"),
    ("xop", "XOP"),
    ("avx2", "AVX2"),
    ("vaes", "VAES"),
    ("vpclmulqdq", "VPCLMULQDQ"),
    ("avx_vnni", "AVXVNNI"),
    ("avx_ifma", "AVXIFMA"),
    ("avx_vnni_int8", "AVXVNNIINT8"),
    ("avx_ne_convert", "AVXNECONVERT"),
    ("avx512f", "AVX512F"),
    ("avx512cd", "AVX512CD"),
    ("avx512er", "AVX512ER"),
    ("avx512pf", "AVX512PF"),
    ("avx512dq", "AVX512DQ"),
    ("avx512bw", "AVX512BW"),
    ("avx512vl", "AVX512VL"),
    ("avx512ifma", "AVX512IFMA"),
    ("avx512vbmi", "AVX512VBMI"),
    ("avx512_vpopcntdq", "AVX512VPOPCNTDQ"),
    ("avx512_vnni", "AVX512VNNI"),
    ("avx512_vbmi2", "AVX512VBMI2"),
    ("avx512_bitalg", "AVX512BITALG"),
    ("avx512_vp2intersect", "AVX512VP2INTERSECT"),
    ("avx512_bf16", "AVX512BF16"),
    ("avx512_fp16", "AVX512FP16"),
    ("amx_tile", "AMXTILE"),
    ("amx_int8", "AMXINT8"),
    ("amx_bf16", "AMXBF16"),
    ("amx_fp16", "AMXFP16"),
];

/// Of those, what NFD makes no label of unless told to (`attributeBlacklist` in its source/cpu/cpu.go).
const HIDDEN: &[&str] = &["BMI1", "BMI2", "CLMUL", "CX16", "F16C", "LZCNT", "POPCNT", "SSE3", "SSE4", "SSE42", "SSSE3"];

/// Every CPU with the first has the second too. AVX is younger than all of x86-64-v2; no CPU has both AVX2 and FMA and
/// lacks another feature of x86-64-v3 (levels: x86-64 psABI, "Microarchitecture levels"). What one feature alone brings
/// is the compilers' order, in `proof::feature`.
const TOLD_BY: &[(&[&str], &[&str])] = &[
    (&["avx"], &["pni", "ssse3", "sse4_1", "sse4_2", "popcnt", "cx16", "lahf_lm"]),
    (&["avx2", "fma"], &["abm", "bmi1", "bmi2", "f16c", "movbe"]),
    (&["vpclmulqdq"], &["pclmulqdq"]),
];

/// The kernel's name of the feature behind a flag: `avx2` of `AVX2`; the flag itself, in small letters, where it is not known.
pub fn feature(flag: &str) -> String {
    let known = FLAGS.iter().find(|(_, shown)| *shown == flag);
    known.map_or_else(|| flag.to_lowercase(), |(feature, _)| (*feature).to_owned())
}

/// Features that no label of a node tells of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no node label tells of {}: {}",
    .0.iter().map(|feature| feature.name()).collect::<Vec<_>>().join(", "),
    "node feature discovery hides it or does not know it. Build the variant with a feature that brings it and has a label \
     (-mavx brings SSE4 and POPCNT, -mavx2 with -mfma F16C, BMI and LZCNT), or without it, and push again; or serve the \
     image `auto`, which finds out when it starts"
)]
pub struct NotSelectable(pub Vec<Feature>);

/// The fewest flags of nodes whose CPUs have all these features, sorted.
pub fn flags(features: &BTreeSet<Feature>) -> Result<Vec<&'static str>, NotSelectable> {
    let labelled: BTreeSet<Feature> = features.iter().copied().filter(|feature| shown(*feature).is_some()).collect();
    let told = told_by(&labelled);
    let silent: Vec<Feature> =
        features.iter().copied().filter(|feature| !feature.is_baseline() && !told.contains(feature)).collect();
    if !silent.is_empty() {
        return Err(NotSelectable(silent));
    }
    // The youngest stay: what they tell of needs no label of its own.
    let mut kept = labelled.clone();
    for feature in &labelled {
        let others: BTreeSet<Feature> = kept.iter().copied().filter(|other| other != feature).collect();
        if told_by(&others).contains(feature) {
            kept = others;
        }
    }
    let mut flags: Vec<&'static str> = kept.into_iter().filter_map(shown).collect();
    flags.sort_unstable();
    Ok(flags)
}

fn shown(feature: Feature) -> Option<&'static str> {
    let flag = FLAGS.iter().find(|(name, _)| *name == feature.name()).map(|(_, flag)| *flag)?;
    (!HIDDEN.contains(&flag)).then_some(flag)
}

/// All that CPUs with these labels have.
fn told_by(labelled: &BTreeSet<Feature>) -> BTreeSet<Feature> {
    let mut told = closure(labelled);
    let has = |told: &BTreeSet<Feature>, name: &&str| told.iter().any(|feature| feature.name() == *name);
    for (labels, features) in TOLD_BY {
        if labels.iter().all(|name| has(&told, name)) {
            told.extend(features.iter().filter_map(|name| name.parse::<Feature>().ok()));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(features: &str, expected: &str) {
        let features = features.split_whitespace().map(|name| name.parse().expect(name)).collect();
        let told = match flags(&features) {
            Ok(flags) => flags.join(" "),
            Err(NotSelectable(silent)) => format!("silent: {silent:?}"),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn labels_are_the_fewest_that_tell_of_all() {
        check("sse4_1 sse4_2 avx avx2 fma", "AVX2 FMA3");
        check("sse4_2 avx", "AVX");
        check("", "");
        check("sse sse2", "");
        check("avx2 fma f16c bmi1 bmi2 abm movbe popcnt", "AVX2 FMA3");
        check("avx512f avx2 fma f16c", "AVX512F");
        check("avx512f avx512bw avx512_vnni amx_tile amx_bf16", "AMXBF16 AVX512BW AVX512VNNI");
    }

    #[test]
    fn hidden_features_that_nothing_tells_of_are_named() {
        check("sse4_2", "silent: [sse4_2]");
        check("avx2 bmi2", "silent: [bmi2]");
        check("avx pclmulqdq", "silent: [pclmulqdq]");
        check("vpclmulqdq pclmulqdq", "VPCLMULQDQ");
        check("avx512_4fmaps", "silent: [avx512_4fmaps]");
        let error = NotSelectable(vec!["bmi2".parse().expect("known")]).to_string();
        assert!(error.contains("no node label tells of bmi2") && error.contains("push again"), "{error}");
    }

    #[test]
    fn tables_name_only_what_is_known() {
        let known = |name: &&str| name.parse::<Feature>().is_ok();
        assert!(FLAGS.iter().map(|(name, _)| name).all(known));
        assert!(TOLD_BY.iter().flat_map(|(labels, told)| labels.iter().chain(*told)).all(known));
        assert!(HIDDEN.iter().all(|hidden| FLAGS.iter().any(|(_, flag)| flag == hidden)));
    }
}
