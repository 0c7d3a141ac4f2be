//! Small experiments, the servers they are about, and a caller that hears everything.

use std::{collections::BTreeMap, time::Duration};

use bench::{
    Error,
    experiment::{Arrivals, Cells, Experiment, Load, Model, Pictures, PixelsSignature, Repetitions, Server},
    protocol::{Caller, Said, Standing},
};
use tfserving::{
    Api, Code, Values,
    stand_in::{Asked, Behaviour, Reply, StandIn},
};

/// Two pictures in two sizes and two formats with their pixels, two servers, two restarts, no load.
pub fn experiment(servers: &[(&str, &StandIn)]) -> Experiment {
    let server = |(name, server): &(&str, &StandIn)| Server {
        name: (*name).to_owned(),
        address: server.address("x").endpoint.to_string(),
        facts: BTreeMap::new(),
        build: None,
    };
    let pixels = PixelsSignature { signature: "pixels".into(), input: "pixels".into() };
    Experiment {
        seed: 7,
        model: Model {
            name: "inception".into(),
            version: None,
            signature: "predict_images".into(),
            input: "images".into(),
            classes: "classes".into(),
            scores: "scores".into(),
            pixels: Some(pixels),
        },
        servers: servers.iter().map(server).collect(),
        pictures: Pictures::Generated { count: 2, width: 96, height: 64 },
        cells: Cells { sizes: vec![64, 32], formats: vec!["jpeg".into(), "png".into()], qualities: vec![75] },
        repetitions: Repetitions { restarts: 2, calls: 2, warm_up: 1 },
        load: None,
        margin: 0.05,
    }
}

/// Two points of each kind, as short as they can be.
pub fn short_load() -> Load {
    Load {
        concurrency: vec![1, 2],
        rates: vec![0.5],
        arrivals: vec![Arrivals::Constant, Arrivals::Poisson],
        seconds: 0.1,
        slo_ms: None,
    }
}

/// Answers by what it is sent, after `pause`.
pub fn server(api: Api, pause: Duration) -> StandIn {
    StandIn::start(api, behaviour(pause)).expect("a port")
}

pub fn behaviour(pause: Duration) -> Behaviour {
    Behaviour::new(move |asked| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        said(&asked)
    })
}

/// Refuses WebP, as TensorFlow's decoders do. The classes tell how many bytes there were.
pub fn said(asked: &Asked) -> Reply {
    let picture = asked.picture();
    let length = match asked.inputs.get("pixels").map(tfserving::Tensor::values) {
        Some(Values::Integers(pixels)) => pixels.len(),
        _ => picture.len(),
    };
    if picture.starts_with(b"RIFF") {
        return Reply::Refusal(Code::InvalidArgument, "Unknown image file format".into());
    }
    Reply::classes(&[("first", 9.5), (&format!("{length} bytes"), 8.5)])
}

/// Hears everything; starts nothing anew unless it is given where servers then are.
#[derive(Default)]
pub struct Listener {
    pub said: Vec<Said>,
    pub renewed: Option<BTreeMap<String, String>>,
    pub renewals: usize,
    counted: u64,
}

impl Caller for Listener {
    fn say(&mut self, said: Said) {
        self.said.push(said);
    }

    async fn renew(&mut self) -> Result<Option<BTreeMap<String, String>>, Error> {
        self.renewals += 1;
        Ok(self.renewed.clone())
    }

    async fn count(&mut self) -> Result<Option<BTreeMap<String, Standing>>, Error> {
        self.counted += 1;
        let standing = Standing { cpu_seconds: self.counted as f64, throttled_periods: 0, throttled_seconds: 0.0 };
        Ok(Some(BTreeMap::from([("one".to_owned(), standing)])))
    }
}
