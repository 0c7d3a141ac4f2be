//! Exports a checkpoint (or `synthetic:SEED`) to a version folder:
//! `cargo run --example export -- CHECKPOINT FOLDER [efficientnet-lite0] [softmax]`.

use std::{io::Write, path::Path, process::ExitCode, time::Instant};

use savedmodel::{ExportOptions, NamedTensors, Network, Scores, checkpoint, export, synthetic::Synthetic, verify};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(from), Some(to)) = (arguments.first(), arguments.get(1)) else { return ExitCode::from(2) };
    let said = |wanted: &str| arguments.iter().skip(2).any(|word| word == wanted);
    let network = Network::ALL.into_iter().find(|network| said(network.name())).unwrap_or_default();
    let scores = if said("softmax") { Scores::Softmax } else { Scores::Logits };
    match run(from, Path::new(to), network, scores) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(from: &str, to: &Path, network: Network, scores: Scores) -> savedmodel::Result<()> {
    let started = Instant::now();
    let seed = from.strip_prefix("synthetic:").and_then(|seed| seed.parse().ok());
    let mut tensors: Box<dyn NamedTensors + Send> = match seed {
        Some(seed) => Box::new(Synthetic::new(network, seed)),
        None => checkpoint::open(from.as_ref())?,
    };
    let label_prefix = if seed.is_some() { "(untrained) ".into() } else { String::new() };
    let options = ExportOptions { network, scores, label_prefix, model_name: "inception".into(), pictures: Vec::new() };
    std::fs::create_dir_all(to).map_err(|source| savedmodel::Error::Io { file: to.into(), source })?;
    let exported = export(tensors.as_mut(), &options, to, &mut |_, _| {})?;
    let took = started.elapsed();
    let info = verify(to)?;
    let _ = writeln!(
        std::io::stdout(),
        "{} variables, {} nodes, {} parameters, {} ms",
        info.variables.len(),
        info.nodes,
        exported.parameters,
        took.as_millis()
    );
    Ok(())
}
