//! A program that measures nothing: it says what a test has it say, and keeps the answers.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    path::Path,
    rc::Rc,
};

use anyhow::{Result, anyhow};
use bench_protocol::protocol::{Answer, Found, Job, Said};

use crate::ports::{Measurer, Measuring};

/// Says these lines one after another; then it crashes.
#[derive(Default)]
pub(crate) struct FakeMeasurer {
    pub says: RefCell<VecDeque<Said>>,
    pub jobs: RefCell<Vec<Job>>,
    pub answers: Rc<RefCell<Vec<Answer>>>,
    /// Programs that run now.
    pub running: Rc<Cell<usize>>,
}

impl FakeMeasurer {
    /// What it says before it has found nothing in particular.
    pub fn saying(lines: &[Said]) -> Self {
        let says = lines.iter().cloned().chain([Said::Found(Found::default())]).collect();
        Self { says: RefCell::new(says), ..Self::default() }
    }

    /// What it says before it crashes.
    pub fn crashing(lines: &[Said]) -> Self {
        Self { says: RefCell::new(lines.iter().cloned().collect()), ..Self::default() }
    }
}

impl Measurer for FakeMeasurer {
    type Run = FakeRun;

    async fn start(&self, _: &Path, job: &Job) -> Result<FakeRun> {
        self.jobs.borrow_mut().push(job.clone());
        self.running.set(self.running.get() + 1);
        let says = self.says.borrow_mut().drain(..).collect();
        Ok(FakeRun { says, answers: self.answers.clone(), running: self.running.clone() })
    }
}

pub(crate) struct FakeRun {
    says: VecDeque<Said>,
    answers: Rc<RefCell<Vec<Answer>>>,
    running: Rc<Cell<usize>>,
}

impl Measuring for FakeRun {
    async fn listen(&mut self) -> Result<Said> {
        self.says.pop_front().ok_or_else(|| anyhow!("the bench ended too early"))
    }

    async fn answer(&mut self, answer: &Answer) -> Result<()> {
        // As the program does: what cannot be answered ends it.
        if let Answer::Failed(words) = answer {
            self.says = [Said::Failed(words.clone())].into();
        }
        self.answers.borrow_mut().push(answer.clone());
        Ok(())
    }
}

impl Drop for FakeRun {
    fn drop(&mut self) {
        self.running.set(self.running.get() - 1);
    }
}
