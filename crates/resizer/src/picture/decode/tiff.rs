//! What the image crate's TIFF decoder leaves out: colour profiles as they are commonly tagged, palettes, and a look at
//! how long its lists are before it makes room for them. Reads the first directory of classic TIFF; `BigTIFF`, which only
//! tools for science write, is refused.

use crate::picture::pixels::{Channels, Pixels};

const PHOTOMETRIC: u16 = 262;
const ORIENTATION: u16 = 274;
const COLOR_MAP: u16 = 320;
const ICC_PROFILE: u16 = 34_675;
/// Values of `PHOTOMETRIC`.
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;

/// Tags from here on are other people's, and no decoder here asks for them.
const FIRST_PRIVATE: u16 = 700;

/// One directory entry: where its values stand.
struct Entry {
    tag: u16,
    /// Values.
    count: usize,
    /// Their place in the file, in bytes.
    at: usize,
    length: usize,
}

struct Directory<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    entries: usize,
}

impl<'a> Directory<'a> {
    fn first(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = bytes.starts_with(b"MM\0*");
        if !big_endian && !bytes.starts_with(b"II*\0") {
            return None;
        }
        let mut directory = Self { bytes, big_endian, entries: 0 };
        directory.entries = directory.long(4)?;
        Some(directory)
    }

    fn short(&self, at: usize) -> Option<u16> {
        let two = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let four = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }).ok()
    }

    fn entries(&self) -> impl Iterator<Item = Option<Entry>> {
        let count = self.short(self.entries).map_or(0, usize::from);
        (0..count).map(|index| self.entry(self.entries + 2 + 12 * index))
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let width = match self.short(at + 2)? {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => 1,
        };
        let count = self.long(at + 4)?;
        let length = count.checked_mul(width)?;
        let values = if length <= 4 { at + 8 } else { self.long(at + 8)? };
        Some(Entry { tag: self.short(at)?, count, at: values, length })
    }

    fn find(&self, tag: u16) -> Option<Entry> {
        self.entries().flatten().find(|entry| entry.tag == tag)
    }

    fn value(&self, tag: u16) -> Option<u16> {
        self.short(self.find(tag)?.at)
    }

    fn data(&self, tag: u16) -> Option<&'a [u8]> {
        let Entry { at, length, .. } = self.find(tag)?;
        self.bytes.get(at..at.checked_add(length)?)
    }
}

/// How many values the decoder's lists will have. It makes room for as many as a directory claims, and some twenty bytes
/// for each byte of them, so that a file of a hundred bytes could have it ask for all memory.
pub(super) fn listed(bytes: &[u8]) -> Result<u64, &'static str> {
    let directory = Directory::first(bytes).ok_or("it is not classic TIFF, or has no directory")?;
    let mut values = 0;
    for entry in directory.entries() {
        let entry = entry.ok_or("its directory is cut off")?;
        if entry.tag < FIRST_PRIVATE {
            let ends = entry.at.checked_add(entry.length).filter(|end| *end <= bytes.len());
            ends.ok_or("a list in its directory is longer than the file")?;
            values += entry.count as u64;
        }
    }
    Ok(values)
}

/// The embedded profile.
pub(super) fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    Directory::first(bytes)?.data(ICC_PROFILE).map(<[u8]>::to_vec)
}

/// The orientation, 1 to 8; 1 where nothing sensible is said.
pub(super) fn orientation(bytes: &[u8]) -> u8 {
    let value = Directory::first(bytes).and_then(|directory| directory.value(ORIENTATION));
    value.and_then(|value| u8::try_from(value).ok()).filter(|value| (1..=8).contains(value)).unwrap_or(1)
}

/// A picture whose pixels are places in a palette.
pub(super) struct Palette {
    /// The file again, but said to be grey: so the decoder hands the places out.
    pub(super) as_grey: Vec<u8>,
    colours: Vec<[u8; 3]>,
}

impl Palette {
    /// Whether the file is such a picture, cheaply.
    pub(super) fn is_used(bytes: &[u8]) -> bool {
        Directory::first(bytes).and_then(|directory| directory.value(PHOTOMETRIC)) == Some(PALETTE)
    }

    /// The palette, if the file has one.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let directory = Directory::first(bytes)?;
        let map = directory.find(COLOR_MAP)?;
        let length = map.length / 6;
        let high_byte = |index: usize| directory.short(map.at + 2 * index).map(|value| value.to_be_bytes()[0]);
        // All reds come first, then all greens, then all blues, 16 bits each; eight bits of places need no more than 256.
        let colour = |index| Some([high_byte(index)?, high_byte(length + index)?, high_byte(2 * length + index)?]);
        let colours = (0..length.min(256)).map(colour).collect::<Option<Vec<_>>>()?;
        let photometric = directory.find(PHOTOMETRIC).filter(|_| Self::is_used(bytes))?.at;
        let mut as_grey = bytes.to_vec();
        let grey = if directory.big_endian { BLACK_IS_ZERO.to_be_bytes() } else { BLACK_IS_ZERO.to_le_bytes() };
        as_grey.get_mut(photometric..photometric.checked_add(2)?)?.copy_from_slice(&grey);
        Some(Self { as_grey, colours })
    }

    /// Places to colours; black for places that the palette does not have.
    pub(super) fn look_up(&self, places: &Pixels) -> Pixels {
        let colour = |place: &u8| self.colours.get(usize::from(*place)).copied().unwrap_or_default();
        let mut data = Vec::with_capacity(places.data.len() * 3);
        places.data.iter().for_each(|place| data.extend_from_slice(&colour(place)));
        Pixels { width: places.width, height: places.height, channels: Channels::Rgb, data: data.into() }
    }
}
