//! The environment, read once at start. Every mistake is told, not only the first.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    time::Duration,
};

use tfserving::{Address, read_list};

use crate::picture::Limits;

/// How the service was told to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TF_SERVERS`, or `TF_SERVER_NAME` and `TF_SERVER_PORT`: one or more.
    pub servers: Vec<Address>,
    /// The model that every server is asked for.
    pub model: ModelNames,
    /// `TF_REQUEST_TIMEOUT`: until a server must have answered one call.
    pub request_timeout: Duration,
    /// `LISTEN`.
    pub listen: SocketAddr,
    /// `MAX_BYTES`, `MAX_PIXELS`, `MAX_MEMORY`. The memory is what all pictures in work may hold together.
    pub limits: Limits,
    /// `MAX_UPLOADS`: uploads in work at once; others wait for their turn.
    pub uploads: usize,
    /// `UPLOAD_TIMEOUT`: how long a client may send nothing.
    pub upload_timeout: Duration,
}

/// The names by which the model is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModelNames {
    /// `MODEL_NAME`.
    pub model: String,
    /// `MODEL_SIGNATURE_NAME`.
    pub signature: String,
    /// `MODEL_INPUT_KEY`: the input that takes encoded pictures.
    pub input: String,
}

/// What is wrong with the environment, a sentence for each mistake.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads variables by name; an empty one counts as not set.
    ///
    /// # Errors
    /// Every mistake there is.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { variable, mistakes: Vec::new() };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let defaults = Limits::default();
        let config = Self {
            servers: reader.servers(),
            model: ModelNames {
                model: reader.text("MODEL_NAME").unwrap_or_else(|| "inception".into()),
                signature: reader.text("MODEL_SIGNATURE_NAME").unwrap_or_else(|| "predict_images".into()),
                input: reader.text("MODEL_INPUT_KEY").unwrap_or_else(|| "images".into()),
            },
            request_timeout: reader.seconds("TF_REQUEST_TIMEOUT", 60.0),
            listen: reader.listen(),
            limits: Limits {
                bytes: reader.whole("MAX_BYTES", defaults.bytes),
                pixels: reader.whole("MAX_PIXELS", usize::try_from(defaults.pixels).unwrap_or(usize::MAX)) as u64,
                memory: reader.whole("MAX_MEMORY", defaults.memory),
            },
            uploads: reader.whole("MAX_UPLOADS", 2 * cores),
            upload_timeout: reader.seconds("UPLOAD_TIMEOUT", 30.0),
        };
        if reader.mistakes.is_empty() { Ok(config) } else { Err(ConfigError(reader.mistakes)) }
    }
}

struct Reader<V> {
    variable: V,
    mistakes: Vec<String>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    fn text(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn servers(&mut self) -> Vec<Address> {
        let list = self.text("TF_SERVERS");
        let variable = if list.is_some() { "TF_SERVERS" } else { "TF_SERVER_NAME, TF_SERVER_PORT" };
        // The original's client knew one server by its host, which it called its name.
        let list = list.or_else(|| {
            let host = self.text("TF_SERVER_NAME")?;
            let port = self.text("TF_SERVER_PORT").unwrap_or_else(|| "9000".into());
            Some(format!("{host}:{host}:{port}"))
        });
        let Some(list) = list else {
            self.mistakes.push("TF_SERVERS is not set; write name:host:port, several with `;` between them".into());
            return Vec::new();
        };
        read_list(&list).unwrap_or_else(|error| {
            self.mistakes.extend(error.0.iter().map(|mistake| format!("{variable}: {mistake}")));
            Vec::new()
        })
    }

    fn seconds(&mut self, name: &str, default: f64) -> Duration {
        const MOST: f64 = 86_400.0;
        let Some(text) = self.text(name) else { return Duration::from_secs_f64(default) };
        match text.parse() {
            Ok(seconds) if seconds > 0.0 && seconds <= MOST => Duration::from_secs_f64(seconds),
            _ => {
                self.mistakes.push(format!("{name}: `{text}` is no number of seconds above 0 and up to {MOST}"));
                Duration::ZERO
            }
        }
    }

    fn whole(&mut self, name: &str, default: usize) -> usize {
        let Some(text) = self.text(name) else { return default };
        match text.replace('_', "").parse() {
            Ok(number) if number > 0 => number,
            _ => {
                self.mistakes.push(format!("{name}: `{text}` is no whole number above 0"));
                default
            }
        }
    }

    fn listen(&mut self) -> SocketAddr {
        let text = self.text("LISTEN").unwrap_or_else(|| "0.0.0.0:5051".into());
        // `localhost:5051` and `:5051` are how people write it.
        let full = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.clone() };
        match full.to_socket_addrs().map(|mut found| found.next()) {
            Ok(Some(address)) => address,
            _ => {
                self.mistakes.push(format!("LISTEN: `{text}` is no address to listen on; write 0.0.0.0:5051"));
                SocketAddr::from(([0, 0, 0, 0], 0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let of = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Config::read(of)
    }

    #[test]
    fn servers_alone_are_enough() {
        let config = read(&[("TF_SERVERS", "a:h:1")]).expect("read");
        assert_eq!(config.model.model, "inception");
        assert_eq!((config.model.signature.as_str(), config.model.input.as_str()), ("predict_images", "images"));
        assert_eq!(
            (config.request_timeout.as_secs(), config.listen.port(), config.limits.bytes),
            (60, 5051, 99_900_000)
        );
    }

    #[test]
    fn the_request_timeout_is_a_number() {
        let config = read(&[("TF_SERVERS", "a:h:1"), ("TF_REQUEST_TIMEOUT", "2.5")]).expect("read");
        assert_eq!(config.request_timeout, Duration::from_millis(2_500));
    }

    #[test]
    fn the_single_server_of_the_original_is_a_fallback() {
        let config = read(&[("TF_SERVER_NAME", "serving"), ("TF_SERVER_PORT", "9001")]).expect("read");
        assert_eq!(config.servers[0].name, "serving");
        assert_eq!(config.servers[0].endpoint.to_string(), "grpc://serving:9001");
        let both = read(&[("TF_SERVERS", "a:h:1"), ("TF_SERVER_NAME", "serving")]).expect("read");
        assert_eq!(both.servers[0].name, "a");
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let Err(ConfigError(mistakes)) = read(&[
            ("TF_SERVERS", "a:h:1;a:h:2;b"),
            ("TF_REQUEST_TIMEOUT", "soon"),
            ("MAX_BYTES", "-1"),
            ("MAX_PIXELS", "1e9"),
            ("MAX_MEMORY", "0"),
            ("MAX_UPLOADS", "many"),
            ("UPLOAD_TIMEOUT", "NaN"),
            ("LISTEN", "nowhere"),
        ]) else {
            panic!("was read");
        };
        assert_eq!(mistakes.len(), 9, "{mistakes:#?}");
        assert_eq!(mistakes[2], "TF_REQUEST_TIMEOUT: `soon` is no number of seconds above 0 and up to 86400");
    }

    #[test]
    fn no_servers_at_all_say_how_to_name_them() {
        let error = read(&[]).expect_err("there are none").to_string();
        assert!(error.contains("TF_SERVERS is not set; write name:host:port"), "{error}");
    }
}
