//! Pictures out of a zip file, in memory, and no more of them than is allowed: a small archive may hold terabytes.

use std::io::{Cursor, Read};

use axum::http::StatusCode;
use bytes::Bytes;
use zip::ZipArchive;

use super::Upload;
use crate::problem::Problem;

/// More files than this are not looked at.
const MOST_FILES: usize = 1_000;

/// Whether bytes begin as a zip file does, be it an empty one.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The files of an archive in their order; folders, hidden files and what macOS adds are left out.
///
/// # Errors
/// 413 where a file exceeds `each` bytes, all exceed `together`, or there are too many; 422 for damaged archives.
pub fn unzipped(bytes: Bytes, each: usize, together: usize) -> Result<Vec<Upload>, Problem> {
    let damaged = |what: &dyn std::fmt::Display| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("The zip file cannot be read ({what}); make it anew and send that."),
        )
    };
    let too_large = |what: String| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, what);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > MOST_FILES {
        return Err(too_large(format!(
            "The zip file holds {} files and at most {MOST_FILES} are taken; send fewer.",
            archive.len()
        )));
    }
    let (mut files, mut left) = (Vec::new(), together);
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = file.name().map_err(|error| damaged(&error))?.into_owned();
        if file.is_dir() || name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX") {
            continue;
        }
        let most = each.min(left);
        let mut content = Vec::new();
        file.take(most as u64 + 1).read_to_end(&mut content).map_err(|error| damaged(&error))?;
        if content.len() > most {
            return Err(too_large(format!(
                "`{name}` in the zip file is too large: {each} bytes a file and {together} in all are taken; send less."
            )));
        }
        left -= content.len();
        files.push(Upload::new(&name, None, content.into()));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Bytes {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).expect("begin");
            writer.write_all(content).expect("write");
        }
        writer.finish().expect("end").into_inner().into()
    }

    #[test]
    fn pictures_come_out_in_their_order() {
        let zip = archive(&[("b/cat.jpg", b"1"), ("__MACOSX/cat.jpg", b"x"), (".DS_Store", b"x"), ("a.png", b"22")]);
        assert!(is_zip(&zip));
        let files = unzipped(zip, 100, 100).expect("read");
        let names: Vec<(&str, usize)> = files.iter().map(|file| (file.filename.as_str(), file.bytes.len())).collect();
        assert_eq!(names, [("cat.jpg", 1), ("a.png", 2)]);
    }

    #[test]
    fn archives_that_swell_are_refused() {
        let bomb = archive(&[("bomb", &vec![0; 1_000_000])]);
        assert!(bomb.len() < 10_000);
        assert_eq!(unzipped(bomb.clone(), 999_999, usize::MAX).expect_err("too large").status, 413);
        assert_eq!(unzipped(bomb, usize::MAX - 1, 999_999).expect_err("too large").status, 413);
        let many: Vec<(String, &[u8])> = (0..1_001).map(|number| (number.to_string(), &b""[..])).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
        assert_eq!(unzipped(archive(&many), 10, 10).expect_err("too many").status, 413);
    }

    #[test]
    fn damaged_archives_are_refused_wherever_they_are_cut() {
        let whole = archive(&[("cat.jpg", b"meow meow meow meow")]);
        for end in 0..whole.len() {
            assert_eq!(unzipped(whole.slice(..end), 100, 100).expect_err("damaged").status, 422, "cut at {end}");
        }
    }
}
