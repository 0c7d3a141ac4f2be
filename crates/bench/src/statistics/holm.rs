//! Words about several ratios at once, so that many comparisons do not make an effect out of chance.

use super::crossed::Ratio;
use crate::verdict::State;

/// What each of `ratios` may be called against one `margin`, with one chance in twenty of any wrong word among them all.
///
/// Alone a ratio is an effect where its whole 95 % interval lies outside of 1/(1 + margin) to 1 + margin, and none where the
/// whole lies inside; else it is open. Of several each stands for the word it is nearer to, and Holm's rule goes from the
/// surest on: the first of k has to be as sure as an interval of level 1 - 0.05/k, the next one of 1 - 0.05/(k - 1), and
/// behind the first that is not all are open. A ratio of one picture in one start is always open, and takes no part.
pub fn states(ratios: &[&Ratio], margin: f64) -> Vec<State> {
    let word = |ratio: &Ratio| {
        let (effect, none) = (ratio.p_effect(margin), ratio.p_none(margin));
        if effect < none { (effect, State::Effect) } else { (none, State::None) }
    };
    let claims: Vec<(usize, (f64, State))> =
        ratios.iter().enumerate().filter(|(_, ratio)| ratio.sampled()).map(|(at, ratio)| (at, word(ratio))).collect();
    let holds = holds(&claims.iter().map(|(_, (p, _))| *p).collect::<Vec<_>>());
    let mut states = vec![State::Open; ratios.len()];
    claims.iter().zip(holds).filter(|(_, holds)| *holds).for_each(|((at, (_, state)), _)| states[*at] = *state);
    states
}

/// Which of several claims hold together, by what speaks against each.
pub fn holds(p: &[f64]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let sure = |(rank, at): &(usize, usize)| p[*at] <= (1.0 - super::LEVEL) / (p.len() - rank) as f64;
    let mut holds = vec![false; p.len()];
    order.into_iter().enumerate().take_while(sure).for_each(|(_, at)| holds[at] = true);
    holds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chance::Chance, statistics::crossed};

    /// Twenty pictures in one start, which differ by `spread`.
    fn made(mean: f64, spread: f64) -> Ratio {
        let table: Vec<_> = (0..20).map(|at| vec![Some(mean.ln() + spread * (f64::from(at) - 9.5) / 5.8)]).collect();
        crossed::ratio(&table, 1).expect("a full table")
    }

    #[test]
    fn one_ratio_is_judged_by_its_own_interval() {
        let alone = |mean, spread| states(&[&made(mean, spread)], 0.05)[0];
        assert_eq!(alone(1.10, 0.02), State::Effect);
        assert_eq!(alone(0.90, 0.02), State::Effect);
        assert_eq!(alone(1.01, 0.02), State::None);
        assert_eq!(alone(1.05, 0.02), State::Open);
        assert_eq!(alone(1.20, 0.50), State::Open);
    }

    #[test]
    fn what_holds_alone_may_not_hold_among_many() {
        let barely = made(1.085, 0.07);
        assert_eq!(states(&[&barely], 0.05), [State::Effect]);
        let open = made(1.05, 0.2);
        let many: Vec<&Ratio> = std::iter::once(&barely).chain(std::iter::repeat_n(&open, 9)).collect();
        assert!(states(&many, 0.05).iter().all(|state| *state == State::Open));
        let sure = made(1.5, 0.02);
        assert_eq!(states(&[&open, &sure, &barely], 0.05), [State::Open, State::Effect, State::Open]);
        assert_eq!(states(&[&sure, &sure, &barely], 0.05), [State::Effect; 3], "the last of three is judged alone");
    }

    #[test]
    fn behind_the_first_claim_that_fails_none_holds() {
        assert_eq!(holds(&[0.04, 0.001, 0.03]), [false, true, false]);
        assert_eq!(holds(&[0.04, 0.001, 0.02]), [true, true, true]);
        assert_eq!(holds(&[0.051]), [false]);
    }

    #[test]
    fn one_picture_in_one_start_is_open_however_large() {
        let single = crossed::ratio(&[vec![Some(3.0)]], 1).expect("one pair");
        assert_eq!(states(&[&single], 0.05), [State::Open]);
        assert_eq!(states(&[], 0.05), []);
    }

    #[test]
    fn ten_equal_servers_rarely_make_an_effect() {
        let mut chance = Chance::new(5);
        let wrong = (0..200)
            .filter(|round| {
                let ratios: Vec<Ratio> = (0..10)
                    .map(|pair| {
                        let table: Vec<_> =
                            (0..12).map(|_| vec![Some(1.05_f64.ln() + 0.05 * chance.normal())]).collect();
                        crossed::ratio(&table, round * 10 + pair).expect("a full table")
                    })
                    .collect();
                states(&ratios.iter().collect::<Vec<_>>(), 0.05).contains(&State::Effect)
            })
            .count();
        assert!(wrong <= 12, "{wrong} of 200 families, each exactly at the margin");
    }
}
