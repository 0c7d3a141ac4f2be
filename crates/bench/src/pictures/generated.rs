//! Pictures from a number alone, with what decoders and networks meet in photographs: the same spectrum, smooth shades,
//! shapes with soft and with sharp edges, the grain of a sensor. Each has colours and a composition of its own.

use resizer::picture::Raster;

use crate::chance::Chance;

/// Octaves of noise; the coarsest has waves as long as the picture.
const OCTAVES: u32 = 9;

/// Standard deviation of the grain, of 255.
const GRAIN: f32 = 2.5;

/// A picture's number among those of the seed decides all of it.
pub(super) fn generate(seed: u64, number: u32, width: u32, height: u32) -> Raster {
    let mut chance = Chance::at(seed, "picture", &[number]);
    let scene = Scene::of(&mut chance, width.max(height));
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            rgb.extend(scene.pixel(x, y));
        }
    }
    Raster { width, height, rgb }
}

type Colour = [f32; 3];

struct Scene {
    side: f32,
    layer: u32,
    /// Of the upper and the lower end of the background.
    shades: [Colour; 2],
    /// How strong the noise is, and how fast finer octaves fade.
    rough: f32,
    fades: f32,
    shapes: Vec<Shape>,
}

/// A turned ellipse or box, over what is behind it.
struct Shape {
    centre: (f32, f32),
    /// Half its sides.
    half: (f32, f32),
    turn: (f32, f32),
    is_box: bool,
    colour: Colour,
    /// Width of its edge, as a share of its size: 0 is sharp.
    soft: f32,
    /// Stripes across it, none for 0.
    stripes: f32,
}

impl Scene {
    fn of(chance: &mut Chance, side: u32) -> Self {
        let shades = [colour(chance), colour(chance)];
        let shapes = (0..4 + (chance.share() * 8.0) as usize).map(|_| Shape::of(chance)).collect();
        Self {
            side: side as f32,
            layer: (chance.share() * f64::from(u32::MAX)) as u32,
            shades,
            rough: chance.between(40.0, 140.0) as f32,
            fades: chance.between(0.45, 0.62) as f32,
            shapes,
        }
    }

    fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let (u, v) = (x as f32 / self.side, y as f32 / self.side);
        let light = self.noise(u, v, self.layer, OCTAVES);
        let tint = self.noise(v + 3.1, u + 1.7, self.layer ^ 0x5bd1, OCTAVES / 2) * 0.4;
        let mut mixed = mix(self.shades[0], self.shades[1], (v * 1.3).min(1.0));
        for shape in &self.shapes {
            mixed = mix(mixed, shape.shade(u, v), shape.covers(u, v));
        }
        let grain = grain(x, y, self.layer) * GRAIN;
        let shift = [tint, 0.0, -tint];
        std::array::from_fn(|at| (mixed[at] + self.rough * (light + shift[at]) + grain).clamp(0.0, 255.0) as u8)
    }

    /// Smooth between lattice points, each octave twice as fine; about -0.5 to 0.5.
    fn noise(&self, u: f32, v: f32, layer: u32, octaves: u32) -> f32 {
        let (mut sum, mut strength, mut scale) = (0.0, 0.5, 2.0);
        for octave in 0..octaves {
            let (x, y) = (u * scale, v * scale);
            let (left, top) = (x.floor(), y.floor());
            let ease = |t: f32| t * t * (3.0 - 2.0 * t);
            let (s, t) = (ease(x - left), ease(y - top));
            let at = |across: u32, down: u32| {
                lattice(left as u32 + across, top as u32 + down, layer.wrapping_add(octave * 101))
            };
            let (upper, lower) = (at(0, 0) * (1.0 - s) + at(1, 0) * s, at(0, 1) * (1.0 - s) + at(1, 1) * s);
            sum += (upper * (1.0 - t) + lower * t) * strength;
            strength *= self.fades;
            scale *= 2.0;
        }
        sum
    }
}

impl Shape {
    fn of(chance: &mut Chance) -> Self {
        let turn = chance.between(0.0, std::f64::consts::PI) as f32;
        Self {
            centre: (chance.share() as f32, chance.between(0.0, 0.8) as f32),
            half: (chance.between(0.04, 0.3) as f32, chance.between(0.04, 0.2) as f32),
            turn: (turn.cos(), turn.sin()),
            is_box: chance.share() < 0.4,
            colour: colour(chance),
            soft: if chance.share() < 0.5 { 0.01 } else { chance.between(0.1, 0.6) as f32 },
            stripes: if chance.share() < 0.3 { chance.between(10.0, 60.0) as f32 } else { 0.0 },
        }
    }

    /// Where a point is within it: 1 is its edge.
    fn place(&self, u: f32, v: f32) -> (f32, f32) {
        let (x, y) = (u - self.centre.0, v - self.centre.1);
        let (across, along) = (x * self.turn.0 + y * self.turn.1, y * self.turn.0 - x * self.turn.1);
        (across / self.half.0, along / self.half.1)
    }

    /// From 0, outside, to 1, within.
    fn covers(&self, u: f32, v: f32) -> f32 {
        let (x, y) = self.place(u, v);
        let distance = if self.is_box { x.abs().max(y.abs()) } else { x.hypot(y) };
        ((1.0 - distance) / self.soft).clamp(0.0, 1.0)
    }

    /// Lit from one side.
    fn shade(&self, u: f32, v: f32) -> Colour {
        let (x, y) = self.place(u, v);
        let stripe = if self.stripes > 0.0 && (x * self.stripes).sin() > 0.0 { 0.6 } else { 1.0 };
        let light = (1.0 - 0.25 * y) * stripe;
        self.colour.map(|part| part * light)
    }
}

fn colour(chance: &mut Chance) -> Colour {
    std::array::from_fn(|_| chance.between(20.0, 235.0) as f32)
}

fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    std::array::from_fn(|at| from[at] + (to[at] - from[at]) * share)
}

/// From -0.5 to 0.5, the same for the same place.
fn lattice(x: u32, y: u32, layer: u32) -> f32 {
    (hash(x, y, layer) & 0xffff) as f32 / 65_535.0 - 0.5
}

/// Four even numbers of chance add up to nearly a normal one; standard deviation 1.
fn grain(x: u32, y: u32, layer: u32) -> f32 {
    let bytes = hash(x, y, !layer).to_le_bytes();
    let sum: f32 = bytes.iter().map(|byte| f32::from(*byte) / 255.0 - 0.5).sum();
    sum * 3.0_f32.sqrt()
}

fn hash(x: u32, y: u32, layer: u32) -> u32 {
    let hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ layer.wrapping_mul(0xc2b2_ae3d);
    let hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
    let hash = (hash ^ (hash >> 12)).wrapping_mul(0x297a_2d39);
    hash ^ (hash >> 15)
}
