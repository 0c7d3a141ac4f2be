//! A record as questions look at it: calls by what was asked of whom, paired by picture and start of the servers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use resizer::agreement::Scored;

use crate::{
    record::{Call, Cell, Outcome, Plate, Record},
    statistics::{
        crossed::{self, Ratio},
        quantile,
        typical::Measured,
    },
};

/// A cell without its picture. Originals are one form, whatever they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Form {
    /// Side of the box in pixels; none for the original.
    pub size: Option<u32>,
    /// `jpeg`, ..., `pixels`; empty for the original.
    pub format: String,
    pub quality: Option<u8>,
}

/// What came of a cell's calls to one server within one start.
#[derive(Debug, Default)]
pub struct Asked<'a> {
    /// Calls that were answered, in their order.
    pub calls: Vec<&'a Call>,
    /// The first answer, best class first.
    pub answer: Option<&'a [Scored]>,
    /// Answers that were not the first one.
    pub changed: usize,
    /// Codes and words of calls that failed.
    pub failures: Vec<(&'a str, &'a str)>,
}

/// An index over a record.
pub struct Evidence<'a> {
    pub record: &'a Record,
    plates: HashMap<&'a Cell, &'a Plate>,
    originals: BTreeMap<u32, &'a Cell>,
    /// By server and cell, then by start.
    asked: BTreeMap<(u32, &'a Cell), BTreeMap<u32, Asked<'a>>>,
}

/// Which time of a call: milliseconds, where it has it.
pub type Time = fn(&Call) -> Option<f64>;

