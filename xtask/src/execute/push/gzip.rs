//! gzip on all cores: the file's blocks become members of their own, which every reader of gzip takes for one stream.
//! The bytes depend on the file alone, so that a layer has one digest wherever and by however many cores it is packed.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom, Write},
    num::NonZeroUsize,
    path::Path,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};

use crate::domain::reference::Digest;

/// Large enough that what a member costs beside its content is nothing.
const BLOCK: u64 = 4 << 20;
/// Smaller than what engines and other tools make of the same layer, and faster: measured, see docs/measurements.md.
const LEVEL: u32 = 5;

/// Packs a file; returns the digest and the size of the result. `progress` hears of bytes read, out of all.
pub(super) fn pack(
    from: &Path,
    to: &Path,
    cores: NonZeroUsize,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(Digest, u64)> {
    let size = fs_err::metadata(from)?.len();
    // An empty file is one empty member.
    let blocks = size.div_ceil(BLOCK).max(1);
    let next = AtomicU64::new(0);
    let (sender, receiver) = mpsc::sync_channel(cores.get());
    thread::scope(|scope| {
        for _ in 0..cores.get() {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    // Whoever writes may have met an error and be gone.
                    if number >= blocks || sender.send((number, member(from, number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        write(receiver, to, |done| progress((done * BLOCK).min(size), size))
    })
}

/// One block as a member without name and time.
fn member(from: &Path, number: u64) -> io::Result<Vec<u8>> {
    let mut file = fs_err::File::open(from)?;
    file.seek(SeekFrom::Start(number * BLOCK))?;
    let mut writer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(LEVEL));
    io::copy(&mut file.take(BLOCK), &mut writer)?;
    writer.finish()
}

/// Writes members in the order of their blocks, whatever order they come in.
fn write(
    members: mpsc::Receiver<(u64, io::Result<Vec<u8>>)>,
    to: &Path,
    mut told: impl FnMut(u64),
) -> Result<(Digest, u64)> {
    let mut file = fs_err::File::create(to)?;
    let (mut early, mut due, mut hash, mut size) = (BTreeMap::new(), 0, Sha256::new(), 0);
    for (number, member) in members {
        early.insert(number, member.context("pack a layer")?);
        while let Some(member) = early.remove(&due) {
            file.write_all(&member)?;
            hash.update(&member);
            size += member.len() as u64;
            due += 1;
            told(due);
        }
    }
    Ok((Digest::of_hash(hash), size))
}

#[cfg(test)]
mod tests {
    use flate2::read::MultiGzDecoder;

    use super::*;

    fn packed(bytes: &[u8], cores: usize) -> (Vec<u8>, Digest, u64) {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs_err::write(&from, bytes).expect("write");
        let mut last = None;
        let cores = NonZeroUsize::new(cores).expect("some");
        let (digest, size) = pack(&from, &to, cores, &mut |done, all| last = Some((done, all))).expect("packed");
        assert_eq!(last, Some((bytes.len() as u64, bytes.len() as u64)));
        (fs_err::read(to).expect("read"), digest, size)
    }

    #[test]
    fn the_bytes_come_back_and_do_not_tell_how_many_cores_there_were() {
        let block = usize::try_from(BLOCK).expect("small");
        for length in [0, 1, block - 1, block, block + 1, 3 * block + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| ((at * at) >> 7) as u8).collect();
            let (one, digest, size) = packed(&bytes, 1);
            assert_eq!((Digest::of(&one), one.len() as u64), (digest, size));
            assert_eq!(packed(&bytes, 5).0, one);
            let mut back = Vec::new();
            MultiGzDecoder::new(&one[..]).read_to_end(&mut back).expect("gzip");
            assert!(back == bytes, "{length} bytes do not come back");
        }
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = folder.path().join("gone");
        let error = pack(&gone, &folder.path().join("to"), NonZeroUsize::MIN, &mut |_, _| ()).expect_err("gone");
        assert!(format!("{error:#}").contains("gone"), "{error:#}");
    }
}
