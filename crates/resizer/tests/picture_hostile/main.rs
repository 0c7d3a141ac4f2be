//! The picture pipeline on pictures made to hurt: bombs, files cut off, bytes changed; an answer or a typed error, in the
//! memory that the limits name. The allocator holds that limit: what asks for more ends the test.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking, and tell figures")]

mod bombs;
mod bounds;
mod mutants;

use std::alloc::System;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cap::Cap;
use resizer::picture::{Format, Limits, PictureError, Recipe, derive};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);
/// The limit is the process's, so one test at a time has it.
static ALONE: Mutex<()> = Mutex::new(());

/// For what the test itself and its threads hold meanwhile, in bytes.
const SLACK: usize = 2 << 20;

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` with no more than `bytes` of memory beside what is held now.
fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    MEMORY.set_limit(MEMORY.allocated() + bytes + SLACK).unwrap();
    let outcome = work();
    MEMORY.set_limit(usize::MAX).unwrap();
    outcome
}

/// Sizes and formats that cost little and use all encoders.
fn small_recipe() -> Recipe {
    let formats = vec![Format::Jpeg, Format::Png, Format::WebP];
    Recipe { sizes: vec![32, 16], formats, qualities: vec![75], exact: false }
}

fn small_limits() -> Limits {
    Limits { bytes: 1 << 20, pixels: 1 << 20, memory: 48 << 20 }
}

/// Any derivation within its own limits.
fn outcome(bytes: &[u8], limits: &Limits) -> Result<(), PictureError> {
    derive(bytes, &small_recipe(), limits).map(drop)
}

/// The committed pictures, by name.
fn pictures() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/picture/data");
    let mut pictures: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| !name.ends_with(".expected.png") && !name.ends_with(".json"))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect();
    pictures.sort();
    assert!(pictures.len() > 40);
    pictures
}
