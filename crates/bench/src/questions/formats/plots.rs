//! Formats as plots: times by size, and what decoding may take of them.

use crate::{
    questions::{
        evidence::{self, Evidence, Form},
        words,
    },
    statistics::{quantile, typical},
    verdict::{Kind, Plot, Series, X},
};

pub fn by_size(evidence: &Evidence<'_>, formats: &[Form]) -> Plot {
    let mut sizes = evidence.record.experiment.cells.sizes.clone();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let point = |server: u32, format: &Form, size: u32| {
        let wanted = Form { size: Some(size), ..format.clone() };
        let times = evidence.times(server, evidence::total, |cell| Form::of(cell) == wanted);
        let found =
            typical::quantile(&times, 0.5, evidence.seed(&format!("formats/size/{server}/{}/{size}", format.slug())))?;
        Some(words::at(X::Name(size.to_string()), found))
    };
    let all = evidence.servers().flat_map(|server| formats.iter().map(move |format| (server, format)));
    let of = |(server, format): (u32, &Form)| Series {
        name: format!("{}, {}", evidence.name(server), words::format(format)),
        kind: Kind::Dots,
        server: Some(server),
        points: sizes.iter().filter_map(|size| point(server, format, *size)).collect(),
    };
    Plot {
        id: "formats-by-size".to_owned(),
        title: "Time of a call by format".to_owned(),
        caption: "Medians with 95 % intervals; in one box all formats hold the same pixels.".to_owned(),
        x: words::axis("box, pixels"),
        y: words::axis("ms"),
        series: all.map(of).filter(|series| !series.points.is_empty()).collect(),
        lines: Vec::new(),
        stacked: false,
    }
}

pub fn decoding(evidence: &Evidence<'_>, formats: &[Form]) -> Plot {
    let size = evidence.record.experiment.cells.sizes.iter().copied().max();
    let (mut here, mut rest) = (Vec::new(), Vec::new());
    for server in evidence.servers() {
        for format in formats {
            let wanted = Form { size, ..format.clone() };
            let times = evidence.times(server, evidence::total, |cell| Form::of(cell) == wanted);
            let Some(time) = quantile::median(times.iter().map(|time| time.value)) else { continue };
            let plates = evidence
                .record
                .plates
                .iter()
                .filter(|plate| Form::of(&plate.cell) == wanted && plate.same_as.is_none());
            let decode = quantile::median(plates.filter_map(|plate| plate.decode_ms)).unwrap_or(0.0);
            let name = format!("{}, {}", evidence.name(server), words::format(format));
            here.push(words::bare(X::Name(name.clone()), decode));
            rest.push(words::bare(X::Name(name), (time - decode).max(0.0)));
        }
    }
    let series = |name: &str, points| Series { name: name.to_owned(), kind: Kind::Bars, server: None, points };
    Plot {
        id: "formats-decoding".to_owned(),
        title: "What decoding may take of it".to_owned(),
        caption: "Medians at the largest box. Decoding is timed here, in one thread and with this program's decoders: the server's may be slower or faster.".to_owned(),
        x: words::axis("server and format"),
        y: words::axis("ms"),
        series: vec![series("decoding, as it takes here", here), series("the rest of the call", rest)],
        lines: Vec::new(),
        stacked: true,
    }
}
