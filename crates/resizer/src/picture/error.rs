//! Why a picture gives no derivatives, typed so that the service can answer with the right HTTP status.

use std::any::Any;

use super::encode::Format;

/// Why a picture gives no derivatives; each message is one sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The bytes begin like no format that is read here.
    #[error("this is no JPEG, PNG, GIF, BMP, TIFF or WebP picture; send one of these")]
    UnknownFormat,
    /// More bytes than allowed.
    #[error("the file has {bytes} bytes and the limit is {limit}; send a smaller one")]
    TooManyBytes {
        /// Bytes of the upload.
        bytes: usize,
        /// Most bytes allowed.
        limit: usize,
    },
    /// More pixels than allowed.
    #[error("the picture has {width}x{height} pixels and the limit is {limit} in all; send a smaller one")]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Most pixels allowed.
        limit: u64,
    },
    /// Decoding and deriving would take more memory than allowed.
    #[error(
        "the picture would need {needed} bytes of memory and the limit is {limit}; send a smaller one or ask for less"
    )]
    TooMuchMemory {
        /// Bytes needed, judged from the header.
        needed: u64,
        /// Most bytes allowed.
        limit: u64,
    },
    /// The bytes contradict their format or end too early.
    #[error("the {format} picture is damaged ({reason}); save it anew and send that")]
    Damaged {
        /// Pillow's name of the format.
        format: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// A kind of picture inside a known format that no decoder here reads.
    #[error("this kind of {format} picture is not supported ({reason}); save it as a plain JPEG or PNG and send that")]
    Unsupported {
        /// Pillow's name of the format.
        format: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// A derivative has longer sides than its format takes.
    #[error(
        "{format} takes sides of at most {most} pixels and this derivative has {width}x{height}; ask for smaller sizes"
    )]
    TooLongForFormat {
        /// Format of the derivative.
        format: Format,
        /// Longest side that the format takes, in pixels.
        most: u32,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The recipe makes no sense.
    #[error("{0}")]
    BadRecipe(String),
    /// A resizer or encoder failed on pixels that were decoded.
    #[error("the picture was decoded but not derived from ({0}); this is our fault, please report it")]
    Failed(String),
    /// A decoder, resizer or encoder lost its head over these bytes.
    #[error("the picture could not be read (a decoder gave up: {0}); save it anew and send that")]
    Panicked(String),
}

impl PictureError {
    /// The HTTP status that says this best.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownFormat => 415,
            Self::TooManyBytes { .. } | Self::TooManyPixels { .. } | Self::TooMuchMemory { .. } => 413,
            Self::Damaged { .. } | Self::Unsupported { .. } | Self::TooLongForFormat { .. } | Self::Panicked(_) => 422,
            Self::BadRecipe(_) => 400,
            Self::Failed(_) => 500,
        }
    }

    pub(super) fn from_panic(panic: &(dyn Any + Send)) -> Self {
        let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::Panicked(message.unwrap_or_else(|| "it did not say why".into()))
    }
}
