//! The numbers behind a plot as CSV: a point a row.

use crate::{
    error::Error,
    experiment::Server,
    verdict::{Plot, X},
};

pub const HEADERS: [&str; 7] = ["series", "server", "x", "y", "low", "high", "note"];

/// UTF-8 text with a header line. `low` and `high` are the 95 % interval of `y`; what there is none of is empty.
///
/// # Errors
/// None that data could cause; the writer's own are passed on.
pub fn write(plot: &Plot, servers: &[Server]) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADERS).map_err(std::io::Error::from)?;
    for row in rows(plot, servers) {
        writer.write_record(&row).map_err(std::io::Error::from)?;
    }
    Ok(writer.into_inner().map_err(|error| error.into_error())?)
}

/// The same rows for the table in the page, numbers in full.
pub fn rows<'a>(plot: &'a Plot, servers: &'a [Server]) -> impl Iterator<Item = [String; 7]> + 'a {
    plot.series.iter().flat_map(move |series| {
        let server = series.server.and_then(|at| servers.get(at as usize)).map_or("", |server| server.name.as_str());
        series.points.iter().map(move |at| {
            let x = match &at.x {
                X::Number(number) => number.to_string(),
                X::Name(name) => name.clone(),
            };
            let end = |end: Option<f64>| end.map(|end| end.to_string()).unwrap_or_default();
            let note = at.note.clone().unwrap_or_default();
            [series.name.clone(), server.to_owned(), x, at.y.to_string(), end(at.low), end(at.high), note]
        })
    })
}
