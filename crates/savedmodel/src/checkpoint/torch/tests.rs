//! Weights come out as they were written; a pickle that wants to run something is told by name, and nothing that a stream
//! claims makes the reader take more than the stream has.

use std::path::Path;

use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{
    super::{
        fixture::{Tensors, read_all},
        tests::{bounded, mutate},
    },
    fixture::{Stored, Stream, View, machine, number, pickle, text},
    *,
};
use crate::tensor::{DataType, Shape};

/// For each of four threads.
const MUTATIONS: usize = 25_000;

fn floats(values: impl IntoIterator<Item = u8>) -> Vec<u8> {
    values.into_iter().flat_map(|value| f32::from(value).to_le_bytes()).collect()
}

fn storages() -> Vec<Stored> {
    vec![
        Stored { key: "94452736", dtype: DataType::FLOAT, bytes: floats(0..12) },
        Stored { key: "7", dtype: DataType::INT64, bytes: 5i64.to_le_bytes().to_vec() },
        Stored { key: "none", dtype: DataType::FLOAT, bytes: Vec::new() },
    ]
}

fn view(name: &'static str, storage: usize, offset: i32, shape: &[i32], strides: &[i32]) -> View {
    View { name, storage, offset, shape: shape.to_vec(), strides: strides.to_vec() }
}

fn views() -> Vec<View> {
    vec![
        view("whole", 0, 0, &[2, 3, 2], &[6, 2, 1]),
        view("part", 0, 7, &[3], &[1]),
        view("turned", 0, 6, &[3, 1, 2], &[1, 99, 3]),
        view("steps", 1, 0, &[], &[]),
        view("empty", 2, 0, &[0, 5], &[5, 1]),
    ]
}

fn expected() -> Tensors {
    let tensor = |name: &str, dtype, shape: &[u64], bytes| {
        (name.to_owned(), (TensorSpec { dtype, shape: Shape(shape.to_vec()) }, bytes))
    };
    [
        tensor("whole", DataType::FLOAT, &[2, 3, 2], floats(0..12)),
        tensor("part", DataType::FLOAT, &[3], floats(7..10)),
        tensor("turned", DataType::FLOAT, &[3, 1, 2], floats([6, 9, 7, 10, 8, 11])),
        tensor("steps", DataType::INT64, &[], 5i64.to_le_bytes().to_vec()),
        tensor("empty", DataType::FLOAT, &[0, 5], Vec::new()),
    ]
    .into()
}

fn sound() -> Stream {
    Stream::of(&storages(), &views())
}

fn read(bytes: Vec<u8>) -> Result<Tensors> {
    read_all(&mut TorchStream::of(Bytes::Memory(bytes), Path::new("w.pth"))?)
}

fn refusal(stream: &Stream) -> String {
    read(stream.bytes()).expect_err("refused").to_string()
}

#[test]
fn weights_come_out_row_by_row() {
    assert_eq!(read(sound().bytes()).expect("sound"), expected());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights");
    fs_err::write(&path, sound().bytes()).expect("write");
    assert_eq!(read_all(super::super::open(&path).expect("known by its content").as_mut()).expect("sound"), expected());
    assert!(super::super::fingerprint(&path).expect("read").starts_with("sha256:"));
    assert!(!super::super::needs_unpacking(&path).expect("read"));
}

#[test]
fn any_other_global_is_refused_by_name() {
    for (module, name) in [("os", "system"), ("builtins", "eval"), ("torch", "HalfStorage"), ("collections", "deque")] {
        let call = [format!("c{module}\n{name}\n(").into_bytes(), text("true"), b"tR".to_vec()].concat();
        let told = refusal(&Stream { weights: pickle(&call), ..sound() });
        assert!(told.starts_with("w.pth: at byte ") && told.contains(&format!("`{module}.{name}`")), "{told}");
        // Nor before the weights, where a magic number should be the first thing.
        let told = refusal(&Stream { machine: pickle(&call), ..sound() });
        assert!(told.contains(&format!("`{module}.{name}`")), "{told}");
    }
}

