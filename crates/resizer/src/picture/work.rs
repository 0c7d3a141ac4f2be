//! A plan carried out: one decode, levels from the largest down, every encoding as a task of its own.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::colour::Colours;
use super::decode;
use super::encode::{encode, png};
use super::error::PictureError;
use super::header;
use super::orient::upright;
use super::pixels::Pixels;
use super::plan::{self, Level, Plan};
use super::resize::resize;
use super::{Derivative, Derived, Limits, Original, Probe, Recipe, Servable, memory};

/// What a job leaves.
struct Encoded {
    bytes: bytes::Bytes,
    resize: Duration,
    encode: Duration,
}

type Slot<T> = OnceLock<Result<T, PictureError>>;

/// Everything that tasks look at and write to.
struct Work<'a> {
    plan: &'a Plan,
    orientation: u8,
    /// How much of the source is picture, in its pixels.
    covered: (f64, f64),
    /// Colours still to be converted, once a level is resized.
    late: Option<&'a Colours>,
    encoded: Vec<Slot<Encoded>>,
}

/// See [`super::memory_needed`].
pub(super) fn memory_needed(bytes: &[u8], recipe: &Recipe, limits: &Limits) -> Result<u64, PictureError> {
    let header = header::read(bytes, limits)?;
    let Probe { kind, width, height, .. } = header.probe;
    let plan = plan::plan(&header.probe, recipe)?;
    memory::check(&header.cost, (width, height), &plan, recipe, kind.decodes_in_graph(), limits)
}

/// See [`super::derive`].
pub(super) fn derive(bytes: &[u8], recipe: &Recipe, limits: &Limits) -> Result<Derived, PictureError> {
    let header = header::read(bytes, limits)?;
    let Probe { kind, width, height, orientation } = header.probe;
    let plan = plan::plan(&header.probe, recipe)?;
    memory::check(&header.cost, (width, height), &plan, recipe, kind.decodes_in_graph(), limits)?;

    let start = Instant::now();
    let decoded = Arc::new(decode::decode(bytes, &header, plan.detail(recipe), limits)?);
    let colours = Colours::of(header.profile.as_deref(), decoded.channels);
    let (source, late) = match &colours {
        Some(colours) if recipe.exact => (Arc::new(colours.to_srgb(&decoded)), None),
        other => (Arc::clone(&decoded), other.as_ref()),
    };
    let decode = start.elapsed();

    let encoded = plan.jobs.iter().map(|_| OnceLock::new()).collect();
    let covered = covered((width, height), source.size());
    let work = Work { plan: &plan, orientation, covered, late, encoded };
    let sent = OnceLock::new();
    // In place: this thread decodes and resizes and then waits. Were it one of the pool's, it would take up another upload
    // while it waits, and not come back to this one before that is done.
    let resized = rayon::in_place_scope(|scope| {
        if !kind.decodes_in_graph() {
            let (sent, decoded) = (&sent, Arc::clone(&decoded));
            scope.spawn(move |_| _ = sent.set(png(&decoded)));
        }
        drop(decoded);
        if recipe.exact { work.each_from_source(scope, &source) } else { work.one_from_another(scope, &source) }
    });
    resized?;
    let servable = match sent.into_inner() {
        Some(png) => Servable::Png(png?.into()),
        None => Servable::AsUploaded,
    };
    let original = Original { width, height, format: kind.name(), orientation, decode, servable };
    Ok(Derived { original, derivatives: work.collect(decode)? })
}

/// How much of a decode is picture: all of it, unless it was scaled to 1/2, 1/4 or 1/8 and a side was no multiple.
fn covered(stored: (u32, u32), decoded: (u32, u32)) -> (f64, f64) {
    let side = |stored: u32, decoded: u32| {
        let fraction = [1_u32, 2, 4, 8].into_iter().find(|fraction| stored.div_ceil(*fraction) == decoded);
        fraction.map_or(f64::from(decoded), |fraction| f64::from(stored) / f64::from(fraction))
    };
    (side(stored.0, decoded.0), side(stored.1, decoded.1))
}

