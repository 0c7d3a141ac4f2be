//! The bench's two ends: model servers that answer at once, and clients that upload one picture over and over.
//! Usage: `app_load serve COUNT`, which prints a TF_SERVERS and stays; `app_load load URL PICTURE CLIENTS UPLOADS`, which
//! prints uploads a second, the median and the 99th percentile in milliseconds, and, where the reply tells the parts, the
//! median of what is neither image work nor servers.

use std::{
    error::Error,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use reqwest::{
    Client,
    multipart::{Form, Part},
};
use serde_json::Value;
use tfserving::{
    Api,
    stand_in::{Behaviour, Reply, StandIn},
};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", count] => serve(count.parse()?),
        ["load", url, picture, clients, uploads] => {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(load(url, std::fs::read(picture)?, clients.parse()?, uploads.parse()?))
        }
        _ => Err("serve COUNT, or load URL PICTURE CLIENTS UPLOADS".into()),
    }
}

fn serve(count: usize) -> Result<(), Failure> {
    let classes = [("tabby", 9.5), ("tiger cat", 8.5), ("lynx", 7.5), ("Egyptian cat", 6.5), ("cougar", 5.5)];
    let behaviour = Behaviour::always(Reply::classes(&classes));
    let servers = (0..count).map(|_| StandIn::start(Api::Grpc, behaviour.clone())).collect::<Result<Vec<_>, _>>()?;
    let list: Vec<String> =
        servers.iter().enumerate().map(|(at, server)| format!("server{at}:{}", server.at())).collect();
    writeln!(std::io::stdout(), "{}", list.join(";"))?;
    loop {
        std::thread::park();
    }
}

async fn load(url: &str, picture: Vec<u8>, clients: usize, uploads: usize) -> Result<(), Failure> {
    let left = Arc::new(AtomicUsize::new(uploads));
    let begin = Instant::now();
    let running = (0..clients).map(|_| tokio::spawn(one_client(url.to_owned(), picture.clone(), Arc::clone(&left))));
    let (mut seconds, mut besides) = (Vec::new(), Vec::new());
    for client in running.collect::<Vec<_>>() {
        for (wall, overhead) in client.await?? {
            seconds.push(wall);
            besides.extend(overhead);
        }
    }
    let rate = seconds.len() as f64 / begin.elapsed().as_secs_f64();
    let overhead = at(&mut besides, 0.5).map_or_else(|| "-".into(), |seconds| format!("{:.2}", seconds * 1e3));
    let milliseconds = |share| at(&mut seconds.clone(), share).unwrap_or_default() * 1e3;
    writeln!(std::io::stdout(), "{rate:.2} {:.1} {:.1} {overhead}", milliseconds(0.5), milliseconds(0.99))?;
    Ok(())
}

async fn one_client(url: String, picture: Vec<u8>, left: Arc<AtomicUsize>) -> Result<Vec<(f64, Option<f64>)>, Failure> {
    let client = Client::builder().no_proxy().build()?;
    let mut told = Vec::new();
    while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
        let form =
            Form::new().part("file", Part::bytes(picture.clone()).file_name("picture.jpg").mime_str("image/jpeg")?);
        let begin = Instant::now();
        let reply = client.post(&url).multipart(form).send().await?.error_for_status()?.bytes().await?;
        let wall = begin.elapsed().as_secs_f64();
        let reply: Value = serde_json::from_slice(&reply)?;
        let derivatives = reply["files"][0]["derivatives"].as_object().ok_or("no derivatives")?;
        let scored = derivatives.values().all(|row| row["average_precision"].as_f64().is_some_and(|mean| mean > 99.0));
        if derivatives.len() < 2 || !scored {
            return Err(format!("not every server answered: {reply}").into());
        }
        told.push((wall, overhead(wall, &reply["files"][0])));
    }
    Ok(told)
}

/// Of one derivative, so that decode, resize and encode come one after another; the servers by the slowest of them.
fn overhead(wall: f64, file: &Value) -> Option<f64> {
    // By name: the map is sorted, not in the reply's order.
    let rows = file["derivatives"].as_object()?;
    let (originals, derivatives): (Vec<_>, Vec<_>) = rows.iter().partition(|(key, _)| key.starts_with("Orig."));
    let ([(_, original)], [(_, derivative)]) = (&originals[..], &derivatives[..]) else { return None };
    let work: Option<f64> =
        ["decode_duration", "resize_duration", "encode_duration"].iter().map(|part| derivative[part].as_f64()).sum();
    let of = |name: &str| -> Option<f64> {
        [*original, *derivative].iter().map(|row| row["predictions"][name]["predict_duration"].as_f64()).sum()
    };
    let names = file["server_names"].as_array()?;
    let slowest = names.iter().filter_map(|name| of(name.as_str()?)).fold(0.0, f64::max);
    Some(wall - work? - slowest)
}

/// A percentile; none of nothing.
fn at(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((last as f64 * share).round() as usize).copied()
}
