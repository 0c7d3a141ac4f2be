//! A service on a port of its own, model servers that say what pictures they got, and pictures.

use std::{future::pending, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder};
use resizer::{
    config::{Config, ModelNames},
    picture::Limits,
    service::Service,
    web,
};
use tfserving::{
    Address, Api,
    stand_in::{Asked, Behaviour, Reply, StandIn},
};
use tokio::net::TcpListener;

/// A service that ends with its test's runtime.
pub struct Running {
    pub at: SocketAddr,
    pub service: Arc<Service>,
}

impl Running {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }
}

pub fn config(servers: Vec<Address>) -> Config {
    let name = String::from;
    Config {
        servers,
        model: ModelNames { model: name("inception"), signature: name("predict_images"), input: name("images") },
        request_timeout: Duration::from_secs(30),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        limits: Limits::default(),
        uploads: 4,
        upload_timeout: Duration::from_secs(30),
    }
}

pub async fn start(servers: Vec<Address>) -> Running {
    start_with(config(servers)).await
}

pub async fn start_with(config: Config) -> Running {
    let listener = TcpListener::bind(config.listen).await.expect("bind");
    let at = listener.local_addr().expect("an address");
    let service = Service::new(config).expect("a service");
    tokio::spawn(web::listen(listener, web::router(Arc::clone(&service)), pending(), Duration::ZERO));
    Running { at, service }
}

/// Three classes whose scores fall with the picture's bytes, so that no two pictures get the same answer.
pub fn telling() -> Behaviour {
    Behaviour::new(|asked| std::future::ready(told(&asked)))
}

pub fn told(asked: &Asked) -> Reply {
    Reply::classes(&[("crane", 1.0), ("tabby, tabby cat", score(asked.picture())), ("crane", 0.5)])
}

pub fn score(picture: &[u8]) -> f32 {
    10.0 + 1_000.0 / picture.len() as f32
}

pub fn grpc(behaviour: &Behaviour) -> StandIn {
    StandIn::start(Api::Grpc, behaviour.clone()).expect("start")
}

pub fn rest(behaviour: &Behaviour) -> StandIn {
    StandIn::start(Api::Rest, behaviour.clone()).expect("start")
}

/// A JPEG with soft colours, no two sizes alike.
pub fn jpeg(width: u16, height: u16) -> Bytes {
    let pixel = |at: u32| {
        let (x, y) = (at % u32::from(width), at / u32::from(width));
        [(x * 255 / u32::from(width)) as u8, (y * 255 / u32::from(height)) as u8, ((x ^ y) & 63) as u8]
    };
    let pixels: Vec<u8> = (0..u32::from(width) * u32::from(height)).flat_map(pixel).collect();
    let mut encoded = Vec::new();
    Encoder::new(&mut encoded, 90).encode(&pixels, width, height, ColorType::Rgb).expect("encode");
    encoded.into()
}
