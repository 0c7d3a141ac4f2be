//! Embedded colour profiles to sRGB. A profile that cannot be read, or is one for other channels, is ignored, as
//! browsers do: the pixels are then taken for sRGB.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use super::pixels::{Channels, Pixels};

/// Pixels converted at a time.
const STRETCH: usize = 4096;

/// The way from a picture's colours to sRGB.
pub(super) struct Colours {
    transform: Arc<dyn TransformExecutor<u8> + Send + Sync>,
    channels: Channels,
}

impl Colours {
    /// None where pixels are sRGB already, or may as well be.
    pub(super) fn of(profile: Option<&[u8]>, channels: Channels) -> Option<Self> {
        let profile = ColorProfile::new_from_slice(profile?).ok()?;
        let (space, layout) = match channels {
            Channels::Grey => (DataColorSpace::Gray, Layout::Gray),
            Channels::Rgb => (DataColorSpace::Rgb, Layout::Rgb),
        };
        if profile.color_space != space {
            return None;
        }
        let srgb = ColorProfile::new_srgb();
        let transform = profile.create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default()).ok()?;
        let colours = Self { transform, channels };
        (!colours.changes_nothing()).then_some(colours)
    }

    /// Most profiles in the wild are sRGB's own, in several spellings; converting by them costs time and only rounds.
    fn changes_nothing(&self) -> bool {
        let steps = (0..=255_u8).step_by(17);
        let lattice: Vec<u8> = match self.channels {
            Channels::Grey => (0..=255).collect(),
            Channels::Rgb => steps
                .clone()
                .flat_map(|r| steps.clone().flat_map(move |g| (0..=255).step_by(17).flat_map(move |b| [r, g, b])))
                .collect(),
        };
        let mut converted = lattice.clone();
        self.convert(&mut converted);
        lattice.iter().zip(&converted).all(|(before, after)| before.abs_diff(*after) <= 1)
    }

    /// The same pixels in sRGB.
    pub(super) fn to_srgb(&self, pixels: &Pixels) -> Pixels {
        let mut converted = pixels.clone();
        self.convert(&mut converted.data);
        converted
    }

    fn convert(&self, data: &mut [u8]) {
        let mut out = [0; STRETCH * 3];
        let channels = self.channels.count();
        for stretch in data.chunks_mut(STRETCH * channels) {
            let out = &mut out[..stretch.len() / channels * 3];
            // Lengths fit by construction; a profile that fails on some colours leaves them as they were.
            if self.transform.transform(stretch, out).is_err() {
                continue;
            }
            match self.channels {
                Channels::Rgb => stretch.copy_from_slice(out),
                // sRGB's grey axis: all three are equal.
                Channels::Grey => stretch.iter_mut().zip(out.chunks_exact(3)).for_each(|(grey, rgb)| *grey = rgb[1]),
            }
        }
    }
}

/// Ink as Adobe inverts it (255 is none) to RGB: by its profile, else by taking black and each ink off white.
pub(super) fn ink_to_rgb(inverted: &[u8], profile: Option<&[u8]>) -> Vec<u8> {
    let transform = profile.and_then(|profile| {
        let profile = ColorProfile::new_from_slice(profile).ok()?;
        let ink = profile.color_space == DataColorSpace::Cmyk;
        let srgb = ColorProfile::new_srgb();
        // Four channels of any meaning are `Rgba` to this crate.
        let transform = || profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, TransformOptions::default());
        if ink { transform().ok() } else { None }
    });
    let mut rgb = vec![0; inverted.len() / 4 * 3];
    for (ink, out) in inverted.chunks(STRETCH * 4).zip(rgb.chunks_mut(STRETCH * 3)) {
        let done = transform.as_ref().is_some_and(|transform| {
            let ink: Vec<u8> = ink.iter().map(|value| 255 - value).collect();
            transform.transform(&ink, out).is_ok()
        });
        if !done {
            for (ink, out) in ink.chunks_exact(4).zip(out.chunks_exact_mut(3)) {
                let black = u16::from(ink[3]);
                for (value, out) in ink.iter().zip(out) {
                    *out = u8::try_from((u16::from(*value) * black + 127) / 255).unwrap_or(u8::MAX);
                }
            }
        }
    }
    rgb
}
