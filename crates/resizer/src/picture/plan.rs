//! Which sizes are made of which, and which derivatives are equal: decided from numbers alone.

use super::decode::Detail;
use super::encode::Format;
use super::error::PictureError;
use super::fit::fit;
use super::orient::swaps_sides;
use super::{Probe, Recipe};

/// How much larger than its target a picture must be to stand for the original. Lanczos over a picture that Lanczos made
/// of at least twice the size loses nothing that can be seen; `tests/picture` holds this to a number.
pub(super) const HEADROOM: u32 = 2;

/// The same for a picture that libjpeg-turbo decoded at a fraction of its size, as numerator and denominator: its
/// scaled inverse transform cuts frequencies off as cleanly as a resize would.
const SCALED_HEADROOM: (u32, u32) = (7, 5);

/// One set of pixels that has to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Level {
    /// Width and height as stored, before turning.
    pub(super) stored: (u32, u32),
    /// Width and height as seen, after turning.
    pub(super) seen: (u32, u32),
    /// The level that it is resized from; none for the decoded picture.
    pub(super) from: Option<usize>,
}

/// One derivative: pixels of a level, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) size: u32,
    pub(super) format: Format,
    pub(super) quality: Option<u8>,
    pub(super) level: usize,
    /// The earlier job that gives the same bytes.
    pub(super) same_as: Option<usize>,
}

/// Levels, largest first, and jobs in the recipe's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) levels: Vec<Level>,
    pub(super) jobs: Vec<Job>,
}

impl Plan {
    /// How much of the picture has to be decoded.
    pub(super) fn detail(&self, recipe: &Recipe) -> Detail {
        match self.levels.first() {
            Some(largest) if cfg!(feature = "turbo") && !recipe.exact => {
                let least = |side: u32| side.saturating_mul(SCALED_HEADROOM.0).div_ceil(SCALED_HEADROOM.1);
                Detail::Enough(least(largest.stored.0), least(largest.stored.1))
            }
            _ => Detail::Full,
        }
    }
}

/// Plans a recipe for one picture.
///
/// # Errors
/// Sizes of 0, qualities beyond 1 to 100, JPEG without a quality; sides longer than their format takes.
pub(super) fn plan(probe: &Probe, recipe: &Recipe) -> Result<Plan, PictureError> {
    check(recipe)?;
    let levels = levels(probe, recipe);
    let mut jobs: Vec<Job> = Vec::new();
    for &size in &recipe.sizes {
        let seen = seen_size(probe, size);
        let level = levels.iter().position(|level| level.seen == seen).unwrap_or(0);
        for &format in &recipe.formats {
            let most = format.longest_side();
            if seen.0.max(seen.1) > most {
                return Err(PictureError::TooLongForFormat { format, most, width: seen.0, height: seen.1 });
            }
            let qualities: Vec<_> = match format {
                Format::Jpeg => recipe.qualities.iter().copied().map(Some).collect(),
                Format::Png | Format::WebP => vec![None],
            };
            for quality in qualities {
                let same = |job: &Job| (job.level, job.format, job.quality) == (level, format, quality);
                let same_as = jobs.iter().position(same);
                jobs.push(Job { size, format, quality, level, same_as });
            }
        }
    }
    Ok(Plan { levels, jobs })
}

fn check(recipe: &Recipe) -> Result<(), PictureError> {
    let bad = |reason: &str| Err(PictureError::BadRecipe(reason.into()));
    if recipe.sizes.contains(&0) {
        return bad("a size of 0 pixels holds no picture; give sizes of 1 or more");
    }
    if recipe.qualities.iter().any(|quality| !(1..=100).contains(quality)) {
        return bad("JPEG quality goes from 1 to 100; give one of these");
    }
    if recipe.formats.contains(&Format::Jpeg) && recipe.qualities.is_empty() {
        return bad("JPEG needs a quality; give at least one from 1 to 100");
    }
    Ok(())
}

fn seen_size(probe: &Probe, side: u32) -> (u32, u32) {
    let (width, height) = swapped_if(swaps_sides(probe.orientation), (probe.width, probe.height));
    fit(width, height, side)
}

fn swapped_if(swap: bool, (width, height): (u32, u32)) -> (u32, u32) {
    if swap { (height, width) } else { (width, height) }
}

fn levels(probe: &Probe, recipe: &Recipe) -> Vec<Level> {
    let mut sizes: Vec<_> = recipe.sizes.iter().map(|&side| seen_size(probe, side)).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    let mut levels: Vec<Level> = Vec::with_capacity(sizes.len());
    for seen in sizes {
        let stored = swapped_if(swaps_sides(probe.orientation), seen);
        let enough = |level: &Level| {
            let least = |target: u32| target.saturating_mul(HEADROOM).saturating_sub(1);
            level.stored.0 >= least(stored.0) && level.stored.1 >= least(stored.1)
        };
        let from = if recipe.exact { None } else { levels.iter().rposition(enough) };
        levels.push(Level { stored, seen, from });
    }
    levels
}
