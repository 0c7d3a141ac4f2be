//! Small streams for tests, written as `torch.save` wrote them, and honestly or not.

use crate::tensor::DataType;

/// Elements behind the pickles.
pub struct Stored {
    pub key: &'static str,
    pub dtype: DataType,
    pub bytes: Vec<u8>,
}

impl Stored {
    fn count(&self) -> u64 {
        self.bytes.len() as u64 / self.dtype.size().expect("of a fixed size")
    }
}

/// A tensor of the element `offset` on.
pub struct View {
    pub name: &'static str,
    /// Number of its storage.
    pub storage: usize,
    pub offset: i32,
    pub shape: Vec<i32>,
    pub strides: Vec<i32>,
}

/// The parts of a stream, each of which a test may replace.
pub struct Stream {
    pub magic: Vec<u8>,
    pub version: Vec<u8>,
    pub machine: Vec<u8>,
    pub weights: Vec<u8>,
    pub order: Vec<u8>,
    /// Counts and elements.
    pub storages: Vec<u8>,
}

impl Stream {
    pub fn of(storages: &[Stored], views: &[View]) -> Self {
        let items = views.iter().flat_map(|view| [text(view.name), tensor(view, &storages[view.storage])]);
        // A state dict has its modules' versions as an attribute.
        let versions = [b"}".to_vec(), text("_metadata"), ordered_dict(&[]), b"sb".to_vec()].concat();
        let weights = [ordered_dict(&items.collect::<Vec<_>>()), versions].concat();
        let order: Vec<Vec<u8>> = storages.iter().map(|storage| text(storage.key)).collect();
        let order = [b"](".to_vec(), order.concat(), b"e".to_vec()].concat();
        let elements = |storage: &Stored| [storage.count().to_le_bytes().to_vec(), storage.bytes.clone()].concat();
        Self {
            magic: b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec(),
            version: pickle(&number(1001)),
            machine: machine(true),
            weights: pickle(&weights),
            order: pickle(&order),
            storages: storages.iter().flat_map(elements).collect(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        [&self.magic, &self.version, &self.machine, &self.weights, &self.order, &self.storages]
            .map(Vec::as_slice)
            .concat()
    }
}

pub fn pickle(instructions: &[u8]) -> Vec<u8> {
    [b"\x80\x02", instructions, b"."].concat()
}

/// What a pickle says of the machine that wrote it.
pub fn machine(little_endian: bool) -> Vec<u8> {
    let ends = if little_endian { b"\x88" } else { b"\x89" };
    let sizes = [b"}q\x01(".to_vec(), text("int"), number(4), b"u".to_vec()].concat();
    pickle(
        &[b"}q\0(".to_vec(), text("little_endian"), ends.to_vec(), text("type_sizes"), sizes, b"u".to_vec()].concat(),
    )
}

pub fn text(text: &str) -> Vec<u8> {
    [b"X", (text.len() as u32).to_le_bytes().as_slice(), text.as_bytes()].concat()
}

pub fn number(number: i32) -> Vec<u8> {
    match (u8::try_from(number), u16::try_from(number)) {
        (Ok(small), _) => vec![b'K', small],
        (_, Ok(middling)) => [b"M", middling.to_le_bytes().as_slice()].concat(),
        _ => [b"J", number.to_le_bytes().as_slice()].concat(),
    }
}

fn numbers(items: &[i32]) -> Vec<u8> {
    [b"(".to_vec(), items.iter().flat_map(|item| number(*item)).collect(), b"t".to_vec()].concat()
}

/// Keys and values by turns.
fn ordered_dict(items: &[Vec<u8>]) -> Vec<u8> {
    let items = if items.is_empty() { Vec::new() } else { [b"(".to_vec(), items.concat(), b"u".to_vec()].concat() };
    [b"ccollections\nOrderedDict\n)R".to_vec(), items].concat()
}

fn storage(storage: &Stored) -> Vec<u8> {
    let kind = if storage.dtype == DataType::FLOAT { "FloatStorage" } else { "LongStorage" };
    let count = number(i32::try_from(storage.count()).expect("few"));
    let kind = format!("ctorch\n{kind}\n").into_bytes();
    [b"(".to_vec(), text("storage"), kind, text(storage.key), text("cpu"), count, b"NtQ".to_vec()].concat()
}

fn tensor(view: &View, stored: &Stored) -> Vec<u8> {
    let places = [numbers(&view.shape), numbers(&view.strides)].concat();
    let about_training = [b"\x89".to_vec(), ordered_dict(&[])].concat();
    let arguments = [storage(stored), number(view.offset), places, about_training].concat();
    [b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(), arguments, b"tq\x07R".to_vec()].concat()
}
