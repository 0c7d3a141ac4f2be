//! Which size a picture has in a box: Pillow's `Image.thumbnail`, its rounding included.

/// Width and height of a `width` x `height` picture in a square box of side `side`, in pixels. Keeps the ratio as closely
/// as whole pixels allow, never enlarges, never gives 0.
#[must_use]
pub fn fit(width: u32, height: u32, side: u32) -> (u32, u32) {
    if side >= width && side >= height {
        return (width, height);
    }
    let aspect = f64::from(width) / f64::from(height);
    let long = f64::from(side);
    if aspect <= 1.0 {
        (nearer(long * aspect, |short| (aspect - short / long).abs()), side)
    } else {
        // A ratio with nothing in it would be the best of all to Pillow, which then makes it 1.
        (side, nearer(long / aspect, |short| if short == 0.0 { 0.0 } else { (aspect - long / short).abs() }))
    }
}

/// The whole number beside `exact` that bends the ratio less; the smaller one where both bend it alike.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the side of a box")]
fn nearer(exact: f64, bend: impl Fn(f64) -> f64) -> u32 {
    let (below, above) = (exact.floor(), exact.ceil());
    (if bend(above) < bend(below) { above } else { below }).max(1.0) as u32
}
