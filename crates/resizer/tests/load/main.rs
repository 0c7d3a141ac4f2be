//! A thousand uploads by thirty-two clients while servers are slowed, cut off and started anew: no answer is lost, none is
//! mixed up with another's, and memory stays bounded. Pictures are told apart by a hash in the stand-ins' labels.

mod pictures;
mod proxy;

use std::{
    alloc,
    collections::BTreeMap,
    future::pending,
    io::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use cap::Cap;
use reqwest::{
    Client,
    multipart::{Form, Part},
};
use resizer::{
    config::{Config, ModelNames},
    picture::Limits,
    service::Service,
    web,
};
use serde_json::Value;
use tfserving::{
    Api,
    stand_in::{self, Behaviour, Reply, StandIn},
};
use tokio::net::TcpListener;

use self::{
    pictures::{Known, hash, known},
    proxy::{Mode, Proxy},
};

#[global_allocator]
static ALLOCATOR: Cap<alloc::System> = Cap::new(alloc::System, usize::MAX);

const UPLOADS: usize = 1_000;
const CLIENTS: usize = 32;
const SIZES: &str = "96,48";

/// What pictures may take, and what all else in this process may: clients, stand-ins, connections, tables.
const PICTURES: usize = 64 << 20;
const ALL_ELSE: usize = 32 << 20;

fn naming() -> Behaviour {
    Behaviour::new(|asked| {
        let label = hash(asked.picture());
        std::future::ready(Reply::classes(&[(label.as_str(), 2.0), ("crane", 1.0)]))
    })
}

/// What happened to all uploads.
#[derive(Default)]
struct Tally {
    answered: AtomicUsize,
    cells: AtomicUsize,
    failed_cells: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_uploads_survive_servers_that_come_and_go() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pictures = Arc::new(known(SIZES));
    let (slowed, mut killed, steady) = (start(Api::Grpc), Some(start(Api::Grpc)), start(Api::Rest));
    let killed_at = killed.as_ref().expect("just started").at();
    let proxies = [Proxy::start(slowed.at()).await, Proxy::start(killed_at).await];
    let servers = vec![
        stand_in::address("slowed", Api::Grpc, proxies[0].at),
        stand_in::address("killed", Api::Grpc, proxies[1].at),
        steady.address("steady"),
    ];
    let (at, service) = serve(servers).await;
    let before = ALLOCATOR.allocated();

    let (next, tally) = (Arc::new(AtomicUsize::new(0)), Arc::new(Tally::default()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (next, tally, pictures) = (Arc::clone(&next), Arc::clone(&tally), Arc::clone(&pictures));
            tokio::spawn(async move { uploads(at, &next, &pictures, &tally).await })
        })
        .collect();
    // Trouble keeps pace with the uploads, not with the clock: each phase is met by as many on any machine.
    let mut phase = 0;
    while clients.iter().any(|client| !client.is_finished()) {
        let now = tally.answered.load(Ordering::SeqCst) * 10 / UPLOADS;
        if now > phase {
            phase = now;
            trouble(phase, &proxies, &mut killed, killed_at);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut took = Vec::new();
    for client in clients {
        took.extend(client.await.expect("no client panics"));
    }
    took.sort();
    assert_eq!((took.len(), tally.answered.load(Ordering::SeqCst)), (UPLOADS, UPLOADS));
    let (cells, failed) = (tally.cells.load(Ordering::SeqCst), tally.failed_cells.load(Ordering::SeqCst));
    assert_eq!(cells, UPLOADS * 3 * 3);
    assert!(failed > 0 && failed < cells / 2, "{failed} of {cells} cells failed");
    let most = ALLOCATOR.max_allocated() - before;
    assert!(most < PICTURES + ALL_ELSE, "{most} bytes were held at once");
    assert!(service.metrics.text().contains("resizer_uploads_in_work 0"));
    say(&format!(
        "{UPLOADS} uploads, {CLIENTS} clients: median {:?}, p99 {:?}, most {:?}; {failed} of {cells} cells failed; {} MiB at most",
        took[UPLOADS / 2],
        took[UPLOADS * 99 / 100],
        took[UPLOADS - 1],
        most >> 20
    ));
}

fn start(api: Api) -> StandIn {
    StandIn::start(api, naming()).expect("start")
}

/// The third server stays well, so that every upload has an answer.
fn trouble(phase: usize, proxies: &[Proxy; 2], killed: &mut Option<StandIn>, killed_at: SocketAddr) {
    let (slowed, other) = match phase % 5 {
        1 => (Mode::Cut, Mode::Open),
        2 => (Mode::Slow(Duration::from_millis(10)), Mode::Cut),
        3 => {
            *killed = None;
            (Mode::Open, Mode::Open)
        }
        4 => {
            *killed = Some(StandIn::start_at(killed_at, Api::Grpc, naming()).expect("start again"));
            (Mode::Cut, Mode::Slow(Duration::from_millis(5)))
        }
        _ => (Mode::Open, Mode::Open),
    };
    proxies[0].set(slowed);
    proxies[1].set(other);
}

async fn serve(servers: Vec<tfserving::Address>) -> (SocketAddr, Arc<Service>) {
    let name = String::from;
    let config = Config {
        servers,
        model: ModelNames { model: name("inception"), signature: name("predict_images"), input: name("images") },
        request_timeout: Duration::from_secs(20),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        limits: Limits { memory: PICTURES, ..Limits::default() },
        uploads: 8,
        upload_timeout: Duration::from_secs(30),
    };
    let listener = TcpListener::bind(config.listen).await.expect("bind");
    let at = listener.local_addr().expect("an address");
    let service = Service::new(config).expect("a service");
    tokio::spawn(web::listen(listener, web::router(Arc::clone(&service)), pending(), Duration::ZERO));
    (at, service)
}

/// One client's uploads, until all are taken; how long each took.
async fn uploads(at: SocketAddr, next: &AtomicUsize, pictures: &[Known], tally: &Tally) -> Vec<Duration> {
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut took = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::SeqCst);
        if number >= UPLOADS {
            return took;
        }
        let known = &pictures[number % pictures.len()];
        let name = format!("{number}.jpg");
        let part = Part::stream(known.bytes.clone()).file_name(name.clone());
        let started = Instant::now();
        let response =
            client.post(format!("http://{at}/upload?sizes={SIZES}")).multipart(Form::new().part("file", part));
        let response = response.send().await.expect("an answer");
        let status = response.status();
        let reply: Value = response.json().await.expect("JSON");
        assert_eq!(status, 200, "{reply}");
        took.push(started.elapsed());
        check(&reply["files"][0], &name, known, tally);
        tally.answered.fetch_add(1, Ordering::SeqCst);
    }
}

/// Every cell has the answer for its own picture, or an error of the way to its own server.
fn check(file: &Value, name: &str, known: &Known, tally: &Tally) {
    assert_eq!(file["filename"], name);
    let rows: BTreeMap<&String, &Value> = file["derivatives"].as_object().expect("rows").iter().collect();
    assert_eq!(rows.len(), known.hashes.len());
    for (key, row) in rows {
        for server in ["slowed", "killed", "steady"] {
            let cell = &row["predictions"][server];
            tally.cells.fetch_add(1, Ordering::SeqCst);
            if cell["error"].is_null() {
                assert_eq!(cell["ranked"][0]["label"], known.hashes[key], "{name} {key} {server}");
            } else {
                tally.failed_cells.fetch_add(1, Ordering::SeqCst);
                assert_ne!(server, "steady", "{cell}");
                assert_eq!(cell["error"]["server"], server);
                let code = cell["error"]["code"].as_str().expect("a code");
                assert!(matches!(code, "UNAVAILABLE" | "DEADLINE_EXCEEDED"), "{cell}");
            }
        }
    }
}

fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}
