//! The few instructions of pickle's machine that weights are written with: none of them can run anything, and a pickle
//! that wants more is refused. Work and memory are bounded by what the file really holds, and by the limits below.

use std::{collections::BTreeMap, io::Read, rc::Rc};

use super::value::{Global, Nest, Storage, Tensor, Value};

/// Bytes of all pickles of a file; the weights that this was written for have 47,000.
const MOST_BYTES: u64 = 4 << 20;
/// Instructions of a pickle, each of which makes one value at most: some 7,000 tensors.
const MOST_INSTRUCTIONS: usize = 1 << 18;
/// Values that wait at once; writers hand over dicts by the thousand items.
const MOST_WAITING: usize = 1 << 14;
/// Marks that wait at once.
const MOST_MARKS: usize = 64;
const LONGEST_TEXT: u32 = 4096;
const LONGEST_LINE: usize = 128;

/// The version of pickle that `torch.save` has always used.
const PROTOCOL: u8 = 2;

/// The bytes of pickles as they come.
pub struct Source<R> {
    reader: R,
    /// How many have come.
    pub at: u64,
}

impl<R: Read> Source<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, at: 0 }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        self.at += buffer.len() as u64;
        if self.at > MOST_BYTES {
            return Err(format!("has more than {MOST_BYTES} bytes before its tensors' values"));
        }
        self.reader.read_exact(buffer).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "is cut off".to_owned(),
            _ => error.to_string(),
        })
    }

    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// Up to the next line feed, which is taken away.
    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        while line.len() < LONGEST_LINE {
            match self.byte()? {
                b'\n' => return Ok(String::from_utf8_lossy(&line).into_owned()),
                byte => line.push(byte),
            }
        }
        Err("has a global whose name is too long".into())
    }

    fn text(&mut self) -> Result<Rc<str>, String> {
        let length = u32::from_le_bytes(self.take()?);
        if length > LONGEST_TEXT {
            return Err(format!("has a text of {length} bytes"));
        }
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        str::from_utf8(&bytes).map(Rc::from).map_err(|_| "has a text that is no UTF-8".to_owned())
    }
}

/// One pickle on its way from instructions to a value.
struct Machine<'s> {
    stack: Vec<Value>,
    /// Where on the stack a tuple, or items of a list or dict, begin.
    marks: Vec<usize>,
    /// Values that are named again; none for lists and dicts, which only their owner has.
    memo: BTreeMap<u32, Option<Value>>,
    storages: &'s mut BTreeMap<Rc<str>, Rc<Storage>>,
}

/// Reads one pickle; storages that it speaks of are put into `storages`.
pub fn unpickle<R: Read>(
    source: &mut Source<R>,
    storages: &mut BTreeMap<Rc<str>, Rc<Storage>>,
) -> Result<Value, String> {
    let mut machine = Machine { stack: Vec::new(), marks: Vec::new(), memo: BTreeMap::new(), storages };
    if source.take()? != [0x80, PROTOCOL] {
        return Err(format!("has no pickle of protocol {PROTOCOL} where one should be"));
    }
    for _ in 0..MOST_INSTRUCTIONS {
        let instruction = source.byte()?;
        if instruction == b'.' {
            let value = machine.pop()?;
            let done = machine.stack.is_empty() && machine.marks.is_empty();
            return if done { Ok(value) } else { Err("ends a pickle too early".into()) };
        }
        machine.step(instruction, source)?;
        if machine.stack.len() > MOST_WAITING || machine.marks.len() > MOST_MARKS {
            return Err("keeps too many values waiting".into());
        }
    }
    Err(format!("has a pickle of more than {MOST_INSTRUCTIONS} instructions"))
}