#[test]
fn instructions_that_weights_do_not_need_are_refused() {
    // Instances of classes, the extension registry, names on the stack, longer numbers.
    for instruction in [b'i', b'o', 0x81, 0x82, 0x92, 0x93, 0x8b, b'P', b'F'] {
        let told = refusal(&Stream { weights: pickle(&[instruction]), ..sound() });
        assert!(told.contains(&format!("the pickle instruction {instruction:#04x}")), "{told}");
    }
}

#[test]
fn another_format_is_told_in_words() {
    let told = |stream: Stream, words: &str| {
        let told = refusal(&stream);
        assert!(told.starts_with("w.pth: ") && told.contains(words), "{told}");
    };
    let mut magic = sound().magic;
    magic[8] ^= 1;
    told(Stream { magic, ..sound() }, "its magic number is another");
    told(Stream { version: pickle(&number(1002)), ..sound() }, "has version 1002 of the format; 1001 is read");
    told(Stream { machine: machine(false), ..sound() }, "big-endian");
    told(Stream { weights: pickle(b"]"), ..sound() }, "save a `state_dict()`");
    told(Stream { order: pickle(b"]"), storages: Vec::new(), ..sound() }, "its storage is not in the file");
    let twice = [sound().storages, vec![0; 8]].concat();
    told(Stream { storages: twice, ..sound() }, "goes on for 8 bytes after its last tensor");
    let mut two = views();
    two.push(view("part", 0, 0, &[1], &[1]));
    told(Stream::of(&storages(), &two), "tensor part: its data is malformed: it is listed twice");
}

#[test]
fn views_outside_their_storage_are_refused() {
    let outside = "it lies outside its storage";
    let gaps = "its elements overlap or have others between them";
    for (offset, shape, strides, words) in [
        (10, vec![3], vec![1], outside),
        (i32::MAX, vec![1], vec![1], outside),
        (0, vec![i32::MAX; 3], vec![1; 3], outside),
        (13, vec![0], vec![1], outside),
        (0, vec![3], vec![2], gaps),
        (0, vec![12], vec![0], gaps),
        (0, vec![2, 2], vec![1, 1], gaps),
        (0, vec![2, 2], vec![3, 1], gaps),
        (0, vec![2], vec![i32::MAX], gaps),
        (-1, vec![3], vec![1], "arguments make no sense"),
        (0, vec![-3], vec![1], "arguments make no sense"),
        (0, vec![3], vec![-1], "arguments make no sense"),
        (0, vec![3, 1], vec![1], "arguments make no sense"),
        (0, vec![1; 9], vec![1; 9], "arguments make no sense"),
    ] {
        let told = refusal(&Stream::of(&storages()[..1], &[view("x", 0, offset, &shape, &strides)]));
        assert!(told.contains(words), "{offset} {shape:?} {strides:?}: {told}");
    }
}

#[test]
fn counts_that_the_file_cannot_back_are_refused() {
    bounded(|| {
        // The first storage's own count is another than what tensors expect, however large.
        for count in [0, 11, 13, 1 << 40, u64::MAX] {
            let mut stream = sound();
            stream.storages[..8].copy_from_slice(&count.to_le_bytes());
            let told = refusal(&stream);
            assert!(told.contains(&format!("storage 94452736 has {count} elements where tensors expect 12")), "{told}");
        }
        // Both agree on two thousand million.
        let mut stream = Stream::of(&storages()[..1], &[view("x", 0, 0, &[12], &[1])]);
        let claim = |claimed: i32| [b"J".as_slice(), &claimed.to_le_bytes()].concat();
        let at = stream.weights.windows(3).position(|bytes| bytes == [b'K', 12, b'N']).expect("its count");
        stream.weights.splice(at..at + 2, claim(i32::MAX));
        stream.storages[..8].copy_from_slice(&u64::from(i32::MAX as u32).to_le_bytes());
        assert!(refusal(&stream).contains("is cut off in storage 94452736"));

        let long = [b"X".as_slice(), &u32::MAX.to_le_bytes()].concat();
        assert!(refusal(&Stream { weights: pickle(&long), ..sound() }).contains("has a text of 4294967295 bytes"));
        let name = [b"c".to_vec(), vec![b'a'; 1 << 20]].concat();
        assert!(refusal(&Stream { weights: pickle(&name), ..sound() }).contains("name is too long"));
    });
}

