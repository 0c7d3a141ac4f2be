//! What the engine hands out of its images, known by its sha256 and not by its name: the tars of old engines and of new
//! ones differ in names alone. Layers are kept as files, unpacked where the engine keeps them packed.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::domain::{oci::Manifest, reference::Digest};

/// Configurations have kilobytes; a layer never begins as a document does.
const LARGEST_DOCUMENT: u64 = 16 << 20;
const BUFFER: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(super) struct Saved {
    documents: BTreeMap<Digest, Vec<u8>>,
    layers: BTreeMap<Digest, PathBuf>,
}

/// One image: the bytes of its configuration, and each layer, the lowest first, by the digest of its tar.
#[derive(Debug)]
pub(super) struct SavedImage<'a> {
    pub config: &'a [u8],
    pub layers: Vec<(Digest, &'a Path)>,
}

/// What is read of a configuration.
#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<Digest>,
}

/// Sorts what the engine sends; layers go to `folder`.
pub(super) fn sort(tar: &mut dyn Read, folder: &Path) -> Result<Saved> {
    fs_err::create_dir_all(folder)?;
    let mut saved = Saved::default();
    let mut archive = tar::Archive::new(tar);
    for (number, entry) in archive.entries()?.enumerate() {
        let mut entry = entry.context("read the engine's archive")?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let size = entry.size();
        let mut first = Vec::new();
        (&mut entry).take(2).read_to_end(&mut first)?;
        let is_document = matches!(first.first(), Some(b'{' | b'['));
        let is_packed = first == [0x1f, 0x8b];
        let content = io::Cursor::new(first).chain(entry);
        if is_document && size <= LARGEST_DOCUMENT {
            let mut bytes = Vec::new();
            { content }.read_to_end(&mut bytes)?;
            saved.documents.insert(Digest::of(&bytes), bytes);
            continue;
        }
        let file = folder.join(format!("{number}.tar"));
        let digest = if is_packed { keep(MultiGzDecoder::new(content), &file) } else { keep(content, &file) };
        saved.layers.insert(digest?, file);
    }
    Ok(saved)
}

fn keep(mut content: impl Read, to: &Path) -> Result<Digest> {
    let mut file = fs_err::File::create(to)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = content.read(&mut buffer).context("read the engine's archive")?;
        if read == 0 {
            return Ok(Digest::of_hash(hash));
        }
        hash.update(&buffer[..read]);
        file.write_all(&buffer[..read])?;
    }
}

impl Saved {
    /// An image by the engine's ID for it.
    pub fn image(&self, id: &str) -> Result<SavedImage<'_>> {
        let config = self.config(&id.parse()?)?;
        let read: Config = serde_json::from_slice(config).with_context(|| format!("read the configuration of {id}"))?;
        let layer = |digest: Digest| {
            let file = self.layers.get(&digest).map(PathBuf::as_path);
            let file = file.with_context(|| format!("the engine handed out no layer {digest} of image {id}"))?;
            Ok((digest, file))
        };
        let layers = read.rootfs.diff_ids.into_iter().map(layer);
        Ok(SavedImage { config, layers: layers.collect::<Result<_>>()? })
    }

    /// Engines call an image by its configuration; those with containerd's store by a manifest, or an index of some.
    fn config(&self, id: &Digest) -> Result<&[u8]> {
        let Some(document) = self.documents.get(id) else { bail!("the engine handed out nothing of image {id}") };
        let manifest = Manifest { media_type: String::new(), bytes: document.clone() };
        if let Some(config) = manifest.config() {
            return self.config(&config);
        }
        let entries = manifest.entries();
        let here = entries.iter().find(|entry| self.documents.contains_key(&entry.digest));
        here.map_or(Ok(document), |entry| self.config(&entry.digest))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).expect("to memory");
        writer.finish().expect("to memory")
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, *bytes).expect("to memory");
        }
        builder.into_inner().expect("to memory")
    }

    fn config(layers: &[&[u8]]) -> Vec<u8> {
        let digests: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
        json!({ "rootfs": { "diff_ids": digests } }).to_string().into_bytes()
    }

    #[test]
    fn an_image_is_found_whatever_its_files_are_called() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(&[b"low", b"high"]);
        let tar = archive(&[("x/layer.tar", b"high"), ("c.json", &config), ("x/VERSION", b"1.0"), ("y", b"low")]);
        let saved = sort(&mut &tar[..], folder.path()).expect("sorted");
        let image = saved.image(Digest::of(&config).as_str()).expect("an image");
        assert_eq!(image.config, config);
        let contents: Vec<_> = image.layers.iter().map(|(_, file)| fs_err::read(file).expect("kept")).collect();
        assert_eq!(contents, [b"low".to_vec(), b"high".to_vec()]);
        assert!(saved.image(Digest::of(b"other").as_str()).is_err());
    }

    #[test]
    fn an_image_that_is_called_by_its_index_has_its_layers_unpacked() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(&[b"low"]);
        let blob = |bytes: &[u8]| json!({ "mediaType": "x", "digest": Digest::of(bytes), "size": bytes.len() });
        let manifest = json!({ "config": blob(&config), "layers": [blob(&packed(b"low"))] }).to_string();
        let index = json!({ "manifests": [blob(b"an attestation"), blob(manifest.as_bytes())] }).to_string();
        let files = [("1", &packed(b"low")[..]), ("2", &config), ("3", manifest.as_bytes()), ("4", index.as_bytes())];
        let saved = sort(&mut &archive(&files)[..], folder.path()).expect("sorted");
        for id in [index.as_bytes(), manifest.as_bytes(), &config] {
            let image = saved.image(Digest::of(id).as_str()).expect("an image");
            assert_eq!((image.config, image.layers.len()), (&config[..], 1));
            assert_eq!(fs_err::read(image.layers[0].1).expect("kept"), b"low");
        }
    }

    #[test]
    fn a_cut_archive_and_a_missing_layer_are_errors() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(&[b"low", b"high"]);
        let tar = archive(&[("low", b"low"), ("config", &config)]);
        assert!(sort(&mut &tar[..700], folder.path()).is_err());
        let saved = sort(&mut &tar[..], folder.path()).expect("sorted");
        let error = saved.image(Digest::of(&config).as_str()).expect_err("a layer is missing").to_string();
        assert!(error.contains(&format!("no layer {}", Digest::of(b"high"))), "{error}");
    }
}
