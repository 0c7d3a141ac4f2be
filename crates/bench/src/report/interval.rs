//! Intervals as small drawings, inline SVG that needs no script: a dot for the value, a bar for the interval, a band for
//! what is too small to matter.

use super::html::Html;

/// A value with its interval; ends that are not finite run to the edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// What all drawings of a table share, so that they can be compared by eye.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    log: bool,
    from: f64,
    to: f64,
    /// Where nothing differs, with the band around it.
    neutral: Option<[f64; 3]>,
}

const WIDTH: f64 = 180.0;
const EDGE: f64 = 6.0;

impl Scale {
    /// Of ratios: logarithmic, around 1, the band as wide as `margin`.
    pub fn ratios(dots: &[Dot], margin: f64) -> Self {
        let neutral = [1.0 / (1.0 + margin), 1.0, 1.0 + margin];
        // Twice the band at least, or one effect of nothing would fill the drawing.
        Self::around(dots, Some(neutral), [neutral[0].powi(2), neutral[2].powi(2)], true)
    }

    /// Of any values: linear, from their least to their most.
    pub fn values(dots: &[Dot]) -> Self {
        let first = dots.iter().map(|dot| dot.value).find(|value| value.is_finite()).unwrap_or_default();
        Self::around(dots, None, [first, first], false)
    }

    fn around(dots: &[Dot], neutral: Option<[f64; 3]>, least: [f64; 2], log: bool) -> Self {
        let ends = dots.iter().flat_map(|dot| [dot.low, dot.value, dot.high]);
        let ends = ends.filter(|end| end.is_finite() && (!log || *end > 0.0));
        let [mut from, mut to] = ends.fold(least, |[from, to], end| [from.min(end), to.max(end)]);
        if from >= to {
            (from, to) = (from - 1.0, to + 1.0);
        }
        Self { log, from, to, neutral }
    }

    /// Distance from the left edge.
    fn place(self, value: f64) -> f64 {
        let bend = |number: f64| if self.log { number.max(f64::MIN_POSITIVE).ln() } else { number };
        let share = (bend(value) - bend(self.from)) / (bend(self.to) - bend(self.from));
        EDGE + share.clamp(0.0, 1.0) * (WIDTH - 2.0 * EDGE)
    }
}

/// `dots` under each other; the last, or the only one, is the one that counts. `words` say the same for those who do not see it.
pub fn draw(dots: &[Dot], scale: Scale, words: &str) -> Html {
    let rows = dots.len().max(1);
    #[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
    let height = 14.0 * rows as f64 + 4.0;
    let mut inside = String::new();
    if let Some([low, middle, high]) = scale.neutral {
        let (left, right, middle) = (scale.place(low), scale.place(high), scale.place(middle));
        inside += &format!(
            "<rect x=\"{left:.1}\" width=\"{:.1}\" height=\"{height}\" class=\"band\"/><path d=\"M{middle:.1} 0V{height}\" class=\"middle\"/>",
            right - left
        );
    }
    for (at, dot) in dots.iter().enumerate().filter(|(_, dot)| dot.value.is_finite()) {
        #[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
        let y = 14.0 * at as f64 + 9.0;
        let (low, high) = (scale.place(dot.low), scale.place(dot.high));
        let class = if at + 1 == dots.len() { "last" } else { "first" };
        inside += &format!(
            "<path d=\"M{low:.1} {y}H{high:.1}M{low:.1} {}v6M{high:.1} {}v6\" class=\"{class}\"/>",
            y - 3.0,
            y - 3.0
        );
        let x = scale.place(dot.value);
        // Shapes differ with colours: squares, then a circle.
        inside += &match class {
            "last" => format!("<circle cx=\"{x:.1}\" cy=\"{y}\" r=\"4\" class=\"last\"/>"),
            _ => format!("<rect x=\"{:.1}\" y=\"{}\" width=\"7\" height=\"7\" class=\"first\"/>", x - 3.5, y - 3.5),
        };
    }
    Html::markup(format!(
        "<svg class=\"interval\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{}\">{inside}</svg>",
        Html::text(words)
    ))
}

#[cfg(test)]
mod tests {
    use super::{Dot, Scale, draw};

    #[test]
    fn ratios_and_their_inverses_stand_at_equal_distances() {
        let dots = [Dot { value: 2.0, low: 1.5, high: 4.0 }, Dot { value: 0.5, low: 0.25, high: 0.7 }];
        let scale = Scale::ratios(&dots, 0.05);
        let (middle, left, right) = (scale.place(1.0), scale.place(0.5), scale.place(2.0));
        assert!(((right - middle) - (middle - left)).abs() < 1e-9, "{left} {middle} {right}");
    }

    #[test]
    fn missing_values_draw_nothing_and_open_ends_stay_inside() {
        let dots = [
            Dot { value: f64::NAN, low: 0.0, high: 1.0 },
            Dot { value: 3.0, low: f64::NEG_INFINITY, high: f64::INFINITY },
        ];
        let drawing = draw(&dots, Scale::values(&dots), "a \"word\"").to_string();
        assert_eq!(drawing.matches("<circle").count() + drawing.matches("class=\"first\"").count(), 1, "{drawing}");
        assert!(
            !drawing.contains("NaN") && !drawing.contains("inf") && drawing.contains("a &quot;word&quot;"),
            "{drawing}"
        );
    }
}