impl Machine<'_> {
    fn step<R: Read>(&mut self, instruction: u8, source: &mut Source<R>) -> Result<(), String> {
        let made = match instruction {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(source.byte()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(source.take()?).into()),
            b'J' => Value::Int(i32::from_le_bytes(source.take()?).into()),
            b'X' => Value::Text(source.text()?),
            b'c' => global(&source.line()?, &source.line()?)?,
            b'}' => Value::Dict(Nest::default()),
            b']' => Value::List(Nest::default()),
            b')' => self.tuple(0)?,
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let mark = self.marks.pop().ok_or_else(unmarked)?;
                self.tuple(self.stack.len().checked_sub(mark).ok_or_else(empty)?)?
            }
            b'h' => self.remembered(source.byte()?.into())?,
            b'j' => self.remembered(u32::from_le_bytes(source.take()?))?,
            b'R' => self.call()?,
            b'Q' => self.storage()?,
            _ => return self.change(instruction, source),
        };
        self.stack.push(made);
        Ok(())
    }

    /// Instructions that change what is there.
    fn change<R: Read>(&mut self, instruction: u8, source: &mut Source<R>) -> Result<(), String> {
        match instruction {
            b'(' => self.marks.push(self.stack.len()),
            b'q' => self.remember(source.byte()?.into())?,
            b'r' => self.remember(u32::from_le_bytes(source.take()?))?,
            b's' => {
                let pair = self.last(2)?;
                self.dict()?.extend_pairs(pair)?;
            }
            b'u' => {
                let pairs = self.marked()?;
                self.dict()?.extend_pairs(pairs)?;
            }
            b'e' => {
                let items = self.marked()?;
                let Some(Value::List(list)) = self.stack.last_mut() else { return Err("appends to no list".into()) };
                list.extend(items)?;
            }
            // Attributes of an object: the versions of a network's modules, which nobody needs.
            b'b' => {
                self.pop()?;
                self.dict()?;
            }
            other => {
                return Err(format!("has the pickle instruction {other:#04x}, which weights do not need: refused"));
            }
        }
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(empty)
    }

    fn last(&mut self, count: usize) -> Result<Vec<Value>, String> {
        let at = self.stack.len().checked_sub(count).ok_or_else(empty)?;
        Ok(self.stack.split_off(at))
    }

    /// What came since the last mark.
    fn marked(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().ok_or_else(unmarked)?;
        self.last(self.stack.len().checked_sub(mark).ok_or_else(empty)?)
    }

    fn tuple(&mut self, count: usize) -> Result<Value, String> {
        let mut tuple = Nest::default();
        tuple.extend(self.last(count)?)?;
        Ok(Value::Tuple(Rc::new(tuple)))
    }

    fn dict(&mut self) -> Result<&mut Nest<(Value, Value)>, String> {
        match self.stack.last_mut() {
            Some(Value::Dict(dict)) => Ok(dict),
            _ => Err("puts items into something that is no dict".into()),
        }
    }

    fn remember(&mut self, number: u32) -> Result<(), String> {
        let value = self.stack.last().ok_or_else(empty)?;
        self.memo.insert(number, value.shared());
        Ok(())
    }

    fn remembered(&self, number: u32) -> Result<Value, String> {
        let value = self.memo.get(&number).ok_or("names a value that never came")?;
        value.as_ref().and_then(Value::shared).ok_or_else(|| "uses a list or dict twice, which is not read here".into())
    }

    fn call(&mut self) -> Result<Value, String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Global(function), Value::Tuple(arguments)) = (function, arguments) else {
            return Err("calls something that is no function".into());
        };
        match function {
            Global::OrderedDict if arguments.items.is_empty() => Ok(Value::Dict(Nest::default())),
            Global::RebuildTensor => Ok(Value::Tensor(Rc::new(Tensor::of(&arguments.items)?))),
            Global::OrderedDict | Global::Storage(_) => Err("makes an object in a way that is not read here".into()),
        }
    }

    fn storage(&mut self) -> Result<Value, String> {
        let storage = Rc::new(Storage::of(&self.pop()?)?);
        let known = self.storages.entry(storage.key.clone()).or_insert_with(|| storage.clone());
        if *known != storage {
            return Err(format!("contradicts itself about storage {}", storage.key));
        }
        Ok(Value::Storage(storage))
    }
}

fn global(module: &str, name: &str) -> Result<Value, String> {
    let refused = || {
        // Of a stranger, and on its way to a terminal.
        let named = format!("{module}.{name}");
        format!(
            "names `{}`, which is refused: a pickle can run anything, and weights need no more than four names",
            named.escape_debug()
        )
    };
    Global::named(module, name).map(Value::Global).ok_or_else(refused)
}

fn empty() -> String {
    "takes a value from an empty stack".into()
}

fn unmarked() -> String {
    "has a mark missing".into()
}
