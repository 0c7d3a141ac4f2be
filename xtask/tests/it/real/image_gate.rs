//! The gate of serving images: what does not serve as it should gets no name, no receipt and no place in a registry.

use super::{harness::is_real, served::Served};
use crate::checkout::Ran;

const ENTRYPOINT: &str = "docker/entrypoint.sh";

/// Answers every question alike, as nobody asked.
const WRONG: &str = r#"#!/bin/sh
if [ "${1:-}" = answer ]; then
    printf 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 29\r\n\r\n{"predictions":[2.5,3.0,4.6]}'
    exit 0
fi
exec /bin/busybox nc -ll -p 8501 -e /entrypoint.sh answer
"#;

#[test]
fn an_image_that_does_not_serve_gets_no_name() {
    if !is_real() {
        return;
    }
    let served = Served::apart();
    served.build_images(&["cpu-standard"]).succeeded();
    let (good, receipt) = (served.id_of("cpu-standard"), served.image_receipt("cpu-standard"));
    assert!(good.is_some());
    let entrypoint = served.read(ENTRYPOINT);

    // It ends at once, and the other image of the run does not care.
    let ends = "case $(cat /etc/tf-serving/servers) in *cpu.optimized*) ;; *) echo no wish to serve; exit 3 ;; esac";
    served.write(ENTRYPOINT, &entrypoint.replace("set -eu\n", &format!("set -eu\n{ends}\n")));
    let ran = served.build_images(&["cpu-standard", "cpu-optimized"]);
    refused(
        &served,
        &ran,
        &["image sha256:", "of cpu-standard does not pass its gate", "exit code 3", "no wish to serve"],
    );
    assert_eq!(ran.stdout, format!("{}\n", served.reference("cpu-optimized")));
    assert!(served.id_of("cpu-optimized").is_some() && served.has("bin/images/cpu-optimized.receipt.json"));
    assert_eq!(
        (served.id_of("cpu-standard"), served.image_receipt("cpu-standard")),
        (good, receipt),
        "the good one stays"
    );

    served.write(ENTRYPOINT, WRONG);
    let ran = served.build_images(&["auto"]);
    refused(&served, &ran, &["asked for x / 2 + 2 of [1.0, 2.0, 5.0] it answered 200 ", "[2.5,3.0,4.6]"]);
    has_no_name(&served, "auto");

    // What a shell ignores, its children ignore.
    served.write(ENTRYPOINT, &entrypoint.replace("set -eu\n", "set -eu\ntrap '' TERM\n"));
    served.edit(ENTRYPOINT, "trap hand_on TERM INT", ": nobody hands signals on");
    let ran = served.build_images(&["auto"]);
    refused(&served, &ran, &["asked to end, it ended with exit code 137 after 1"]);
    has_no_name(&served, "auto");
}

fn refused(served: &Served, ran: &Ran, texts: &[&str]) {
    ran.failed_saying(1, texts);
    assert!(ran.stderr.contains("got no name and cannot be pushed"), "{}", ran.stderr);
    assert!(served.engine.containers(&served.id).is_empty(), "the gate leaves its container");
}

fn has_no_name(served: &Served, image: &str) {
    assert_eq!(served.id_of(image), None);
    assert!(!served.has(&format!("bin/images/{image}.receipt.json")));
}
