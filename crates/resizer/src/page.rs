//! The web page's files, carried in the binary: looked up by name, with what an answer's headers need. Nothing here speaks
//! HTTP.

use std::{borrow::Cow, fmt::Write, io::Read, sync::LazyLock};

use flate2::read::GzDecoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// What the page may load, for the header `Content-Security-Policy`: its own files, its own service, pictures that it
/// holds itself. Plotly writes style attributes, so inline style stays allowed; inline script does not.
pub const POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; \
                          connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A file of the page, ready to be sent.
pub struct Asset {
    /// Its media type, with the charset where it is text.
    pub media_type: &'static str,
    /// Whether `body` is packed and needs `Content-Encoding: gzip`.
    pub gzip: bool,
    /// A strong validator in quotes, as `ETag` wants it.
    pub etag: String,
    /// The bytes to send.
    pub body: Cow<'static, [u8]>,
}

#[derive(RustEmbed)]
#[folder = "page/"]
struct Files;

const PLOTLY: &str = "plotly.min.js";
static PLOTLY_PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/plotly.min.js.gz"));

/// The file `path` (relative to `/assets/`; `index.html` for the page itself), or `None` when there is no such file.
///
/// `takes_gzip` says whether the client accepts gzip; the one big file is kept packed and unpacked only for a client that
/// does not.
pub fn find(path: &str, takes_gzip: bool) -> Option<Asset> {
    if path == PLOTLY {
        return plotly(takes_gzip);
    }
    let file = Files::get(path)?;
    let etag = quoted(&file.metadata.sha256_hash());
    Some(Asset { media_type: media_type(path)?, gzip: false, etag, body: file.data })
}

fn plotly(takes_gzip: bool) -> Option<Asset> {
    static HASH: LazyLock<String> = LazyLock::new(|| quoted(&Sha256::digest(PLOTLY_PACKED)));
    let media_type = media_type(PLOTLY)?;
    if takes_gzip {
        let body = Cow::Borrowed(PLOTLY_PACKED);
        return Some(Asset { media_type, gzip: true, etag: HASH.clone(), body });
    }
    let mut plain = Vec::new();
    GzDecoder::new(PLOTLY_PACKED).read_to_end(&mut plain).ok()?;
    // Another representation needs another validator.
    let etag = HASH.replacen('"', "\"plain-", 1);
    Some(Asset { media_type, gzip: false, etag, body: Cow::Owned(plain) })
}

fn media_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

fn quoted(hash: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in &hash[..8] {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::find;

    #[test]
    fn every_file_that_the_page_names_is_there() {
        let page = find("index.html", true).expect("the page");
        assert_eq!(page.media_type, "text/html; charset=utf-8");
        let text = String::from_utf8(page.body.into_owned()).expect("text");
        let named: Vec<&str> = text.split("\"/assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(named.len() >= 3, "{named:?}");
        for name in named {
            assert!(find(name, true).is_some_and(|asset| !asset.body.is_empty()), "{name} is missing");
        }
    }

    #[test]
    fn modules_import_only_files_that_are_there() {
        let mut left = vec![String::from("app.js")];
        let mut seen = Vec::new();
        while let Some(name) = left.pop() {
            let text = find(&name, true).unwrap_or_else(|| panic!("{name} is missing")).body.into_owned();
            let text = String::from_utf8(text).expect("text");
            for rest in text.split("from \"./").skip(1) {
                let import = rest.split('"').next().expect("closing quote").to_owned();
                if !seen.contains(&import) && !left.contains(&import) {
                    left.push(import);
                }
            }
            seen.push(name);
        }
        assert!(seen.len() > 10, "{seen:?}");
    }

    #[test]
    fn plotly_is_the_same_packed_and_plain() {
        let packed = find("plotly.min.js", true).expect("plotly");
        let plain = find("plotly.min.js", false).expect("plotly");
        assert!(packed.gzip && !plain.gzip);
        assert_ne!(packed.etag, plain.etag);
        assert!(packed.body.len() * 3 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.body.as_ref()).read_to_end(&mut unpacked).expect("gzip");
        assert!(unpacked == plain.body.as_ref());
        assert!(String::from_utf8_lossy(&unpacked[..200]).contains("Licensed under the MIT license"));
    }

    #[test]
    fn nothing_outside_the_page_can_be_had() {
        for path in
            ["", "..", "../Cargo.toml", "../src/lib.rs", "/etc/passwd", "package.json", "app", "%2e%2e/Cargo.toml"]
        {
            assert!(find(path, true).is_none(), "{path}");
        }
    }
}
