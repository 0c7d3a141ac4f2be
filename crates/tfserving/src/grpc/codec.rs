//! Messages to bytes and back for tonic, with the time that takes.

use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use prost::Message;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// Time spent in encoding and decoding; clones add up together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spent(Arc<AtomicU64>);

impl Spent {
    pub(crate) fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Acquire))
    }

    fn timed<T>(&self, act: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let done = act();
        self.0.fetch_add(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::AcqRel);
        done
    }
}

/// Sends `T`, receives `U`.
pub(crate) struct Timed<T, U> {
    spent: Spent,
    messages: PhantomData<fn(T) -> U>,
}

impl<T, U> Default for Timed<T, U> {
    fn default() -> Self {
        Self { spent: Spent::default(), messages: PhantomData }
    }
}

impl<T, U> Timed<T, U> {
    pub(crate) fn spent(&self) -> Spent {
        self.spent.clone()
    }
}

impl<T, U> Codec for Timed<T, U>
where
    T: Message + 'static,
    U: Message + Default + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = Half<T>;
    type Decoder = Half<U>;

    fn encoder(&mut self) -> Half<T> {
        Half { spent: self.spent.clone(), message: PhantomData }
    }

    fn decoder(&mut self) -> Half<U> {
        Half { spent: self.spent.clone(), message: PhantomData }
    }
}

/// One direction.
pub(crate) struct Half<T> {
    spent: Spent,
    message: PhantomData<fn() -> T>,
}

impl<T: Message> Encoder for Half<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, message: T, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        self.spent.timed(|| {
            into.reserve(message.encoded_len());
            message.encode(into).map_err(|error| Status::internal(error.to_string()))
        })
    }
}

impl<T: Message + Default> Decoder for Half<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        let message = self.spent.timed(|| T::decode(from));
        message.map(Some).map_err(|error| Status::data_loss(format!("the answer is no message of its type: {error}")))
    }
}