/// Calls whose times are compared: server and cell of each, of the same picture.
pub type Pair<'a> = ((u32, &'a Cell), (u32, &'a Cell));

/// From the call to its whole answer.
pub fn total(call: &Call) -> Option<f64> {
    Some(call.total_ms)
}

/// What the server says it took.
pub fn server(call: &Call) -> Option<f64> {
    call.server_ms
}

impl Form {
    pub fn of(cell: &Cell) -> Self {
        match cell.size {
            Some(_) => Self { size: cell.size, format: cell.format.clone(), quality: cell.quality },
            None if cell.format == "pixels" => Self { size: None, format: cell.format.clone(), quality: None },
            None => Self { size: None, format: String::new(), quality: None },
        }
    }

    /// `jpeg-75`, `png`, `original`: a part of keys.
    pub fn slug(&self) -> String {
        match self.quality {
            Some(quality) => format!("{}-{quality}", self.format),
            None if self.format.is_empty() => "original".to_owned(),
            None => self.format.clone(),
        }
    }
}

impl<'a> Evidence<'a> {
    pub fn new(record: &'a Record) -> Self {
        let plates = record.plates.iter().map(|plate| (&plate.cell, plate)).collect();
        let cells = record.plates.iter().map(|plate| &plate.cell);
        let originals = cells.filter(|cell| cell.size.is_none() && cell.format != "pixels");
        let originals = originals.map(|cell| (cell.picture, cell)).collect();
        let mut asked: BTreeMap<_, BTreeMap<u32, Asked<'_>>> = BTreeMap::new();
        for call in &record.calls {
            let asked = asked.entry((call.server, &call.cell)).or_default().entry(call.restart).or_default();
            match &call.outcome {
                Outcome::Failed { code, message } => {
                    asked.failures.push((code, message));
                    continue;
                }
                Outcome::Classes(classes) if asked.answer.is_none() => asked.answer = Some(classes),
                Outcome::Classes(_) => asked.changed += 1,
                Outcome::Same => {}
            }
            asked.calls.push(call);
        }
        Self { record, plates, originals, asked }
    }

    /// Indices of servers, in the order of reports.
    pub fn servers(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.record.experiment.servers.len()).unwrap_or(u32::MAX)
    }

    pub fn name(&self, server: u32) -> &'a str {
        self.record.experiment.servers.get(server as usize).map_or("unknown", |server| &server.name)
    }

    pub fn margin(&self) -> f64 {
        self.record.experiment.margin
    }

    pub fn plate(&self, cell: &Cell) -> Option<&'a Plate> {
        self.plates.get(cell).copied()
    }

    /// Millions of pixels.
    pub fn megapixels(&self, cell: &Cell) -> Option<f64> {
        self.plate(cell).map(|plate| f64::from(plate.width) * f64::from(plate.height) / 1e6)
    }

    /// Every cell that a server was asked for, with what came of it by start.
    pub fn asked(&self) -> impl Iterator<Item = (u32, &'a Cell, &BTreeMap<u32, Asked<'a>>)> {
        self.asked.iter().map(|((server, cell), starts)| (*server, *cell, starts))
    }

    /// Cells that `server` was asked for, in order of pictures.
    pub fn cells(&self, server: u32) -> impl Iterator<Item = &'a Cell> {
        self.asked().filter(move |(asked, ..)| *asked == server).map(|(_, cell, _)| cell)
    }

    /// Forms of derivatives and originals there are plates of.
    pub fn forms(&self) -> BTreeSet<Form> {
        self.record.plates.iter().map(|plate| Form::of(&plate.cell)).collect()
    }

    /// The picture's cell of that form.
    pub fn cell(&self, picture: u32, form: &Form) -> Option<&'a Cell> {
        if form.format.is_empty() {
            return self.original(picture);
        }
        let cell = Cell { picture, size: form.size, format: form.format.clone(), quality: form.quality };
        self.plate(&cell).map(|plate| &plate.cell)
    }

    /// The original's cell, whatever its format is.
    pub fn original(&self, picture: u32) -> Option<&'a Cell> {
        self.originals.get(&picture).copied()
    }

    /// Indices of pictures there are plates of.
    pub fn pictures(&self) -> BTreeSet<u32> {
        self.record.plates.iter().map(|plate| plate.cell.picture).collect()
    }

    /// First answers of each start to a cell, or to the cell that equals it byte for byte.
    pub fn answers(&self, server: u32, cell: &'a Cell) -> impl Iterator<Item = &'a [Scored]> {
        let measured = self.plate(cell).and_then(|plate| plate.same_as.as_ref()).unwrap_or(cell);
        self.asked.get(&(server, measured)).into_iter().flat_map(BTreeMap::values).filter_map(|asked| asked.answer)
    }

    /// Times of all answered calls of a server to cells that are `wanted`.
    pub fn times(&self, server: u32, time: Time, wanted: impl Fn(&Cell) -> bool) -> Vec<Measured> {
        let cells = self.asked().filter(|(asked, cell, _)| *asked == server && wanted(cell));
        let starts = cells.flat_map(|(_, _, starts)| starts.values());
        let measured = |call: &&Call| {
            let (picture, start) = (call.cell.picture as usize, call.restart as usize);
            Some(Measured { value: time(call)?, picture, start })
        };
        starts.flat_map(|asked| asked.calls.iter().filter_map(measured)).collect()
    }

    /// The ratio of the time of each first to that of its second, which is of the same picture, by picture and start: the
    /// mean over a picture's pairs of the logarithm of the ratio of medians of their calls. Of one picture in one start the
    /// calls themselves are paired, in their order.
    pub fn ratio(&self, pairs: &[Pair<'_>], time: Time, seed: u64) -> Option<Ratio> {
        let mut table: BTreeMap<u32, BTreeMap<u32, Vec<f64>>> = BTreeMap::new();
        let mut by_call: Vec<Vec<f64>> = Vec::new();
        for (first, second) in pairs {
            let (Some(firsts), Some(seconds)) = (self.asked.get(first), self.asked.get(second)) else { continue };
            for (start, first_asked) in firsts {
                let Some(second_asked) = seconds.get(start) else { continue };
                let logarithms = |asked: &Asked<'_>| -> Vec<f64> {
                    asked.calls.iter().filter_map(|call| time(call)).filter(|time| *time > 0.0).map(f64::ln).collect()
                };
                let (ours, theirs) = (logarithms(first_asked), logarithms(second_asked));
                for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                    by_call.resize_with(by_call.len().max(at + 1), Vec::new);
                    by_call[at].push(ours - theirs);
                }
                if let (Some(ours), Some(theirs)) = (quantile::median(ours), quantile::median(theirs)) {
                    table.entry(first.1.picture).or_default().entry(*start).or_default().push(ours - theirs);
                }
            }
        }
        let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let starts: BTreeSet<u32> = table.values().flat_map(BTreeMap::keys).copied().collect();
        if table.len() == 1 && starts.len() == 1 {
            return crossed::of_calls(&by_call.iter().map(mean).collect::<Vec<_>>(), seed);
        }
        let row = |row: &BTreeMap<u32, Vec<f64>>| starts.iter().map(|start| row.get(start).map(mean)).collect();
        crossed::ratio(&table.values().map(row).collect::<Vec<_>>(), seed)
    }

    /// A seed for the resampling behind one finding, so that findings do not depend on each other's order.
    pub fn seed(&self, key: &str) -> u64 {
        // FNV-1a: short, and the same everywhere.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        key.bytes().fold(0xcbf2_9ce4_8422_2325 ^ self.record.experiment.seed, hash)
    }
}
