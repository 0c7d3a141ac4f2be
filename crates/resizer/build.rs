//! Takes plotly.js out of the crate that carries it and leaves it, packed, where the page's assets are embedded from. So the
//! binary needs no package manager but cargo, and the repository holds no copy of somebody's library.

use std::{env, error::Error, fs, io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};

const OPENING: &str = "<script type=\"text/javascript\">";
const CLOSING: &str = "</script>";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let tags = plotly::Plot::offline_js_sources();
    let script = first_script(&tags).ok_or("the plotly crate no longer begins its offline sources with plotly.js")?;
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(script.as_bytes())?;
    fs::write(Path::new(&out).join("plotly.min.js.gz"), packed.finish()?)?;
    Ok(())
}

/// MathJax follows plotly.js in the crate's sources; the page sets no formulas.
fn first_script(tags: &str) -> Option<&str> {
    let script = tags.trim_start().strip_prefix(OPENING)?;
    let script = &script[..script.find(CLOSING)?];
    script.contains("* plotly.js v").then_some(script)
}
