//! Kubernetes' quantities: `100m`, `2Gi`, `1e3`, as numbers in the base unit (CPUs, bytes, pieces).

/// A quantity's value; none where it is none. Source: k8s.io/apimachinery, `resource.Quantity`.
pub fn parse(text: &str) -> Option<f64> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [(&str, i32); 9] =
        [("n", -9), ("u", -6), ("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    if let Some((power, unit)) = (1..).zip(BINARY).find(|(_, unit)| text.ends_with(unit)) {
        return Some(number(text.strip_suffix(unit)?)? * 1024_f64.powi(power));
    }
    if let Some(plain) = number(text) {
        return Some(plain);
    }
    let (unit, power) = DECIMAL.iter().find(|(unit, _)| text.ends_with(unit))?;
    Some(number(text.strip_suffix(unit)?)? * 10_f64.powi(*power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, value) in [
            ("2", 2.0),
            ("100m", 0.1),
            ("8Gi", 8.0 * 1_073_741_824.0),
            ("1e3", 1000.0),
            ("5E3", 5000.0),
            ("2E", 2e18),
            ("3k", 3000.0),
        ] {
            let found = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!((found - value).abs() <= value * 1e-12, "{text}: {found}");
        }
        for text in ["", "Gi", "two", "1Q", "inf", "nan"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
