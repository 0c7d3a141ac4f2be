//! Which CPU features each instruction form needs, from the decoder's CPUID data to the kernel's names.
//! Counting them in code is `isa`'s work.

use std::sync::LazyLock;

use iced_x86::{Code, CpuidFeature, Mnemonic};

use super::feature::Feature;

/// For each instruction form the features it needs, one bit each, by `Feature::index`.
pub static MASKS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mask = |code: Code| {
        // `rep bsf` is how compilers write `bsf` for every machine; those with BMI1 run it as `tzcnt`, the others as
        // `bsf`, with the same result for what the compiler asks. It is no sign of BMI1 and cannot fault. `lzcnt`
        // stays counted: older machines run it as `bsr`, which gives another number, silently.
        if matches!(code.mnemonic(), Mnemonic::Tzcnt) {
            return 0;
        }
        let features = code.cpuid_features().iter().filter_map(|cpuid| feature(*cpuid));
        features.fold(0, |mask, feature: Feature| mask | 1 << feature.index())
    };
    let mut masks = vec![0; Code::values().len()];
    for code in Code::values() {
        masks[code as usize] = mask(code);
    }
    masks
});

// One bit each must suffice.
const _: () = assert!(Feature::COUNT <= 64);

fn feature(cpuid: CpuidFeature) -> Option<Feature> {
    kernel_name(cpuid)?.parse().ok()
}

/// The kernel's name of a feature that counts.
///
/// Left out on purpose: what every x86-64 machine has (x87, MMX, SSE, SSE2, `cmov`, `fxsr`); hints that older machines
/// run as no-ops (`endbr64`, long `nop`, `pause`, `prefetchw`, the `xacquire` prefixes); and system or query
/// instructions that libraries guard themselves (`cpuid`, `xgetbv`, `xsave`, `rdtscp`, `rdrand`, `xbegin`, `clwb`,
/// `cmpxchg16b`): they are about the machine, not about how the server was compiled.
fn kernel_name(cpuid: CpuidFeature) -> Option<&'static str> {
    Some(match cpuid {
        CpuidFeature::SSE3 => "pni",
        CpuidFeature::SSSE3 => "ssse3",
        CpuidFeature::SSE4_1 => "sse4_1",
        CpuidFeature::SSE4_2 => "sse4_2",
        CpuidFeature::SSE4A => "sse4a",
        CpuidFeature::POPCNT => "popcnt",
        CpuidFeature::MOVBE => "movbe",
        CpuidFeature::LZCNT => "abm",
        CpuidFeature::BMI1 => "bmi1",
        CpuidFeature::BMI2 => "bmi2",
        CpuidFeature::ADX => "adx",
        CpuidFeature::TBM => "tbm",
        CpuidFeature::AES => "aes",
        CpuidFeature::PCLMULQDQ => "pclmulqdq",
        CpuidFeature::SHA => "sha_ni",
        CpuidFeature::GFNI => "gfni",
        CpuidFeature::AVX => "avx",
        CpuidFeature::F16C => "f16c",
        CpuidFeature::FMA => "fma",
        CpuidFeature::FMA4 => "fma4",
        CpuidFeature::XOP => "xop",
        CpuidFeature::AVX2 => "avx2",
        CpuidFeature::VAES => "vaes",
        CpuidFeature::VPCLMULQDQ => "vpclmulqdq",
        CpuidFeature::AVX_VNNI => "avx_vnni",
        CpuidFeature::AVX_IFMA => "avx_ifma",
        CpuidFeature::AVX_VNNI_INT8 => "avx_vnni_int8",
        CpuidFeature::AVX_VNNI_INT16 => "avx_vnni_int16",
        CpuidFeature::AVX_NE_CONVERT => "avx_ne_convert",
        CpuidFeature::SHA512 => "sha512",
        CpuidFeature::SM3 => "sm3",
        CpuidFeature::SM4 => "sm4",
        CpuidFeature::AVX512F => "avx512f",
        CpuidFeature::AVX512CD => "avx512cd",
        CpuidFeature::AVX512ER => "avx512er",
        CpuidFeature::AVX512PF => "avx512pf",
        CpuidFeature::AVX512DQ => "avx512dq",
        CpuidFeature::AVX512BW => "avx512bw",
        CpuidFeature::AVX512VL => "avx512vl",
        CpuidFeature::AVX512_IFMA => "avx512ifma",
        CpuidFeature::AVX512_VBMI => "avx512vbmi",
        CpuidFeature::AVX512_4VNNIW => "avx512_4vnniw",
        CpuidFeature::AVX512_4FMAPS => "avx512_4fmaps",
        CpuidFeature::AVX512_VPOPCNTDQ => "avx512_vpopcntdq",
        CpuidFeature::AVX512_VNNI => "avx512_vnni",
        CpuidFeature::AVX512_VBMI2 => "avx512_vbmi2",
        CpuidFeature::AVX512_BITALG => "avx512_bitalg",
        CpuidFeature::AVX512_VP2INTERSECT => "avx512_vp2intersect",
        CpuidFeature::AVX512_BF16 => "avx512_bf16",
        CpuidFeature::AVX512_FP16 => "avx512_fp16",
        CpuidFeature::AMX_TILE => "amx_tile",
        CpuidFeature::AMX_INT8 => "amx_int8",
        CpuidFeature::AMX_BF16 => "amx_bf16",
        CpuidFeature::AMX_FP16 => "amx_fp16",
        CpuidFeature::AMX_COMPLEX => "amx_complex",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counted_name_is_a_known_feature_and_has_instructions() {
        let counted = MASKS.iter().fold(0, |all, mask| all | mask);
        let uncounted: Vec<&str> =
            Feature::all().filter(|feature| counted & 1 << feature.index() == 0).map(Feature::name).collect();
        assert_eq!(uncounted, ["sse", "sse2", "cx16", "lahf_lm"]);
        for cpuid in CpuidFeature::values() {
            assert!(kernel_name(cpuid).is_none_or(|name| name.parse::<Feature>().is_ok()), "{cpuid:?}");
        }
    }
}
