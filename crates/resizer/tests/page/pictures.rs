//! Files to choose: pictures that are made up here, and things that are none.

use std::path::{Path, PathBuf};

use jpeg_encoder::{ColorType, Encoder};
use tempfile::TempDir;

/// A folder with files to choose.
pub struct Pictures(TempDir);

impl Pictures {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    /// A JPEG of waves in this size.
    pub fn jpeg(&self, name: &str, width: u16, height: u16) -> PathBuf {
        let wave = |at: u32, period: u32| (255 * (at % period) / period) as u8;
        let pixels: Vec<u8> = (0..u32::from(height))
            .flat_map(|y| {
                (0..u32::from(width)).flat_map(move |x| [wave(x + y, 97), wave(x * 2 + y, 211), wave(y * 3, 151)])
            })
            .collect();
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, 90).encode(&pixels, width, height, ColorType::Rgb).expect("encode");
        self.file(name, &bytes)
    }

    /// Any bytes.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("write");
        path
    }

    /// A file that begins like a JPEG and is `bytes` long, without taking the room.
    pub fn huge(&self, name: &str, bytes: u64) -> PathBuf {
        let path = self.file(name, &[0xff, 0xd8, 0xff, 0xe0]);
        std::fs::File::options().write(true).open(&path).and_then(|file| file.set_len(bytes)).expect("stretch");
        path
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
