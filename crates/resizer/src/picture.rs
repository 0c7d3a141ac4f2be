//! From the bytes of an upload to the bytes of its derivatives: decoded once, resized, encoded, each step timed.
//! Pure functions on memory: no files, no network, no async. What is done to pixels, and what is not, is written here:
//!
//! - **Orientation.** Derivatives are turned as their EXIF orientation asks. The original goes to servers as it was
//!   uploaded, and TensorFlow's decoders ignore the tag: a picture that a camera turned is seen turned there.
//! - **Colour.** An embedded ICC profile is converted to sRGB; without one, pixels are taken for sRGB, CMYK for what
//!   subtracting ink from white gives, inverted as Adobe writes it.
//! - **Alpha** is laid over white. Grey stays grey, 16 bits and floats are rounded to 8, palettes are looked up.
//! - **Animations** give their first frame.
//! - **`exact`** resizes each size from the whole decode, colours converted before. The fast path takes each size from
//!   the smallest earlier one that is at least twice its size, converts colours last, and, with the feature `turbo`, lets
//!   libjpeg-turbo decode at a fraction of the size.
//! - **WebP** comes out lossless: no lossy encoder in Rust is kept well enough.
//! - **Resizing** is Lanczos with three lobes, into boxes as Pillow's `thumbnail` fits them; nothing is enlarged.

mod buffer;
mod colour;
mod decode;
mod encode;
mod error;
mod fit;
mod header;
mod memory;
mod orient;
mod pixels;
mod plan;
mod raster;
mod resize;
mod work;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;

pub use encode::Format;
pub use error::PictureError;
pub use fit::fit;
pub use header::{Kind, Probe};
pub use raster::Raster;

/// How much of this machine one picture may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of an upload.
    pub bytes: usize,
    /// Most pixels of a picture, its width times its height.
    pub pixels: u64,
    /// Most bytes that the pipeline may hold for one picture, beside the upload itself. Judged from the header.
    pub memory: usize,
}

impl Default for Limits {
    /// 99.9 MB as the original's page had it, 100 megapixels, 1 GiB.
    fn default() -> Self {
        Self { bytes: 99_900_000, pixels: 100_000_000, memory: 1 << 30 }
    }
}

/// What is to be made of a picture: every size in every format, JPEG in every quality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Sides of the square boxes that derivatives fit in, in pixels, 1 or more.
    pub sizes: Vec<u32>,
    /// Formats of each size.
    pub formats: Vec<Format>,
    /// JPEG qualities, 1 to 100.
    pub qualities: Vec<u8>,
    /// Resize every size from the whole decode; agreement studies must not carry shortcuts.
    pub exact: bool,
}

impl Default for Recipe {
    /// The original's: 2048, 1024, 512, 256 and 128 as JPEG of Pillow's default quality, 75.
    fn default() -> Self {
        Self { sizes: vec![2048, 1024, 512, 256, 128], formats: vec![Format::Jpeg], qualities: vec![75], exact: false }
    }
}

/// A picture and all that was made of it.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The upload.
    pub original: Original,
    /// For each size, each format, each quality, in the recipe's order.
    pub derivatives: Vec<Derivative>,
}

/// The upload, as servers are to see it.
#[derive(Debug, Clone)]
pub struct Original {
    /// Width in pixels as stored, before orientation.
    pub width: u32,
    /// Height in pixels as stored, before orientation.
    pub height: u32,
    /// Pillow's name of the format: JPEG, PNG, GIF, BMP, TIFF, WEBP.
    pub format: &'static str,
    /// EXIF orientation, 1 to 8; 1 where the file says nothing.
    pub orientation: u8,
    /// Wall-clock time of the one decode that all derivatives share, colours and alpha included where they come first.
    pub decode: Duration,
    /// What to send to servers.
    pub servable: Servable,
}

/// What a server gets as the original: its graph decodes JPEG, PNG and GIF.
#[derive(Debug, Clone)]
pub enum Servable {
    /// The upload's own bytes.
    AsUploaded,
    /// BMP, TIFF or WebP: a lossless PNG of the pixels as stored, 8 bits, alpha over white, neither turned nor converted.
    Png(Bytes),
}

/// One size in one format and quality.
#[derive(Debug, Clone)]
pub struct Derivative {
    /// Side of the box, in pixels.
    pub size: u32,
    /// Format of `bytes`.
    pub format: Format,
    /// JPEG quality; none for lossless formats.
    pub quality: Option<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The encoded picture.
    pub bytes: Bytes,
    /// Wall-clock time of the decode, the same for all.
    pub decode: Duration,
    /// Wall-clock time from the larger picture to this one's pixels: resizing, turning, late colour conversion.
    pub resize: Duration,
    /// Wall-clock time of encoding.
    pub encode: Duration,
    /// Index of the earlier derivative that this one equals, bytes and times included: boxes larger than the picture.
    pub same_as: Option<usize>,
}

/// Reads the header alone.
///
/// # Errors
/// What is no picture, has more bytes or pixels than `limits`, or would need more memory to decode; damaged headers.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Probe, PictureError> {
    contained(|| header::read(bytes, limits).map(|header| header.probe))
}

/// Most bytes that [`derive`] will hold for this picture and recipe, judged from the header: what to set aside before.
///
/// # Errors
/// Those of [`derive`] that the header already tells.
pub fn memory_needed(bytes: &[u8], recipe: &Recipe, limits: &Limits) -> Result<u64, PictureError> {
    contained(|| work::memory_needed(bytes, recipe, limits))
}

/// Makes all derivatives. Decoding and the chain of resizes run on the calling thread, everything else beside it in the
/// current rayon pool: the global one, as many threads as cores. Blocks: call it beside an async runtime, not on it, and
/// not from a rayon pool that several uploads share.
///
/// # Errors
/// Those of [`probe`], judged with the recipe's own memory; a recipe without sense; damaged or unsupported pictures; a
/// derivative with longer sides than its format takes.
pub fn derive(bytes: &[u8], recipe: &Recipe, limits: &Limits) -> Result<Derived, PictureError> {
    contained(|| work::derive(bytes, recipe, limits))
}

/// Decodes on the calling thread: pixels as stored, neither turned nor converted, alpha over white. What a server's graph
/// does to a picture before its network sees it.
///
/// # Errors
/// Those of [`probe`]; damaged or unsupported pictures.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, PictureError> {
    contained(|| raster::decode(bytes, limits))
}

/// Turns a panic into an error. The decoders are other people's code over a stranger's bytes, and an index out of
/// bounds in one of them must cost this upload, not the service. Nothing outlives the closure, so nothing is left broken.
/// It needs unwinding panics, which is why no profile of this workspace may abort on them.
fn contained<T>(work: impl FnOnce() -> Result<T, PictureError>) -> Result<T, PictureError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(PictureError::from_panic(panic.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_is_an_error_outside() {
        let outcome = contained::<()>(|| panic!("index 7 of 3"));
        assert!(matches!(outcome, Err(PictureError::Panicked(message)) if message == "index 7 of 3"));
    }
}
