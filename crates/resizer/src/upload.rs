//! A picture as it was uploaded: held in memory, within limits, never in a file.

mod multipart;
mod paced;
mod zipped;

use bytes::Bytes;

pub use self::{
    multipart::{all, first},
    paced::paced,
    zipped::{is_zip, unzipped},
};
use crate::picture::Kind;

/// A file.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Without folders and control characters.
    pub filename: String,
    /// As the client said, or as the picture's format is.
    pub content_type: String,
    /// All of it.
    pub bytes: Bytes,
}

impl Upload {
    /// A file under the last part of its path.
    pub fn new(path: &str, content_type: Option<&str>, bytes: Bytes) -> Self {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = name.chars().filter(|c| !c.is_control()).take(255).collect();
        let filename = if name.trim().is_empty() { "picture".to_owned() } else { name };
        let guessed = || Kind::of(&bytes).map_or("application/octet-stream", Kind::media_type);
        let content_type =
            content_type.filter(|said| !said.is_empty()).map_or_else(|| guessed().to_owned(), String::from);
        Self { filename, content_type, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_folders_and_control_characters() {
        let named = |path: &str| Upload::new(path, None, Bytes::new()).filename;
        assert_eq!(named("../../etc/passwd"), "passwd");
        assert_eq!(named("C:\\pictures\\my cat.jpg"), "my cat.jpg");
        assert_eq!(named("a\r\nb\0.png"), "ab.png");
        assert_eq!(named("folder/"), "picture");
        assert_eq!(named("Käthe.jpg"), "Käthe.jpg");
    }
}
