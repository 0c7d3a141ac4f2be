//! A column of a comparison: one server asked for every row, the original first, because all others are held against it.

use std::time::Instant;

use super::{plates::Plate, spread::Spread};
use crate::{
    agreement::{Scored, agreement, correct, merged, precision},
    ask::Ask,
    event::{Event, Events},
    fleet::{Answered, Failed, Member, ask},
    metrics::Metrics,
    reply::{ClassReply, ErrorReply, PredictionReply},
};

pub(super) struct Cells<'a> {
    pub(super) member: &'a Member,
    pub(super) plates: &'a [Plate],
    pub(super) ask: &'a Ask,
    pub(super) events: &'a Events,
    pub(super) metrics: &'a Metrics,
}

impl Cells<'_> {
    /// The cells in the order of the rows; each is told as soon as it is there.
    pub(super) async fn all(self) -> Vec<PredictionReply> {
        let mut cells: Vec<PredictionReply> = Vec::with_capacity(self.plates.len());
        let mut reference: Option<Vec<Scored>> = None;
        let mut hopeless: Option<ErrorReply> = None;
        for (at, plate) in self.plates.iter().enumerate() {
            let cell = match (plate.same_as, &hopeless) {
                (Some(earlier), _) => cells[earlier].clone(),
                (None, Some(error)) => failed(error.clone(), 0),
                (None, None) => match self.call(plate).await {
                    Ok(answered) => {
                        if at == 0 {
                            reference = Some(answered.ranked.clone());
                        }
                        self.answered(plate, answered, reference.as_deref())
                    }
                    Err(failure) => {
                        let error = ErrorReply::from(&failure.error);
                        hopeless = failure.hopeless.then(|| not_asked(&error));
                        failed(error, failure.attempts)
                    }
                },
            };
            self.events.send(|| Event::Cell {
                key: plate.key.clone(),
                server: self.member.server.name().to_owned(),
                prediction: Box::new(cell.clone()),
            });
            cells.push(cell);
        }
        cells
    }

    async fn call(&self, plate: &Plate) -> Result<Answered, Failed> {
        let started = Instant::now();
        let outcome = ask(self.member, &plate.sent, self.ask.repeat).await;
        let code = outcome.as_ref().map_or_else(|failure| failure.error.code.name(), |_| "OK");
        self.metrics.asked(self.member.server.name(), code, started.elapsed());
        outcome
    }

    fn answered(&self, plate: &Plate, answered: Answered, reference: Option<&[Scored]>) -> PredictionReply {
        let ranked = answered.ranked;
        let results = merged(&ranked);
        let spread = Spread::of(&answered.timings);
        let agreement = reference.and_then(|reference| agreement(reference, &ranked));
        let seconds = |read: fn(&Spread) -> f64| spread.as_ref().map(read);
        PredictionReply {
            predict_duration: seconds(|spread| spread.median),
            total_duration: spread.map(|spread| spread.median + plate.picture.resize_duration),
            precision: reference.and_then(|reference| precision(&merged(reference), &results)),
            serialize_duration: seconds(|spread| spread.serialize),
            network_duration: spread.and_then(|spread| spread.network),
            server_duration: spread.and_then(|spread| spread.server),
            attempts: answered.attempts,
            median: seconds(|spread| spread.median),
            p25: seconds(|spread| spread.p25),
            p75: seconds(|spread| spread.p75),
            min: seconds(|spread| spread.min),
            max: seconds(|spread| spread.max),
            top1_agreement: agreement.map(|agreement| agreement.top1),
            top5_overlap: agreement.map(|agreement| agreement.top5),
            rank_correlation: agreement.and_then(|agreement| agreement.rank_correlation),
            correct: self.ask.label.as_deref().and_then(|label| correct(&ranked, label)),
            error: None,
            ranked: ranked.into_iter().map(|(label, score)| ClassReply { label, score }).collect(),
            results,
        }
    }
}

fn failed(error: ErrorReply, attempts: u32) -> PredictionReply {
    PredictionReply { attempts, error: Some(error), ..PredictionReply::default() }
}

/// For the rows that are left: each of them would only wait as long again.
fn not_asked(error: &ErrorReply) -> ErrorReply {
    ErrorReply { message: format!("not asked again after: {}", error.message), ..error.clone() }
}
