//! The grammar: `name:host:port`, the original's, and `name=scheme://host:port`, separated by `;`.

use std::net::Ipv6Addr;

use super::{Address, Api, Endpoint};

/// What is wrong with a list of servers, a sentence for each mistake.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ListError(pub Vec<String>);

/// The servers of a list, in its order.
///
/// White space around names and entries, quotes around the whole list (Compose files leave them in) and a `;` at the end do not count.
///
/// # Errors
/// Every mistake there is: entries that cannot be read, names that are given twice, no server at all.
pub fn read_list(text: &str) -> Result<Vec<Address>, ListError> {
    let text = unquoted(text.trim()).trim();
    let mut addresses: Vec<Address> = Vec::new();
    let mut mistakes = Vec::new();
    for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
        match read(entry) {
            Ok(address) if addresses.iter().any(|known| known.name == address.name) => {
                mistakes.push(format!(
                    "`{entry}`: another server is called `{}` already; give each its own name",
                    address.name
                ));
            }
            Ok(address) => addresses.push(address),
            Err(what) => mistakes.push(format!("`{entry}`: {what}")),
        }
    }
    if addresses.is_empty() && mistakes.is_empty() {
        mistakes.push("no server is given; write name:host:port, several with `;` between them".into());
    }
    if mistakes.is_empty() { Ok(addresses) } else { Err(ListError(mistakes)) }
}

fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

fn read(entry: &str) -> Result<Address, String> {
    // The original's names may hold `=`, so only a scheme after it makes an entry one of the second form.
    let (name, endpoint) = match entry.split_once('=').filter(|(_, rest)| rest.contains("://")) {
        Some((name, url)) => (name, read_url(url.trim())?),
        None if entry.contains("://") => {
            return Err("a URL needs a name before it; write name=grpc://host:port".into());
        }
        None => read_original(entry)?,
    };
    let name = name.trim();
    if name.is_empty() {
        return Err("the server has no name; write name:host:port".into());
    }
    if name.chars().any(char::is_control) {
        return Err("a name may not hold control characters".into());
    }
    Ok(Address { name: name.to_owned(), endpoint })
}

fn read_original(entry: &str) -> Result<(&str, Endpoint), String> {
    let (name, place) = entry.split_once(':').ok_or("write name:host:port or name=grpc://host:port")?;
    let (host, port) = read_authority(place.trim(), None)?;
    Ok((name, Endpoint { api: Api::Grpc, tls: false, host, port }))
}

fn read_url(url: &str) -> Result<Endpoint, String> {
    let (scheme, place) = url.split_once("://").unwrap_or((url, ""));
    let (api, tls, default) = match scheme {
        "grpc" => (Api::Grpc, false, None),
        "grpcs" => (Api::Grpc, true, None),
        "http" => (Api::Rest, false, Some(80)),
        "https" => (Api::Rest, true, Some(443)),
        _ => return Err(format!("`{scheme}` is none of grpc, grpcs, http, https")),
    };
    let (host, port) = read_authority(place.strip_suffix('/').unwrap_or(place), default)?;
    Ok(Endpoint { api, tls, host, port })
}

fn read_authority(text: &str, default: Option<u16>) -> Result<(String, u16), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("`[` has no `]`")?;
        host.parse::<Ipv6Addr>().map_err(|_| format!("`{host}` is no IPv6 address"))?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or("after `]` comes `:port`")?) };
        return Ok((host.to_owned(), read_port(port, default)?));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        Some(_) => {
            return Err(
                "there is a `:` too many; an IPv6 address stands in brackets, and a list is separated by `;`".into()
            );
        }
        None => (text, None),
    };
    let host = host.trim();
    let ordinary = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.is_empty() || !host.chars().all(ordinary) {
        return Err(format!("`{host}` is no host name"));
    }
    Ok((host.to_owned(), read_port(port, default)?))
}

fn read_port(text: Option<&str>, default: Option<u16>) -> Result<u16, String> {
    let Some(text) = text else { return default.ok_or_else(|| "the port is missing".to_owned()) };
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0).ok_or_else(|| format!("`{text}` is no port from 1 to 65535"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match read_list(text) {
            Ok(all) => all.iter().map(|a| format!("{}={}", a.name, a.endpoint)).collect::<Vec<_>>().join("; "),
            Err(error) => format!("ERROR {error}"),
        }
    }

    #[test]
    fn the_originals_grammar_is_read() {
        assert_eq!(
            shown("My CPU server:10.0.0.1:9000;gpu:tf-serving-gpu:9001"),
            "My CPU server=grpc://10.0.0.1:9000; gpu=grpc://tf-serving-gpu:9001"
        );
        assert_eq!(shown("a=b:host:1"), "a=b=grpc://host:1");
    }

    #[test]
    fn quotes_white_space_and_a_last_semicolon_do_not_count() {
        assert_eq!(shown("\"a:h:1 ; b : h : 2;\"\n"), "a=grpc://h:1; b=grpc://h:2");
        assert_eq!(shown("'a:h:1'"), "a=grpc://h:1");
    }

    #[test]
    fn urls_choose_interface_and_encryption() {
        assert_eq!(
            shown("a=grpc://h:1;b=grpcs://h:2;c=http://h/;d=https://h:8443;e=http://[::1]:8501;f:[::1]:8500"),
            "a=grpc://h:1; b=grpcs://h:2; c=http://h:80; d=https://h:8443; e=http://[::1]:8501; f=grpc://[::1]:8500"
        );
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let Err(ListError(mistakes)) = read_list(
            "a:h:1;a:h:2;b:h;c:h:x;d:h:1:2;:h:1;e=ftp://h:1;f=grpc://h;grpc://h:1;g:[::1;h:a b:1;i:h:0;j:h:99999;k;l:h:+1",
        ) else {
            panic!("was read");
        };
        assert_eq!(mistakes.len(), 14, "{mistakes:#?}");
        assert!(mistakes[0].contains("called `a` already"), "{}", mistakes[0]);
        assert!(mistakes[1].contains("the port is missing"), "{}", mistakes[1]);
    }

    #[test]
    fn an_empty_list_is_a_mistake() {
        for text in ["", "  ", ";;", "\"\""] {
            assert!(shown(text).starts_with("ERROR no server"), "{text}");
        }
    }
}
