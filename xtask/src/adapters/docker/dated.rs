//! An image without the builder's clock in it, so that the same layers make the same image whenever and wherever they are
//! built. The engine's store already has the layers: only a configuration of our own is loaded, which names them.

use anyhow::{Context, Result, bail};
use bollard::{Docker, body_full, models::ImageInspect, query_parameters::ImportImageOptions};
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::images;
use crate::{
    domain::label,
    ports::{ImageFacts, Labels},
};

/// What of a container's configuration belongs to an image; the rest is about the container it was built in.
const SETTINGS: [&str; 8] =
    ["Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "StopSignal", "User", "WorkingDir"];

/// The image's twin with `created` for every time and with `labels`: as an instruction of the build these would cost a
/// container. What marks it as a checkout's goes.
pub(super) async fn dated(docker: &Docker, image: &str, created: &str, labels: &Labels) -> Result<ImageFacts> {
    let found = docker.inspect_image(image).await.with_context(|| format!("look at image {image}"))?;
    let configuration = configuration(&found, created, labels)?.to_string();
    let digest = format!("{:x}", Sha256::digest(configuration.as_bytes()));
    let layers = found.root_fs.and_then(|root| root.layers).unwrap_or_default();
    let archive = archive(&digest, configuration.as_bytes(), layers.len())?;
    let mut told = docker.import_image(ImportImageOptions::default(), body_full(archive.into()), None);
    while let Some(item) = told.next().await {
        let error = item.context("load the image's configuration")?.error_detail.and_then(|error| error.message);
        if let Some(message) = error {
            bail!("load the image's configuration: {message}");
        }
    }
    let twin = images::inspect(docker, &format!("sha256:{digest}")).await?;
    twin.context("the engine loaded the image's configuration but does not know the image")
}

fn configuration(image: &ImageInspect, created: &str, labels: &Labels) -> Result<Value> {
    let all = serde_json::to_value(&image.config).context("read the image's settings")?;
    let mut settings: Map<String, Value> = SETTINGS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), all.get(*name).filter(|value| !value.is_null())?.clone())))
        .collect();
    let own: Labels =
        image.config.as_ref().and_then(|config| config.labels.clone()).unwrap_or_default().into_iter().collect();
    let own = own.into_iter().filter(|(name, _)| name != label::IMAGE_CHECKOUT);
    settings.insert("Labels".into(), json!(own.chain(labels.clone()).collect::<Labels>()));
    // The engine hands ports out as a list, and keeps them as a set.
    if let Some(ports) = settings.get("ExposedPorts").and_then(Value::as_array) {
        let set = ports.iter().filter_map(|port| Some((port.as_str()?.to_owned(), json!({}))));
        let set = Value::Object(set.collect());
        settings.insert("ExposedPorts".into(), set);
    }
    let layers = image.root_fs.as_ref().and_then(|root| root.layers.clone()).context("the image has no layers")?;
    let history: Vec<Value> = layers.iter().map(|_| json!({ "created": created, "created_by": "COPY" })).collect();
    Ok(json!({
        "architecture": image.architecture,
        "config": settings,
        "created": created,
        "history": history,
        "os": image.os,
        "rootfs": { "type": "layers", "diff_ids": layers },
    }))
}

/// What `docker save` would write, without the layers.
fn archive(digest: &str, configuration: &[u8], layers: usize) -> Result<Vec<u8>> {
    let name = format!("{digest}.json");
    let layers: Vec<String> = (0..layers).map(|layer| format!("{layer}/layer.tar")).collect();
    let manifest = json!([{ "Config": name, "RepoTags": null, "Layers": layers }]).to_string();
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in [(name.as_str(), configuration), ("manifest.json", manifest.as_bytes())] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes)?;
    }
    Ok(tar.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_build_but_what_it_made_is_in_the_configuration() {
        let inspected = json!({
            "Id": "sha256:1", "Created": "2026-11-24T18:00:00Z", "Architecture": "amd64", "Os": "linux",
            "Config": { "User": "65532:65532", "Image": "sha256:parent", "Hostname": "x", "Cmd": null,
                        "Entrypoint": ["/entrypoint.sh"], "ExposedPorts": { "8501/tcp": {} },
                        "Labels": { "own": "1", label::IMAGE_CHECKOUT: "c" } },
            "RootFS": { "Type": "layers", "Layers": ["sha256:a", "sha256:b"] },
        });
        let image: ImageInspect = serde_json::from_value(inspected).expect("an image");
        let found = configuration(&image, "2018-02-01T00:00:00Z", &[("b".to_owned(), "2".to_owned())].into())
            .expect("a configuration");
        let entry = json!({ "created": "2018-02-01T00:00:00Z", "created_by": "COPY" });
        assert_eq!(
            found,
            json!({
                "architecture": "amd64", "os": "linux", "created": "2018-02-01T00:00:00Z",
                "config": { "User": "65532:65532", "Entrypoint": ["/entrypoint.sh"], "ExposedPorts": { "8501/tcp": {} },
                            "Labels": { "b": "2", "own": "1" } },
                "history": [entry, entry],
                "rootfs": { "type": "layers", "diff_ids": ["sha256:a", "sha256:b"] },
            })
        );
    }
}
