//! Symbol names as people read them.
//! C++ only: the servers we prove are C++; any other name is shown as the file spells it.

use std::fmt::{self, Write};

use cpp_demangle::{DemangleOptions, Symbol};

/// Longest name shown; template instances can be written out to megabytes.
const LONGEST: usize = 4096;

/// The name of a function for people and for patterns: demangled, without return type, always printable.
///
/// The return type is left out so that `dnnl::*` also fits `dnnl::gemm<float>`, whose mangled name carries one.
pub fn readable(symbol: &str) -> String {
    let plain = demangled(symbol).unwrap_or_else(|| symbol.to_owned());
    // A hostile file could otherwise move the cursor of the terminal that shows it.
    plain.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn demangled(symbol: &str) -> Option<String> {
    if !symbol.starts_with("_Z") {
        return None;
    }
    let parsed = Symbol::new(symbol).ok()?;
    let mut out = Bounded(String::new());
    parsed.structured_demangle(&mut out, &DemangleOptions::new().no_return_type()).ok()?;
    Some(out.0)
}

struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpp_names_are_written_out_without_return_type() {
        assert_eq!(readable("_ZN4dnnl4impl3cpu3runEi"), "dnnl::impl::cpu::run(int)");
        assert_eq!(readable("_ZN4dnnl4gemmIfEEvT_"), "dnnl::gemm<float>(float)");
    }

    #[test]
    fn other_names_stay() {
        assert_eq!(readable("xnn_f32_gemm_avx2"), "xnn_f32_gemm_avx2");
        assert_eq!(readable("_Znonsense"), "_Znonsense");
        assert_eq!(readable("_ZN4dn"), "_ZN4dn");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(readable("a\u{1b}[2Jb"), "a?[2Jb");
    }

    #[test]
    fn names_that_explode_stay_mangled() {
        // Every argument is a pair of the argument before it, so that the written name doubles thirty times.
        let mut bomb = String::from("_Z1fI1AIiiE");
        for id in 0..30u32 {
            let last = char::from_digit(id, 36).expect("below 36").to_ascii_uppercase();
            bomb.push_str(&format!("1AIS{last}_S{last}_E"));
        }
        bomb.push_str("Evv");
        assert!(readable(&bomb).len() <= LONGEST);
    }
}