impl<'a> Work<'a> {
    /// Every level from the source, all at once.
    fn each_from_source<'s>(&'s self, scope: &rayon::Scope<'s>, source: &Arc<Pixels>) -> Result<(), PictureError> {
        for (index, level) in self.plan.levels.iter().enumerate() {
            let source = Arc::clone(source);
            scope.spawn(move |scope| match self.timed_resize(&source, level) {
                Ok((pixels, took)) => self.encode_level(scope, index, pixels, took),
                Err(error) => self.fail_level(index, &error),
            });
        }
        Ok(())
    }

    /// Levels one after another, each from the one that the plan says; encoding goes on beside.
    fn one_from_another<'s>(&'s self, scope: &rayon::Scope<'s>, source: &Arc<Pixels>) -> Result<(), PictureError> {
        let mut made: Vec<Arc<Pixels>> = Vec::with_capacity(self.plan.levels.len());
        for (index, level) in self.plan.levels.iter().enumerate() {
            let from = level.from.map_or(source, |from| &made[from]);
            let (pixels, took) = self.timed_resize(from, level)?;
            made.push(Arc::clone(&pixels));
            scope.spawn(move |scope| self.encode_level(scope, index, pixels, took));
        }
        Ok(())
    }

    fn timed_resize(&self, from: &Arc<Pixels>, level: &Level) -> Result<(Arc<Pixels>, Duration), PictureError> {
        let start = Instant::now();
        let whole = (f64::from(from.width), f64::from(from.height));
        let covered = if level.from.is_none() { self.covered } else { whole };
        let pixels =
            if from.size() == level.stored { Arc::clone(from) } else { Arc::new(resize(from, covered, level.stored)?) };
        Ok((pixels, start.elapsed()))
    }

    /// Finishes a level's pixels and spawns its encodings.
    fn encode_level<'s>(&'s self, scope: &rayon::Scope<'s>, index: usize, pixels: Arc<Pixels>, resized: Duration) {
        let start = Instant::now();
        let pixels = self.finish(pixels);
        let resize = resized + start.elapsed();
        for (at, job) in self.plan.jobs.iter().enumerate() {
            if job.level != index || job.same_as.is_some() {
                continue;
            }
            let pixels = Arc::clone(&pixels);
            scope.spawn(move |_| {
                let start = Instant::now();
                let bytes = encode(&pixels, job.format, job.quality.unwrap_or(100));
                let encode = start.elapsed();
                _ = self.encoded[at].set(bytes.map(|bytes| Encoded { bytes: bytes.into(), resize, encode }));
            });
        }
    }

    fn finish(&self, pixels: Arc<Pixels>) -> Arc<Pixels> {
        let pixels = self.late.map_or_else(|| Arc::clone(&pixels), |colours| Arc::new(colours.to_srgb(&pixels)));
        if self.orientation <= 1 { pixels } else { Arc::new(upright(&pixels, self.orientation)) }
    }

    fn fail_level(&self, index: usize, error: &PictureError) {
        for (at, _) in self.plan.jobs.iter().enumerate().filter(|(_, job)| job.level == index) {
            _ = self.encoded[at].set(Err(error.clone()));
        }
    }

    fn collect(self, decode: Duration) -> Result<Vec<Derivative>, PictureError> {
        let mut encoded = Vec::with_capacity(self.encoded.len());
        for slot in self.encoded {
            encoded.push(slot.into_inner().transpose()?);
        }
        let missing = || PictureError::Failed("a derivative was planned and not made".into());
        let jobs = self.plan.jobs.iter().enumerate();
        jobs.map(|(at, job)| {
            let Encoded { bytes, resize, encode } = encoded[job.same_as.unwrap_or(at)].as_ref().ok_or_else(missing)?;
            let (width, height) = self.plan.levels[job.level].seen;
            Ok(Derivative {
                size: job.size,
                format: job.format,
                quality: job.quality,
                width,
                height,
                bytes: bytes.clone(),
                decode,
                resize: *resize,
                encode: *encode,
                same_as: job.same_as,
            })
        })
        .collect()
    }
}
