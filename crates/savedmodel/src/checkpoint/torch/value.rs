//! What the pickles of weights are made of, and nothing else that a pickle could hold.
//! Values form a tree of bounded depth: what can change has one owner, and what is shared cannot change.

use std::rc::Rc;

use crate::tensor::DataType;

/// How deep values may lie in one another; weights go five deep.
const DEEPEST: u8 = 16;
/// More dimensions than any layer's weights have.
const MOST_DIMENSIONS: usize = 8;

/// A value on the stack of a pickle.
#[derive(Debug)]
pub enum Value {
    None,
    Bool(bool),
    Int(i64),
    Text(Rc<str>),
    Global(Global),
    Tuple(Rc<Nest<Value>>),
    List(Nest<Value>),
    /// In the order in which it was filled.
    Dict(Nest<(Value, Value)>),
    Storage(Rc<Storage>),
    Tensor(Rc<Tensor>),
}

/// The names that a pickle of weights may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Global {
    OrderedDict,
    RebuildTensor,
    Storage(DataType),
}

impl Global {
    pub fn named(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => Some(Self::RebuildTensor),
            ("torch", "FloatStorage") => Some(Self::Storage(DataType::FLOAT)),
            ("torch", "LongStorage") => Some(Self::Storage(DataType::INT64)),
            _ => None,
        }
    }
}

/// Elements behind the pickles that tensors are views of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    pub key: Rc<str>,
    pub dtype: DataType,
    pub count: u64,
}

impl Storage {
    /// Of the tuple that a pickle has for it.
    pub fn of(id: &Value) -> Result<Self, String> {
        let Value::Tuple(id) = id else { return Err("has something else than a storage outside of it".into()) };
        match id.items.as_slice() {
            [
                Value::Text(kind),
                Value::Global(Global::Storage(dtype)),
                Value::Text(key),
                Value::Text(_device),
                Value::Int(count @ 0..),
                Value::None,
            ] if &**kind == "storage" => Ok(Self { key: key.clone(), dtype: *dtype, count: *count as u64 }),
            _ => Err("has a storage of a kind that is not read here".into()),
        }
    }
}

/// A view of a storage; whether it lies inside is not known yet.
#[derive(Debug)]
pub struct Tensor {
    pub storage: Rc<Storage>,
    /// In elements, as the strides are.
    pub offset: u64,
    pub shape: Vec<u64>,
    pub strides: Vec<u64>,
}

impl Tensor {
    /// Of the arguments that a pickle rebuilds it with; those behind the strides are about training.
    pub fn of(arguments: &[Value]) -> Result<Self, String> {
        let malformed = || "has a tensor whose arguments make no sense".to_owned();
        let [Value::Storage(storage), Value::Int(offset @ 0..), Value::Tuple(shape), Value::Tuple(strides), ..] =
            arguments
        else {
            return Err(malformed());
        };
        let numbers = |tuple: &Nest<Value>| -> Option<Vec<u64>> {
            let number = |item: &Value| if let Value::Int(number @ 0..) = item { Some(*number as u64) } else { None };
            tuple.items.iter().map(number).collect()
        };
        if shape.items.len() != strides.items.len() || shape.items.len() > MOST_DIMENSIONS {
            return Err(malformed());
        }
        let (shape, strides) = numbers(shape).zip(numbers(strides)).ok_or_else(malformed)?;
        Ok(Self { storage: storage.clone(), offset: *offset as u64, shape, strides })
    }
}

/// Values inside another one.
#[derive(Debug)]
pub struct Nest<T> {
    pub items: Vec<T>,
    depth: u8,
}

impl<T> Default for Nest<T> {
    fn default() -> Self {
        Self { items: Vec::new(), depth: 1 }
    }
}

impl<T> Nest<T> {
    /// Adds an item that holds `parts`.
    fn deepen(&mut self, parts: &[&Value]) -> Result<(), String> {
        let below = parts.iter().map(|value| value.depth()).max().unwrap_or(0);
        self.depth = self.depth.max(below + 1);
        if self.depth > DEEPEST { Err("nests values too deep".into()) } else { Ok(()) }
    }
}

impl Nest<Value> {
    pub fn extend(&mut self, values: Vec<Value>) -> Result<(), String> {
        self.deepen(&values.iter().collect::<Vec<_>>())?;
        self.items.extend(values);
        Ok(())
    }
}

impl Nest<(Value, Value)> {
    /// Keys and values by turns.
    pub fn extend_pairs(&mut self, values: Vec<Value>) -> Result<(), String> {
        self.deepen(&values.iter().collect::<Vec<_>>())?;
        let mut values = values.into_iter();
        while let Some(key) = values.next() {
            let value = values.next().ok_or("has a key without a value")?;
            self.items.push((key, value));
        }
        Ok(())
    }
}

impl Value {
    fn depth(&self) -> u8 {
        match self {
            Self::Tuple(nest) => nest.depth,
            Self::List(nest) => nest.depth,
            Self::Dict(nest) => nest.depth,
            _ => 0,
        }
    }

    /// The same value once more, which those that can still change do not have.
    pub fn shared(&self) -> Option<Self> {
        Some(match self {
            Self::None => Self::None,
            Self::Bool(value) => Self::Bool(*value),
            Self::Int(value) => Self::Int(*value),
            Self::Text(text) => Self::Text(text.clone()),
            Self::Global(global) => Self::Global(*global),
            Self::Tuple(tuple) => Self::Tuple(tuple.clone()),
            Self::Storage(storage) => Self::Storage(storage.clone()),
            Self::Tensor(tensor) => Self::Tensor(tensor.clone()),
            Self::List(_) | Self::Dict(_) => return None,
        })
    }
}
