//! Kubernetes' amounts: `100m`, `2`, `64Mi`. Of its suffixes those that the manifests use.

const SUFFIXES: [(&str, u64); 4] = [("m", 1), ("Ki", 1000 << 10), ("Mi", 1000 << 20), ("Gi", 1000 << 30)];

/// A thousand times what it says.
pub fn thousandths(text: &str) -> u64 {
    let split = |(suffix, factor): &(&str, u64)| Some((text.strip_suffix(suffix)?, *factor));
    let (number, factor) = SUFFIXES.iter().find_map(split).unwrap_or((text, 1000));
    number.parse::<u64>().unwrap_or_else(|error| panic!("amount `{text}`: {error}")) * factor
}

#[test]
fn amounts_are_those_of_kubernetes() {
    let told = ["100m", "2", "64Mi", "8Gi"].map(thousandths);
    assert_eq!(told, [100, 2000, 67_108_864_000, 8_589_934_592_000]);
}
