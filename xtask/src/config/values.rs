//! How single values of the file are spelt: times, sizes, addresses, names, paths.
//! Each function takes one string and gives the value, or a sentence saying what is wrong; places are not its concern.

use std::time::Duration;

use crate::domain::{model, profile::BazelVersion};

/// `90s`, `5m`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let units = [("h", 3600), ("m", 60), ("s", 1)];
    let seconds = quantity_sum(text, &units).filter(|seconds| *seconds > 0);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| format!("`{text}` is no time: write whole hours, minutes or seconds, such as `1h30m` or `90s`"))
}

/// `2GiB`; binary units only, so that nobody has to guess what a `G` is.
pub fn bytes(text: &str) -> Result<u64, String> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let product = number.parse().ok().zip(factor).and_then(|(number, factor): (u64, u64)| number.checked_mul(factor));
    product.filter(|bytes| *bytes > 0).ok_or_else(|| {
        format!("`{text}` is no size: write a whole number and KiB, MiB, GiB or TiB, such as `2GiB` or `512MiB`")
    })
}

/// Numbers with units, every unit at most once and from large to small.
fn quantity_sum(mut text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut sum = 0u64;
    for (unit, factor) in units {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = text.split_at(digits);
        let Some(rest) = rest.strip_prefix(unit).filter(|_| digits > 0) else { continue };
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        text = rest;
    }
    text.is_empty().then_some(sum)
}

/// `7.4.1`.
pub fn bazel_version(text: &str) -> Result<BazelVersion, String> {
    let wrong = || format!("`{text}` is no Bazel version: write all three numbers, such as `7.4.1`");
    let number = |part: &str| {
        // `parse` alone would take `+7`.
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let parts: Option<Vec<u32>> = text.split('.').map(number).collect();
    match parts.as_deref() {
        Some([major, minor, patch]) => Ok(BazelVersion(*major, *minor, *patch)),
        _ => Err(wrong()),
    }
}

/// `//package:name`.
pub fn label(text: &str) -> Result<String, String> {
    let parts = text.strip_prefix("//").and_then(|rest| rest.split_once(':'));
    let valid = parts.is_some_and(|(_, name)| !name.is_empty() && !name.contains(':')) && !has_space(text);
    valid.then(|| text.into()).ok_or_else(|| format!("`{text}` is no Bazel label: write `//package:name`"))
}

/// What git fetches from: a URL, an absolute path or `git@host:path`.
pub fn repository_url(text: &str) -> Result<String, String> {
    let hint = "use https, http, ssh, git or file, an absolute path, or `git@host:path`";
    if let Some((scheme, _)) = text.split_once("://") {
        return url(text, &["https", "http", "ssh", "git", "file"])
            .map_err(|error| error.unwrap_or_else(|| format!("`{scheme}://` is no way to fetch sources, {hint}")));
    }
    let scp_like = text.split_once(':').is_some_and(|(login, path)| {
        let (user, host) = login.split_once('@').unwrap_or_default();
        let plain = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.contains(['/', '@']);
        plain(user) && plain(host) && !path.is_empty()
    });
    let valid = (text.starts_with('/') || scp_like) && !has_space(text);
    valid.then(|| text.into()).ok_or_else(|| format!("`{text}` is no address of a repository, {hint}"))
}

/// A URL with one of the schemes.
pub fn url_of(text: &str, schemes: &[&str]) -> Result<String, String> {
    let spelt = || schemes.iter().map(|scheme| format!("{scheme}://")).collect::<Vec<_>>().join(", ");
    url(text, schemes).map_err(|error| {
        // The address is not repeated as a whole: it may carry what must not be printed.
        let given = text.split_once("://").map_or("it", |(scheme, _)| scheme);
        error.unwrap_or_else(|| {
            format!("`{given}` is not the beginning of an address, begin it with one of {}", spelt())
        })
    })
}

/// The inner error is none where the scheme is at fault.
fn url(text: &str, schemes: &[&str]) -> Result<String, Option<String>> {
    let (scheme, rest) = text.split_once("://").ok_or(None)?;
    if !schemes.contains(&scheme) {
        return Err(None);
    }
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.rsplit_once('@').is_some_and(|(login, _)| login.contains(':')) {
        return Err(Some("the address carries a password, which would be shown and recorded: take it out".into()));
    }
    let valid = !rest.is_empty() && !rest.starts_with('-') && !has_space(rest);
    if valid { Ok(text.into()) } else { Err(Some(format!("`{text}` is no address: nothing usable follows `://`"))) }
}

/// A path that stays inside the folder it is given from.
pub fn inner_path(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        return Err(format!("path `{text}` is absolute, it is given from the root"));
    }
    if text.split('/').any(|part| part == "..") {
        return Err(format!("path `{text}` contains `..`, it must stay inside the root"));
    }
    let valid = text.split('/').all(|part| !part.is_empty() && part != ".") && !text.contains(['\0', '\n', '\\']);
    valid.then(|| text.into()).ok_or_else(|| format!("path `{text}` is not plain: write `folder/folder`"))
}

/// `all`, or CPUs with at most three decimals: none, or thousandths of one.
pub fn cpus(text: &str) -> Result<Option<u32>, String> {
    if text == "all" {
        return Ok(None);
    }
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let millis = (digits(whole) && digits(rest) && rest.len() <= 3)
        .then(|| Some(whole.parse::<u32>().ok()?.checked_mul(1000)? + format!("{rest:0<3}").parse::<u32>().ok()?));
    let millis = millis.flatten().filter(|millis| *millis > 0);
    millis.map(Some).ok_or_else(|| format!("`{text}` is no number of CPUs: write \"all\", \"1\" or \"0.5\""))
}

