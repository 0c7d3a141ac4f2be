//! Turning pixels as the EXIF orientation asks.

use super::pixels::Pixels;

/// Whether this orientation swaps width and height.
pub(super) fn swaps_sides(orientation: u8) -> bool {
    orientation >= 5
}

/// The picture as its orientation, 1 to 8, wants it seen.
pub(super) fn upright(pixels: &Pixels, orientation: u8) -> Pixels {
    let channels = pixels.channels.count();
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let (turned_width, turned_height) = if swaps_sides(orientation) { (height, width) } else { (width, height) };
    let mut data = Vec::with_capacity(pixels.data.len());
    for y in 0..turned_height {
        for x in 0..turned_width {
            let (from_x, from_y) = match orientation {
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                8 => (width - 1 - y, x),
                _ => (x, y),
            };
            let at = (from_y * width + from_x) * channels;
            data.extend_from_slice(&pixels.data[at..at + channels]);
        }
    }
    let (width, height) =
        if swaps_sides(orientation) { (pixels.height, pixels.width) } else { (pixels.width, pixels.height) };
    Pixels { width, height, data: data.into(), channels: pixels.channels }
}
