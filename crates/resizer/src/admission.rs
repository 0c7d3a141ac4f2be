//! Who may come in: places for uploads, of which few wait for theirs, and memory for pictures. Both come back by themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// Waiting uploads for each place; more are sent away.
const WAITING_PER_PLACE: usize = 16;

/// Memory is counted in MiB, so that a semaphore's numbers suffice.
const UNIT: u64 = 1 << 20;

/// Places and memory.
pub struct Admission {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    patience: Duration,
    memory: Arc<Semaphore>,
    units: u32,
}

/// A place, or memory; given back when it is dropped.
#[derive(Debug)]
pub struct Taken {
    _permit: OwnedSemaphorePermit,
}

impl Admission {
    /// `uploads` places, each upload waiting `patience` at most, and `memory` bytes for all pictures together.
    pub fn new(uploads: usize, memory: usize, patience: Duration) -> Self {
        let units =
            u32::try_from((memory as u64).div_ceil(UNIT)).unwrap_or(u32::MAX).min(Semaphore::MAX_PERMITS as u32);
        Self {
            places: Arc::new(Semaphore::new(uploads.min(Semaphore::MAX_PERMITS))),
            waiting: AtomicUsize::new(0),
            most_waiting: uploads.saturating_mul(WAITING_PER_PLACE),
            patience,
            memory: Arc::new(Semaphore::new(units as usize)),
            units,
        }
    }

    /// A place for an upload, whose body is not read before.
    ///
    /// # Errors
    /// 503 where too many wait already, or none came free in time.
    pub async fn place(&self) -> Result<Taken, Problem> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Taken { _permit: permit });
        }
        let _waiting = Waiting::new(&self.waiting, self.most_waiting).ok_or_else(|| {
            Problem::busy("All places for uploads are taken and many wait already; try again in a moment.")
        })?;
        match tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Taken { _permit: permit }),
            _ => Err(Problem::busy(
                "All places for uploads are taken and none came free in time; try again in a moment.",
            )),
        }
    }

    /// Memory for one picture, once there is enough; what is asked beyond all there is takes all there is.
    ///
    /// # Errors
    /// 503 where the service is ending.
    pub async fn memory(&self, bytes: u64) -> Result<Taken, Problem> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        let permit = Arc::clone(&self.memory).acquire_many_owned(units).await;
        permit
            .map(|permit| Taken { _permit: permit })
            .map_err(|_| Problem::busy("The service is ending; try again in a moment."))
    }

    /// Places that are taken, of all there are.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }
}

/// Counts one that waits, however the waiting ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let waiting = Self(count);
        // The guard is there first, so that a refusal is counted back as well.
        (count.fetch_add(1, Ordering::AcqRel) < most).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_comes_back_when_it_is_dropped() {
        let admission = Admission::new(1, 1 << 30, Duration::from_secs(60));
        let first = admission.place().await.expect("a place");
        let second = tokio::spawn(async move {
            let place = admission.place().await;
            (place.is_ok(), admission.waiting())
        });
        drop(first);
        assert_eq!(second.await.expect("no panic"), (true, 0));
    }

    #[tokio::test]
    async fn who_waits_too_long_or_comes_too_late_is_sent_away() {
        let admission = Admission::new(1, 1 << 30, Duration::ZERO);
        let _held = admission.place().await.expect("a place");
        let problem = admission.place().await.expect_err("none is free");
        assert_eq!((problem.status, problem.retry_after), (503, Some(1)));
        let nobody_may_wait = Admission { most_waiting: 0, ..Admission::new(1, 1 << 30, Duration::from_secs(60)) };
        let _held = nobody_may_wait.place().await.expect("a place");
        assert!(nobody_may_wait.place().await.expect_err("too many wait").detail.contains("many wait already"));
        assert_eq!(nobody_may_wait.waiting(), 0);
    }

    #[tokio::test]
    async fn one_picture_may_take_all_memory_but_no_more() {
        let admission = Admission::new(1, 10 << 20, Duration::from_secs(60));
        let all = admission.memory(u64::MAX).await.expect("all of it");
        let none_left = tokio::time::timeout(Duration::ZERO, admission.memory(1)).await;
        assert!(none_left.is_err());
        drop(all);
        assert!(admission.memory(10 << 20).await.is_ok());
    }
}
