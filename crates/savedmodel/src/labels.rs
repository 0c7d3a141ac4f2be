//! The names of ImageNet's classes: number 0 is background, then the 1000 synsets of 2015 in order of their WordNet IDs.
//! The original exporter had them beside itself in two files; they are part of the program here too.

/// A line each, in class order. From `imagenet_lsvrc_2015_synsets.txt` and `imagenet_metadata.txt` of tensorflow/serving.
const LABELS: &str = include_str!("../data/imagenet-labels.txt");

/// The 1001 names, each after `prefix`. Two of them are equal: a crane is a bird and a machine.
pub fn imagenet_and_background(prefix: &str) -> Vec<String> {
    LABELS.lines().map(|label| format!("{prefix}{label}")).collect()
}

/// The 1000 names of classes that there are pictures of, each after `prefix`.
pub fn imagenet(prefix: &str) -> Vec<String> {
    imagenet_and_background(prefix).split_off(1)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn labels_are_the_original_ones() {
        let labels = imagenet_and_background("");
        assert_eq!(labels.len(), 1001);
        assert_eq!((labels[0].as_str(), labels[2].as_str()), ("unused background", "goldfish, Carassius auratus"));
        let sum = format!("{:x}", Sha256::digest(LABELS.as_bytes()));
        assert_eq!(sum, "cb7e235a4507721533ead583b6397f7a971f12a8fd36feb540d565fbd77f89f2");
        assert_eq!(imagenet(""), labels[1..]);
        assert!(imagenet("(untrained) ").iter().all(|label| label.starts_with("(untrained) ")));
    }
}
