//! What a server is asked, in terms that both interfaces share.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::tensor::Tensor;

/// A model on a server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Model {
    /// The server's name for it.
    pub name: String,
    /// Which version.
    pub version: Version,
}

impl Model {
    /// The version that the server chooses.
    pub fn newest(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: Version::Newest }
    }
}

/// A version of a model.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Version {
    /// The server's choice.
    #[default]
    Newest,
    /// This one.
    Number(i64),
    /// The one that the server's configuration gives this label.
    Label(String),
}

/// A call of Predict.
#[derive(Clone, Debug, PartialEq)]
pub struct Predict {
    /// The model.
    pub model: Model,
    /// Empty means `serving_default`.
    pub signature: String,
    /// By input key. Strings share their bytes with the caller: they are copied once, into the message.
    pub inputs: BTreeMap<String, Tensor>,
}

/// A call of Classify with one example of one feature of bytes, e.g. an encoded picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Classify {
    /// The model.
    pub model: Model,
    /// Empty means `serving_default`.
    pub signature: String,
    /// The feature's name, e.g. `image/encoded`.
    pub feature: String,
    /// Its value.
    pub value: Bytes,
}
