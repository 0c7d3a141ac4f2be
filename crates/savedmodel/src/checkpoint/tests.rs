//! What is written comes back, whichever way it was written; what is damaged, cut off or hostile is refused.
//! Memory is bounded by the allocator itself: an input that makes a reader ask for more ends the test.

use std::{
    alloc::System,
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cap::Cap;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{
    fixture::{Tensors, read_all, tar_gz, tensors, v1, v2},
    open, unpack,
};
use crate::{
    error::{BlockFault, Error, Result},
    table::{FOOTER, TRAILER, checksum, footer, reader::Table},
};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What reading a file of some kilobytes may take.
const ENOUGH: usize = 64 << 20;
/// For each format.
const MUTATIONS: usize = 25_000;
const STATE: &[u8] = b"model_checkpoint_path: \"model.ckpt-1\"\n";

fn read(path: &Path) -> Result<Tensors> {
    read_all(open(path)?.as_mut())
}

/// A folder and a file in it that `write` makes anew.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { path: folder.path().join(name), _folder: folder }
    }

    fn holding(&self, bytes: &[u8]) -> &Path {
        fs_err::write(&self.path, bytes).expect("write");
        &self.path
    }
}

#[test]
fn every_way_of_writing_reads_back_equal() {
    let expected = tensors();
    let file = File::new("model.ckpt-1");
    for (block_size, compress) in [(1, false), (100, true), (300, false), (1 << 18, true), (1 << 18, false)] {
        let bytes = v1(&expected, block_size, compress);
        assert_eq!(read(file.holding(&bytes)).expect("sound"), expected, "{block_size} {compress}");
        let archive = tar_gz(&[("m/README.txt", b"hello"), ("m/checkpoint", STATE), ("m/model.ckpt-1", &bytes)]);
        assert_eq!(read(file.holding(&archive)).expect("sound"), expected, "archived {block_size} {compress}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let prefix = v2(&expected, folder.path());
    for path in [prefix.clone(), prefix.with_extension("ckpt-1.index"), folder.path().to_owned()] {
        let path = if path.exists() || path == prefix { path } else { super::bundle::index_path(&prefix) };
        assert_eq!(read(&path).expect("sound"), expected, "{}", path.display());
    }
    fs_err::write(folder.path().join("checkpoint"), STATE).expect("write");
    assert_eq!(read(folder.path()).expect("sound"), expected);
}

#[test]
fn only_what_is_wanted_is_read() {
    let bytes = v1(&tensors(), 1, false);
    let file = File::new("model.ckpt-1");
    file.holding(&bytes);
    let table = Table::open(&file.path).expect("sound");
    let last = table.blocks().last().expect("several");
    let mut damaged = bytes.clone();
    damaged[last.offset as usize] ^= 1;
    let mut source = open(file.holding(&damaged)).expect("its list is sound");
    let found = Mutex::new(BTreeSet::new());
    let take = |name: &str, _: &[u8]| {
        found.lock().expect("no panic").insert(name.to_owned());
        Ok(())
    };
    source.read(&["c/bool", "b/large"].into(), &take).expect("the damage is elsewhere");
    assert_eq!(found.into_inner().expect("no panic"), ["b/large", "c/bool"].map(String::from).into());
    let take = |name: &str, _: &[u8]| panic!("{name} is handed out");
    let error = source.read(&["global_step"].into(), &take).expect_err("damaged");
    assert!(error.to_string().ends_with(&format!("model.ckpt-1: block at {}: CRC mismatch", last.offset)), "{error}");
    let error = source.read(&["nobody"].into(), &take).expect_err("missing");
    assert!(error.to_string().ends_with("model.ckpt-1: tensor nobody: not in the checkpoint"), "{error}");
}

#[test]
fn every_flipped_byte_and_every_cut_is_noticed() {
    let expected = tensors();
    let raw = v1(&expected, 300, false);
    let archive = tar_gz(&[("checkpoint", STATE), ("model.ckpt-1", &raw)]);
    let v2_folder = tempfile::tempdir().expect("a folder");
    let prefix = v2(&expected, v2_folder.path());
    let index = super::bundle::index_path(&prefix);
    let shard = v2_folder.path().join("model.ckpt-1.data-00000-of-00001");
    for (name, bytes) in [
        ("model.ckpt-1", raw.clone()),
        ("model.ckpt-1", v1(&expected, 300, true)),
        ("m.tar.gz", archive),
        ("m.index", fs_err::read(&index).expect("there")),
    ] {
        let file = File::new(name);
        if name == "m.index" {
            fs_err::copy(&shard, file.path.with_file_name("m.data-00000-of-00001")).expect("copy");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            if let Ok(found) = read(file.holding(&damaged)) {
                assert_eq!(found, expected, "{name}: byte {at} changes the answer");
            }
            if let Ok(found) = read(file.holding(&bytes[..at])) {
                // An archive's last bytes are padding.
                assert!(found == expected && name == "m.tar.gz", "{name}: cut at {at}");
            }
        }
    }
    let sound = fs_err::read(&shard).expect("there");
    for at in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 0xff;
        fs_err::write(&shard, damaged).expect("write");
        let error = read(&prefix).expect_err("damaged").to_string();
        assert!(error.contains(".data-00000-of-00001: tensor ") && error.ends_with("CRC mismatch"), "{error}");
        fs_err::write(&shard, &sound[..at]).expect("write");
        assert!(read(&prefix).is_err(), "shard cut at {at}");
    }
}

/// Runs with little more memory than is taken now; one test at a time, as the limit is the process's.
pub(super) fn bounded<T>(run: impl FnOnce() -> T) -> T {
    static ONE: Mutex<()> = Mutex::new(());
    // What a test that failed has left is a limit that the next one sets anew.
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    MEMORY.set_limit(MEMORY.allocated() + ENOUGH).expect("nothing near that is allocated");
    let result = run();
    MEMORY.set_limit(usize::MAX).expect("it may grow again");
    result
}

/// Changes some bytes: flips, ends of ranges, copies, cuts.
pub(super) fn mutate(bytes: &mut Vec<u8>, random: &mut Xoshiro256PlusPlus) {
    for _ in 0..=random.next_u32() % 3 {
        let length = bytes.len().max(1) as u32;
        let at = (random.next_u32() % length) as usize;
        match random.next_u32() % 6 {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..(at + 1 + (random.next_u32() % 9) as usize).min(bytes.len()))),
            2 => {
                let from = (random.next_u32() % length) as usize;
                let part = bytes[from..(from + 8).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = 0xff),
            4 => bytes.iter_mut().skip(at).take(5).for_each(|byte| *byte |= 0x80),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (random.next_u32() % 8)),
        }
        if bytes.is_empty() {
            return;
        }
    }
}

