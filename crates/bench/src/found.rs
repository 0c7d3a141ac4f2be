//! What people see at the end of a run, in the terminal: a server a row, a line a question.

use std::path::PathBuf;

use crate::{
    protocol::Found,
    record::{Outcome, PointLoad, Record},
    verdict::Answered,
};

/// Of a whole record, what it came to, and the files that say more.
pub fn found(record: &Record, answered: &[Answered], files: Vec<PathBuf>, up_to_date: bool) -> Found {
    let mut cautions: Vec<String> = Vec::new();
    for caution in answered.iter().flat_map(|answer| &answer.cautions) {
        if !cautions.contains(caution) {
            cautions.push(caution.clone());
        }
    }
    Found {
        up_to_date,
        files,
        verdicts: answered.iter().map(|answer| (answer.question.clone(), answer.in_short().0.to_owned())).collect(),
        headers: ["server", "calls", "failed", "median ms", "p90 ms", "most a second"].map(String::from).into(),
        rows: (0..record.experiment.servers.len()).map(|server| row(record, server)).collect(),
        cautions,
    }
}

/// Times are of encoded pictures in the grid; raw pixels are a control, and no way to ask a server.
fn row(record: &Record, server: usize) -> Vec<String> {
    let calls = record.calls.iter().filter(|call| call.server as usize == server);
    let (failed, answered): (Vec<_>, Vec<_>) = calls.partition(|call| matches!(call.outcome, Outcome::Failed { .. }));
    let mut times: Vec<f64> =
        answered.iter().filter(|call| call.cell.format != "pixels").map(|call| call.total_ms).collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let time = times.get(((times.len() as f64 * share).ceil() as usize).saturating_sub(1));
        time.map_or_else(|| "-".into(), |time| format!("{time:.1}"))
    };
    let closed = record.points.iter().filter(|point| point.server as usize == server);
    let closed = closed.filter(|point| matches!(point.load, PointLoad::Closed { .. }));
    let most = closed.map(|point| point.answered as f64 / point.seconds).reduce(f64::max);
    let most = most.map_or_else(|| "-".into(), |most| format!("{most:.1}"));
    let name = record.experiment.servers[server].name.clone();
    vec![name, (failed.len() + answered.len()).to_string(), failed.len().to_string(), at(0.5), at(0.9), most]
}
