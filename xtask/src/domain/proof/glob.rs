//! Patterns over names: `*` is any run of characters, everything else is itself.
//! Nothing else is special, so that C++ names with `?`, `[` and `{` can be written down as they are.

/// Whether the whole of `text` fits `pattern`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    // Taking each piece at its first place is enough: a later place never leaves more room for the rest.
    for piece in middle.split('*') {
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    text.ends_with(tail)
}

/// Whether any of the patterns fits.
pub fn matches_any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, fits: &[&str], others: &[&str]) {
        for text in fits {
            assert!(matches(pattern, text), "{pattern} should fit {text}");
        }
        for text in others {
            assert!(!matches(pattern, text), "{pattern} should not fit {text}");
        }
    }

    #[test]
    fn star_is_any_run() {
        check("dnnl::*", &["dnnl::gemm(int)", "dnnl::"], &["x dnnl::gemm", "dnn"]);
        check("*xnn_*_avx2*", &["xnn_f32_avx2", "my xnn_a_avx2_b"], &["xnn_f32_avx512", "xnn_avx2"]);
        check("a*b*a", &["aba", "axbya", "abba"], &["ab", "aa", "abab"]);
        check("*", &["", "anything"], &[]);
        check("**x", &["x", "yx"], &["xy"]);
        check("ab*ba", &["abba", "abxba"], &["aba"]);
    }

    #[test]
    fn everything_else_is_itself() {
        check("f(int[])", &["f(int[])"], &["f(int)", "f(inti)"]);
        check("operator?", &["operator?"], &["operatorx"]);
        check("", &[""], &["x"]);
    }
}
