//! `records.ndjson` on the disk: read up to the last unit of work that is complete, and gone on with from there.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::Path,
};

use fs_err::{File, OpenOptions};

use super::{Record, Row};
use crate::Error;

/// What a file holds that can be built upon.
pub(crate) struct Kept {
    pub record: Record,
    /// Of the experiment, as the first row says.
    pub sha256: String,
    /// Units of work that are complete.
    pub done: BTreeSet<String>,
    /// How far the file goes that far, in bytes.
    pub length: u64,
}

/// Reads a record; see [`Record::read`].
pub(crate) fn read(path: &Path) -> Result<Option<Kept>, Error> {
    let text = match fs_err::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut kept: Option<Kept> = None;
    let (mut waiting, mut at) = (Vec::new(), 0);
    // A line without its end was being written when the run was interrupted; whatever it says, it is written anew.
    for (number, line) in
        text.split_inclusive(|byte| *byte == b'\n').enumerate().filter(|(_, line)| line.ends_with(b"\n"))
    {
        at += line.len() as u64;
        let damaged = |what: String| Error::Record { path: path.to_owned(), line: number + 1, what };
        let row: Row = serde_json::from_slice(line).map_err(|error| damaged(error.to_string()))?;
        match (&mut kept, row) {
            (None, Row::Experiment { experiment, sha256, begun }) => {
                let record = Record::begin(experiment, begun);
                kept = Some(Kept { record, sha256, done: BTreeSet::new(), length: at });
            }
            (None, _) => return Err(damaged("the first row is not the experiment".into())),
            (Some(_), Row::Experiment { .. }) => return Err(damaged("a second experiment".into())),
            (Some(kept), Row::Done { unit }) => {
                waiting.drain(..).for_each(|row| kept.record.take(row));
                kept.done.insert(unit);
                kept.length = at;
            }
            (Some(kept), Row::Ended { at: when }) => {
                // Before it only the conditions, of a run that found nothing left to do.
                waiting.drain(..).for_each(|row| kept.record.take(row));
                kept.record.ended = Some(when);
                kept.length = at;
            }
            (Some(_), row) => waiting.push(row),
        }
    }
    Ok(kept)
}

/// Appends rows; each is with the system before the next is measured, so that no interrupt takes more than one.
pub(crate) struct Writer {
    file: File,
}

impl Writer {
    /// Goes on after `length` bytes; what is behind them is cut off.
    pub(crate) fn open(path: &Path, length: u64) -> Result<Self, Error> {
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        file.set_len(length)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        Ok(Self { file })
    }

    /// Writes a row with one call of the system.
    pub(crate) fn write(&mut self, row: &Row) -> Result<(), Error> {
        let mut line = serde_json::to_vec(row)?;
        line.push(b'\n');
        Ok(self.file.write_all(&line)?)
    }
}