/// Changes some bytes inside the blocks of a table and makes their checksums fit again: readers behind the checksums must
/// stand up to anything as well.
fn mutate_signed(bytes: &mut [u8], random: &mut Xoshiro256PlusPlus) {
    let Some((metaindex, index)) = bytes.last_chunk::<FOOTER>().and_then(footer) else { return };
    let file = File::new("table");
    let blocks: Vec<_> = Table::open(file.holding(bytes)).expect("sound").blocks().chain([metaindex, index]).collect();
    let block = blocks[random.next_u32() as usize % blocks.len()];
    let (start, size) = (block.offset as usize, block.size as usize);
    for _ in 0..=random.next_u32() % 4 {
        let at = start + random.next_u32() as usize % (size + 1);
        bytes[at] = match random.next_u32() % 4 {
            0 => 0xff,
            1 => 0,
            2 => bytes[at] ^ 1 << (random.next_u32() % 8),
            _ => random.next_u32() as u8,
        };
    }
    let crc = checksum(&bytes[start..=start + size]);
    bytes[start + size + 1..start + size + TRAILER].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn a_hundred_thousand_mutations_end_in_an_error_or_the_right_answer() {
    let expected = tensors();
    let raw = v1(&expected, 300, false);
    let v2_folder = tempfile::tempdir().expect("a folder");
    let prefix = v2(&expected, v2_folder.path());
    let index = fs_err::read(super::bundle::index_path(&prefix)).expect("there");
    let shard = v2_folder.path().join("model.ckpt-1.data-00000-of-00001");
    let seeds = [
        ("model.ckpt-1", raw.clone()),
        ("model.ckpt-2", v1(&expected, 300, true)),
        ("m.tar.gz", tar_gz(&[("checkpoint", STATE), ("model.ckpt-1", &raw)])),
        ("m.index", index),
    ];
    let counts = bounded(|| {
        std::thread::scope(|scope| {
            seeds
                .each_ref()
                .map(|(name, bytes)| {
                    let (expected, raw, shard) = (&expected, &raw, &shard);
                    scope.spawn(move || mutations(name, bytes, raw, shard, expected))
                })
                .map(|thread| thread.join().expect("no mutation panics"))
        })
    });
    let (right, refused) = counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    assert!(refused > MUTATIONS && right > 0, "{refused} refused, {right} right: the mutations do not reach far");
}

/// Reads one format's mutations; says how many gave the right answer and how many were refused.
fn mutations(name: &str, bytes: &[u8], raw: &[u8], shard: &Path, expected: &Tensors) -> (usize, usize) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2016);
    let (mut right, mut refused) = (0, 0);
    let file = File::new(name);
    if name == "m.index" {
        fs_err::copy(shard, file.path.with_file_name("m.data-00000-of-00001")).expect("copy");
    }
    for number in 0..MUTATIONS {
        let mut damaged = bytes.to_vec();
        let signed = number % 2 == 1;
        match (signed, name) {
            (true, "m.tar.gz") => {
                let mut inside = raw.to_vec();
                mutate_signed(&mut inside, &mut random);
                damaged = tar_gz(&[("model.ckpt-1", &inside)]);
            }
            (true, _) => mutate_signed(&mut damaged, &mut random),
            (false, _) => mutate(&mut damaged, &mut random),
        }
        match read(file.holding(&damaged)) {
            // With checksums that fit, another answer is what the file says.
            Ok(found) if !signed => {
                assert_eq!(&found, expected, "{name}: mutation {number}");
                right += 1;
            }
            Ok(_) => {}
            Err(_) => refused += 1,
        }
    }
    (right, refused)
}