#[test]
fn pickles_without_end_or_measure_are_refused() {
    bounded(|| {
        let told = |instructions: Vec<u8>, words: &str| {
            let told = refusal(&Stream { weights: pickle(&instructions), ..sound() });
            assert!(told.contains(words), "{told}");
        };
        let many = |bytes: &[u8]| bytes.repeat(1 << 15);
        told(many(b"N"), "keeps too many values waiting");
        told(many(b"("), "keeps too many values waiting");
        // A tuple in a tuple in a tuple.
        told([b")".to_vec(), many(b"\x85")].concat(), "nests values too deep");
        told([b"}N".repeat(20), b"}".to_vec(), b"s".repeat(20)].concat(), "nests values too deep");
        told(b"NNNs".to_vec(), "puts items into something that is no dict");
        // One tuple of two of itself, over and over: a billion laughs.
        told([b")".to_vec(), b"q\0h\0h\0\x86".repeat(1 << 18)].concat(), "nests values too deep");
        // Remembered anew under every number.
        let remembering: Vec<u8> = (0..1u32 << 19).flat_map(|n| [&b"r"[..], &n.to_le_bytes()].concat()).collect();
        told([b"N".to_vec(), remembering].concat(), "a pickle of more than 262144 instructions");
        told(b"]q\0h\0e".to_vec(), "uses a list or dict twice");
        told(b"h\x05".to_vec(), "names a value that never came");
        told(b"N(t\x85\x86\x87".to_vec(), "takes a value from an empty stack");
        told(b"u".to_vec(), "has a mark missing");
        told(b"NN".to_vec(), "ends a pickle too early");
        let texts = [text(&"a".repeat(4096)), b"q\0".to_vec()].concat().repeat(1050);
        told(texts, "has more than 4194304 bytes before its tensors' values");
    });
}

#[test]
fn streams_are_refused_wherever_they_are_cut() {
    let whole = sound().bytes();
    for end in 0..whole.len() {
        assert!(read(whole[..end].to_vec()).is_err(), "cut at {end}");
    }
}

#[test]
fn a_hundred_thousand_mutations_end_in_an_error_or_in_tensors_of_their_size() {
    let (whole, expected) = (sound().bytes(), expected());
    let counts = bounded(|| {
        thread::scope(|scope| {
            let (whole, expected) = (&whole, &expected);
            [1, 2, 3, 4]
                .map(|seed| scope.spawn(move || mutations(seed, whole, expected)))
                .map(|thread| thread.join().expect("no mutation panics"))
        })
    });
    let (right, refused) = counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    assert!(refused > MUTATIONS && right > 0, "{refused} refused, {right} right: the mutations do not reach far");
}

/// Reads a share of the mutations; says how many gave the same tensors and how many were refused.
fn mutations(seed: u64, whole: &[u8], expected: &Tensors) -> (usize, usize) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut right, mut refused) = (0, 0);
    for number in 0..MUTATIONS {
        let mut damaged = whole.to_vec();
        mutate(&mut damaged, &mut random);
        match read(damaged) {
            // Without checksums another answer is what the stream says, but each tensor is as large as it says.
            Ok(found) => {
                let fits = |(spec, bytes): &(TensorSpec, Vec<u8>)| spec.bytes() == Some(bytes.len() as u64);
                assert!(found.values().all(fits), "seed {seed}: mutation {number}");
                right += usize::from(&found == expected);
            }
            Err(_) => refused += 1,
        }
    }
    (right, refused)
}
