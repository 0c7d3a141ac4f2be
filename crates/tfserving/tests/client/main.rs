//! The client against servers over real sockets: stand-ins that answer, listeners that lie, and the bytes of Python's classes.

mod answering;
mod judge;
mod lying;
mod wire;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use tfserving::{Address, Model, Options, Predict, Server, Tensor};

fn server(address: Address) -> Server {
    Server::new(address, Options { deadline: Duration::from_secs(20), ..Options::default() }).expect("a client")
}

fn hasty(address: Address) -> Server {
    Server::new(address, Options { deadline: Duration::from_millis(300), ..Options::default() }).expect("a client")
}

fn picture(bytes: impl Into<Bytes>) -> Predict {
    Predict {
        model: Model::newest("inception"),
        signature: "predict_images".into(),
        inputs: BTreeMap::from([("images".to_owned(), Tensor::strings([bytes.into()]))]),
    }
}