#[test]
fn archives_that_are_not_what_they_should_be_are_refused() {
    let raw = v1(&tensors(), 300, false);
    let file = File::new("m.tar.gz");
    let refusal = |bytes: &[u8]| read(file.holding(bytes)).expect_err("refused").to_string();
    let told = refusal(&tar_gz(&[("README.txt", b"no model")]));
    assert!(told.ends_with("m.tar.gz: holds no checkpoint"), "{told}");
    let told = refusal(&tar_gz(&[("m/x.data-00000-of-00001", b"?"), ("m/x.index", b"?")]));
    assert!(told.contains("entry `m/x.data-00000-of-00001`: is part of a V2 checkpoint"), "{told}");
    let mut cut = tar_gz(&[("model.ckpt-1", &raw)]);
    cut.truncate(cut.len() / 2);
    refusal(&cut);
    // Half a checkpoint in a whole archive.
    let told = refusal(&tar_gz(&[("model.ckpt-1", &raw[..raw.len() / 2])]));
    assert!(told.contains("m.tar.gz/model.ckpt-1: block at "), "{told}");
    let ones = vec![1; 1 << 20];
    let told = refusal(&tar_gz(&[("ones", ones.as_slice()); 300]));
    assert!(told.contains("refused as a bomb"), "{told}");
}

/// A `.tar.gz` of one entry that no honest program would write.
fn hostile(kind: tar::EntryType, name: &str, link: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    // Past the checks of the writer.
    header.as_gnu_mut().expect("it is one").name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_gnu_mut().expect("it is one").linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_size(0);
    header.set_cksum();
    builder.append(&header, std::io::empty()).expect("memory");
    builder.into_inner().and_then(flate2::write::GzEncoder::finish).expect("memory")
}

#[test]
fn nothing_is_unpacked_outside_its_folder() {
    let outer = tempfile::tempdir().expect("a folder");
    let archive = outer.path().join("m.tar.gz");
    let inner = outer.path().join("inner");
    fs_err::create_dir(&inner).expect("create");
    use tar::EntryType::{Char, Fifo, Link, Regular, Symlink};
    for (kind, name, link) in [
        (Regular, "../evil", ""),
        (Regular, "a/../../evil", ""),
        (Regular, "/tmp/xtask-evil", ""),
        (Symlink, "a", "/etc/passwd"),
        (Symlink, "a", "../evil"),
        (Symlink, "b/a", "../../evil"),
        (Link, "a", "../evil"),
        (Link, "a", "/etc/passwd"),
        (Fifo, "a", ""),
        (Char, "a", ""),
    ] {
        fs_err::write(&archive, hostile(kind, name, link)).expect("write");
        let error = unpack(&archive, &inner).expect_err(name);
        assert!(matches!(error, Error::Archive { .. }) && error.to_string().ends_with(": refused"), "{error}");
    }
    let left = fs_err::read_dir(outer.path()).expect("list").flatten().count();
    assert_eq!(left, 2, "something came out");
    fs_err::write(&archive, tar_gz(&[("m/checkpoint", STATE), ("m/x", b"x")])).expect("write");
    unpack(&archive, &inner).expect("honest");
    assert_eq!(fs_err::read(inner.join("m/x")).expect("there"), b"x");
}

#[test]
fn errors_say_where() {
    let file = File::new("model.ckpt-157585");
    let error = read(file.holding(b"this is no checkpoint, but it is long enough to have a footer")).expect_err("text");
    assert!(
        error.to_string().ends_with("model.ckpt-157585: not a checkpoint table: its last bytes are no table footer")
    );
    let mut bytes = v1(&tensors(), 1 << 18, false);
    bytes[100] ^= 1;
    let error = read(file.holding(&bytes)).expect_err("damaged");
    assert!(matches!(&error, Error::Block { offset: 0, fault: BlockFault::Checksum, .. }), "{error}");
    assert!(error.to_string().ends_with("model.ckpt-157585: block at 0: CRC mismatch"), "{error}");
    let empty = tempfile::tempdir().expect("a folder");
    let error = read(empty.path()).expect_err("empty");
    assert!(error.to_string().contains("holds no checkpoint"), "{error}");
}
