//! How far two answers of one server agree: that on a derivative and that on the original. Pure arithmetic.
//!
//! Two classes may share a name (ImageNet has two cranes), so outside `precision`, which is as the original computes it, a
//! class is its label and which of that label's it is.

use indexmap::IndexMap;

/// A class and its score; lists of them are best first.
pub type Scored = (String, f64);

/// How an answer agrees with the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Whether the best class is the same.
    pub top1: bool,
    /// How many of the best five are the same, whatever their order.
    pub top5: u8,
    /// Spearman's rank correlation of the classes that both answers hold, -1 to 1; none where they share fewer than two.
    pub rank_correlation: Option<f64>,
}

/// Best first; equal scores stay in the model's order, and what is no number comes last.
pub fn ranked(mut classes: Vec<Scored>) -> Vec<Scored> {
    let key = |score: f64| if score.is_nan() { f64::NEG_INFINITY } else { score };
    classes.sort_by(|(_, a), (_, b)| key(*b).total_cmp(&key(*a)));
    classes
}

/// The map that the original answers with: of two classes with one name the lower score stays, in the place of the higher.
pub fn merged(ranked: &[Scored]) -> IndexMap<String, f64> {
    ranked.iter().cloned().collect()
}

/// The original's measure, in percent: the mean of score / reference score over the reference's labels, 0 for labels that
/// are missing. A ratio of whatever the model gives, logits perhaps: it may exceed 100, and it is no accuracy.
/// None where a reference score is 0 or there is none.
pub fn precision(reference: &IndexMap<String, f64>, answer: &IndexMap<String, f64>) -> Option<f64> {
    let ratio = |(label, score): (&String, &f64)| 100.0 * answer.get(label).copied().unwrap_or(0.0) / score;
    let mean = reference.iter().map(ratio).sum::<f64>() / reference.len() as f64;
    mean.is_finite().then_some(mean)
}

/// How `answer` agrees with `reference`; none where either is empty.
pub fn agreement(reference: &[Scored], answer: &[Scored]) -> Option<Agreement> {
    let (reference, answer) = (told_apart(reference), told_apart(answer));
    let top1 = reference.first()? == answer.first()?;
    let best = |list: &[(String, usize)]| list.iter().take(5).cloned().collect::<Vec<_>>();
    let (ours, theirs) = (best(&answer), best(&reference));
    let top5 = ours.iter().filter(|class| theirs.contains(class)).count();
    let top5 = u8::try_from(top5).unwrap_or(5);
    Some(Agreement { top1, top5, rank_correlation: rank_correlation(&reference, &answer) })
}

/// Whether the best class is the one called `label`: its whole name or one of its names between commas, in any case.
pub fn correct(ranked: &[Scored], label: &str) -> Option<bool> {
    let (best, _) = ranked.first()?;
    let same = |name: &str| name.trim().to_lowercase() == label.trim().to_lowercase();
    Some(same(best) || best.split(',').any(same))
}

/// Each label with how many of the same name came before it.
fn told_apart(ranked: &[Scored]) -> Vec<(String, usize)> {
    let earlier = |at: usize| ranked[..at].iter().filter(|(label, _)| *label == ranked[at].0).count();
    (0..ranked.len()).map(|at| (ranked[at].0.clone(), earlier(at))).collect()
}

