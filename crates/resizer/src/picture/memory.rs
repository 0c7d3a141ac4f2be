//! How much memory a picture will take, from its header and its plan alone. Upper bounds: `tests/picture` holds what an
//! allocator counts against them.

use super::encode::Format;
use super::error::PictureError;
use super::plan::Plan;
use super::{Limits, Recipe};

/// Tables, windows, profiles and texts: what does not grow with the picture, in bytes.
const FIXED: u64 = 12 << 20;

/// What decoding takes, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecodeCost {
    /// The most that is held at once while decoding, the decoded pixels included.
    pub(super) peak: u64,
    /// What is left when it is done.
    pub(super) kept: u64,
    /// Bytes of a pixel once it has 8 bits and no alpha.
    pub(super) channels: u64,
}

impl DecodeCost {
    /// Whether decoding alone stays within the limit.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), PictureError> {
        within(self.peak.saturating_add(FIXED), limits)
    }
}

/// Most bytes that decoding and all of the plan hold at once, where that is within the limit.
pub(super) fn check(
    decode: &DecodeCost,
    source: (u32, u32),
    plan: &Plan,
    recipe: &Recipe,
    servable: bool,
    limits: &Limits,
) -> Result<u64, PictureError> {
    let needed = needed(decode, source, plan, recipe, servable);
    within(needed, limits).map(|()| needed)
}

/// Most bytes that the plan holds at once.
fn needed(decode: &DecodeCost, source: (u32, u32), plan: &Plan, recipe: &Recipe, servable: bool) -> u64 {
    let bytes = |(width, height): (u32, u32)| u64::from(width) * u64::from(height) * decode.channels;
    let mut deriving = decode.kept;
    if recipe.exact {
        deriving += bytes(source); // colours converted in a copy
    }
    if !servable {
        deriving += 2 * bytes(source); // the PNG that servers get instead, and its filtered rows
    }
    let mut widest = 0;
    for level in &plan.levels {
        deriving += 2 * bytes(level.stored); // resized, turned
        let from = level.from.map_or(source, |from| plan.levels[from].stored);
        // The pass over columns comes second; between the two lies a picture of the new width and the old height.
        let between = bytes((level.stored.0, from.1));
        widest = if recipe.exact { widest + between } else { widest.max(between) };
    }
    for job in plan.jobs.iter().filter(|job| job.same_as.is_none()) {
        let (width, height) = plan.levels[job.level].stored;
        let pixels = u64::from(width) * u64::from(height);
        deriving += match job.format {
            Format::Jpeg => 2 * pixels * decode.channels,
            Format::Png => 3 * pixels * decode.channels,
            Format::WebP => 12 * pixels,
        };
    }
    decode.peak.max(deriving + widest).saturating_add(FIXED)
}

fn within(needed: u64, limits: &Limits) -> Result<(), PictureError> {
    let limit = limits.memory as u64;
    if needed > limit { Err(PictureError::TooMuchMemory { needed, limit }) } else { Ok(()) }
}
