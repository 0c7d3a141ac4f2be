//! What `benches/picture.sh` runs: writes the photo, times the pipeline on one thread, and, with `turbo`, libjpeg-turbo's
//! own decoding and encoding of the same pixels. Prints one line of milliseconds a run: name, total, then steps.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

#[path = "../tests/picture/photo.rs"]
mod photo;

use std::time::{Duration, Instant};

use resizer::picture::{Derived, Limits, Recipe, derive};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["photo", to] => {
            std::fs::write(to, photo::jpeg(&photo::photo_like(6000, 4000, 1))).expect("the photo is written")
        }
        ["fast", from, runs] => pipeline(&read(from), runs, false),
        ["exact", from, runs] => pipeline(&read(from), runs, true),
        ["floor", from, runs] => floor(&read(from), runs),
        _ => println!("usage: picture_speed photo TO | fast FROM RUNS | exact FROM RUNS | floor FROM RUNS"),
    }
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).expect("the photo is there")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// `runs` times and once before, which does not count.
fn repeat(runs: &str, mut run: impl FnMut() -> String) {
    run();
    for _ in 0..runs.parse().expect("a number of runs") {
        println!("{}", run());
    }
}

fn made(photo: &[u8], exact: bool) -> Derived {
    derive(photo, &Recipe { exact, ..Recipe::default() }, &Limits::default()).expect("the photo is sound")
}

fn pipeline(photo: &[u8], runs: &str, exact: bool) {
    let backend = if cfg!(feature = "turbo") { "turbo" } else { "pure" };
    let name = if exact { format!("{backend}-exact") } else { backend.to_owned() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    repeat(runs, || {
        let start = Instant::now();
        let derived = pool.install(|| made(photo, exact));
        let total = milliseconds(start.elapsed());
        let decode = milliseconds(derived.original.decode);
        let resize: f64 = derived.derivatives.iter().map(|made| milliseconds(made.resize)).sum();
        let encode: f64 = derived.derivatives.iter().map(|made| milliseconds(made.encode)).sum();
        format!("{name} {total:.1} {decode:.1} {resize:.1} {encode:.1}")
    });
}

#[cfg(not(feature = "turbo"))]
fn floor(_: &[u8], _: &str) {
    println!("build with --features turbo to time libjpeg-turbo");
}

/// One full decode of the photo and one encoding of each derivative's pixels: no resizing, no pipeline.
#[cfg(feature = "turbo")]
fn floor(photo: &[u8], runs: &str) {
    let decoded = |bytes: &[u8]| turbojpeg::decompress(bytes, turbojpeg::PixelFormat::RGB).expect("a sound JPEG");
    let derivatives: Vec<_> = made(photo, true).derivatives.iter().map(|made| decoded(&made.bytes)).collect();
    repeat(runs, || {
        let start = Instant::now();
        let full = decoded(photo);
        let decode = milliseconds(start.elapsed());
        let encoding = Instant::now();
        let mut bytes = full.pixels.len().min(1);
        for pixels in &derivatives {
            bytes += turbojpeg::compress(pixels.as_deref(), 75, turbojpeg::Subsamp::Sub2x2).expect("pixels").len();
        }
        assert!(bytes > 1);
        let (encode, total) = (milliseconds(encoding.elapsed()), milliseconds(start.elapsed()));
        format!("libjpeg-turbo {total:.1} {decode:.1} 0 {encode:.1}")
    });
}