/// The name of an image without registry and tag.
pub fn repository(text: &str) -> Result<String, String> {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    };
    let valid = !text.is_empty() && text.split('/').all(plain);
    valid.then(|| text.into()).ok_or_else(|| {
        format!("`{text}` is no name of an image: write lower-case letters, digits, `-`, `_`, `.` and `/`, no tag")
    })
}

/// A folder inside an image.
pub fn absolute_path(text: &str) -> Result<String, String> {
    let inner = text.strip_prefix('/').ok_or_else(|| format!("path `{text}` is not absolute: begin it with `/`"))?;
    inner_path(inner).map(|inner| format!("/{inner}"))
}

/// A name that can be part of an image's, a volume's and a folder's name.
pub fn name(text: &str) -> Result<String, String> {
    let valid = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    valid.then(|| text.into()).ok_or_else(|| format!("`{text}` is no name: use lower-case letters, digits and hyphens"))
}

/// A repository's name: spelt as a model's is.
pub fn source_name(text: &str) -> Result<String, String> {
    model::name(text).map_err(|_| {
        format!("`{text}` is no source name: use letters, digits, `.`, `_` and `-`, with a letter or digit first")
    })
}

/// A name or a version of PyPI.
pub fn package(text: &str) -> Result<String, String> {
    source_name(text).map_err(|_| {
        format!("`{text}` is no name or version of a package: use letters, digits, `.`, `_` and `-`, with a letter or digit first")
    })
}

/// 64 digits as `sha256sum` prints them.
pub fn sha256(text: &str) -> Result<String, String> {
    let valid = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    valid.then(|| text.into()).ok_or_else(|| {
        format!("`{text}` is no sha256: 64 hexadecimal digits in lower case are wanted, as `sha256sum` prints them")
    })
}

/// Name of an environment variable or a build argument.
pub fn variable(text: &str) -> Result<String, String> {
    let valid = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    valid.then(|| text.into()).ok_or_else(|| {
        format!("`{text}` is no name of an environment variable: use letters, digits and `_`, with no digit first")
    })
}

/// Name of an HTTP header.
pub fn header(text: &str) -> Result<String, String> {
    let valid = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    valid.then(|| text.into()).ok_or_else(|| format!("`{text}` is no name of an HTTP header"))
}

/// Something that is there and has no space in it: image references, release names, labels.
pub fn word(text: &str) -> Result<String, String> {
    let valid = !text.is_empty() && !text.starts_with('-') && !has_space(text);
    valid.then(|| text.into()).ok_or_else(|| format!("`{text}` must be one word that does not begin with a hyphen"))
}

fn has_space(text: &str) -> bool {
    text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_sums_of_hours_minutes_and_seconds() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("2h", 7200), ("1h30m", 5400), ("1h1s", 3601)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "5", "m", "0s", "-5m", "5 m", "5min", "30m1h", "1m1m", "1.5h", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(duration(&format!("{}h", u64::MAX)).is_err());
    }

    #[test]
    fn sizes_are_binary() {
        for (text, size) in [("1KiB", 1 << 10), ("512MiB", 512 << 20), ("2GiB", 2 << 30), ("1TiB", 1 << 40)] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for bad in ["", "2", "2G", "2GB", "2gib", "GiB", "0GiB", "-1GiB", "1.5GiB", "2 GiB", "16777216TiB"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sources_come_by_known_ways_and_without_passwords() {
        for good in [
            "https://github.com/tensorflow/serving.git",
            "http://git.example/x",
            "ssh://git@host:22/x",
            "git://host/x",
            "file:///srv/x",
            "/srv/x",
            "git@github.com:tensorflow/serving.git",
        ] {
            assert_eq!(repository_url(good).as_deref(), Ok(good));
        }
        for bad in
            ["", "ftp://x/y", "x/y", "host:x", "ext::sh -c id", "a@-oProxy:x", "https://", "/a b", "@h:p", "ssh://-oX"]
        {
            assert!(repository_url(bad).is_err(), "{bad}");
        }
        let error = repository_url("https://me:hunter2@host/x").expect_err("password");
        assert!(error.contains("password") && !error.contains("hunter2"), "{error}");
        let error = url_of("https//me:hunter2@host/x", &["https"]).expect_err("no scheme");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn versions_have_three_numbers() {
        assert_eq!(bazel_version("0.10.0"), Ok(BazelVersion(0, 10, 0)));
        for bad in ["", "7", "7.4", "7.4.1.2", "7.4.x", "+7.4.1", "7..1", "99999999999.0.0"] {
            assert!(bazel_version(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        assert!(inner_path("tensorflow/core").is_ok());
        for bad in ["", "/x", "../x", "x/../y", "x//y", "./x", "x/", "x\\y"] {
            assert!(inner_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_checked_where_they_become_something_else() {
        assert!(label("//a/b:c").is_ok() && name("tf-dev").is_ok() && variable("_A1").is_ok() && header("X-A").is_ok());
        for bad in ["a:b", "//a", "//a:", "//a:b:c", "//a b:c"] {
            assert!(label(bad).is_err(), "{bad}");
        }
        assert!(name("Tf").is_err() && name("-x").is_err() && name("").is_err());
        assert!(variable("1A").is_err() && variable("A-B").is_err() && variable("").is_err());
        assert!(header("A B").is_err() && header("").is_err());
        assert!(source_name("..").is_err() && source_name("a/b").is_err() && source_name("tf_models").is_ok());
    }
}