fn rank_correlation(reference: &[(String, usize)], answer: &[(String, usize)]) -> Option<f64> {
    let shared: Vec<_> = reference.iter().filter(|class| answer.contains(class)).collect();
    let count = shared.len();
    if count < 2 {
        return None;
    }
    let theirs = answer.iter().filter(|class| shared.contains(class));
    let squares: usize = theirs
        .enumerate()
        .map(|(ours, class)| shared.iter().position(|known| *known == class).unwrap_or(ours).abs_diff(ours).pow(2))
        .sum();
    Some(1.0 - 6.0 * squares as f64 / (count * (count * count - 1)) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(classes: &[(&str, f64)]) -> Vec<Scored> {
        ranked(classes.iter().map(|(label, score)| ((*label).to_owned(), *score)).collect())
    }

    /// The example in the original's README: the reference, and the same pixels encoded anew.
    fn readme() -> (Vec<Scored>, Vec<Scored>) {
        const JACKET: &str = "book jacket, dust cover, dust jacket, dust wrapper";
        let reference = [
            ("comic book", 8.89501953125),
            (JACKET, 8.2884063720703),
            ("envelope", 4.5581865310669),
            ("tray", 3.6763899326324),
            ("packet", 3.4327256679535),
        ];
        let encoded_anew = [
            ("comic book", 8.8598012924194),
            (JACKET, 8.6930170059204),
            ("envelope", 4.5749850273132),
            ("tray", 3.6941545009613),
            ("puck, hockey puck", 3.4707596302032),
        ];
        (list(&reference), list(&encoded_anew))
    }

    #[test]
    fn precision_is_the_originals() {
        let (reference, answer) = readme();
        let found = precision(&merged(&reference), &merged(&answer)).expect("a number");
        assert!((found - 81.067491018236).abs() < 1e-9, "{found}");
        assert_eq!(precision(&merged(&reference), &merged(&reference)), Some(100.0));
    }

    #[test]
    fn precision_without_meaning_is_none() {
        let answer = merged(&list(&[("a", 1.0)]));
        assert_eq!(precision(&IndexMap::new(), &answer), None);
        assert_eq!(precision(&merged(&list(&[("a", 0.0)])), &answer), None);
        assert_eq!(precision(&merged(&list(&[("a", f64::NAN)])), &answer), None);
    }

    #[test]
    fn one_swapped_fifth_class_leaves_four_of_five() {
        let (reference, answer) = readme();
        let agreement = agreement(&reference, &answer).expect("both answered");
        assert_eq!(agreement, Agreement { top1: true, top5: 4, rank_correlation: Some(1.0) });
    }

    #[test]
    fn a_reversed_order_is_minus_one() {
        let reference = list(&[("a", 3.0), ("b", 2.0), ("c", 1.0)]);
        let answer = list(&[("a", 1.0), ("b", 2.0), ("c", 3.0)]);
        let agreement = agreement(&reference, &answer).expect("both answered");
        assert_eq!(agreement, Agreement { top1: false, top5: 3, rank_correlation: Some(-1.0) });
    }

    #[test]
    fn answers_with_nothing_in_common_have_no_correlation() {
        let (reference, answer) = (list(&[("a", 1.0), ("b", 0.5)]), list(&[("c", 1.0), ("a", 0.5)]));
        let found = agreement(&reference, &answer).expect("both answered");
        assert_eq!(found, Agreement { top1: false, top5: 1, rank_correlation: None });
        assert_eq!(agreement(&reference, &[]), None);
    }

    #[test]
    fn two_classes_of_one_name_are_two() {
        let cranes = list(&[("crane", 3.0), ("heron", 2.0), ("crane", 1.0)]);
        assert_eq!(agreement(&cranes, &cranes).expect("both answered").top5, 3);
        let merged: Vec<_> = merged(&cranes).into_iter().collect();
        assert_eq!(merged, [("crane".to_owned(), 1.0), ("heron".to_owned(), 2.0)]);
    }

    #[test]
    fn a_label_is_any_name_of_the_best_class() {
        let cat = list(&[("tabby, tabby cat", 2.0), ("lynx", 1.0)]);
        for (label, verdict) in
            [("Tabby", true), (" tabby cat ", true), ("tabby, tabby cat", true), ("cat", false), ("lynx", false)]
        {
            assert_eq!(correct(&cat, label), Some(verdict), "{label}");
        }
        assert_eq!(correct(&[], "tabby"), None);
    }

    #[test]
    fn what_is_no_number_comes_last() {
        let order: Vec<String> =
            list(&[("nan", f64::NAN), ("low", -1.0), ("high", 1.0)]).into_iter().map(|class| class.0).collect();
        assert_eq!(order, ["high", "low", "nan"]);
    }
}
