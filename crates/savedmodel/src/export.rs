//! From a checkpoint to a version folder that TF Serving serves: the only writer of SavedModels.

mod variables;

use std::{path::Path, thread};

use prost::Message;
use sha2::{Digest, Sha256};

use crate::{
    checkpoint::NamedTensors,
    error::{Error, Result},
    model::{Scores, servable},
    network::Network,
    picture::Picture,
    warm_up,
};

use variables::Variables;

/// What the caller decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    /// Whose weights the checkpoint has.
    pub network: Network,
    /// What the signatures answer.
    pub scores: Scores,
    /// Put before every label; says of synthetic weights that they mean nothing.
    pub label_prefix: String,
    /// TF Serving's model name in the warm-up requests.
    pub model_name: String,
    /// What warm-up requests ask about; empty for pictures that are made up.
    pub pictures: Vec<Picture>,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Below the version folder, with `/`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// None for the shard of variables: the index, which has one, holds a checksum of each tensor in it.
    pub sha256: Option<String>,
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Sorted by path.
    pub files: Vec<ExportedFile>,
    /// How many there are.
    pub variables: usize,
    /// Numbers in all variables together.
    pub parameters: u64,
}

/// Writes a network with the weights of `tensors` into the existing, empty folder `to`: of Inception-v3 with the averaged
/// variables of a training checkpoint, of EfficientNet-Lite0 with its published weights, whose dimensions are put into
/// TensorFlow's order. `progress` is told the bytes of variables written and to write.
///
/// # Errors
/// A checkpoint that is not one of this network (every difference is listed at once), one that is damaged, a picture that
/// is neither JPEG nor PNG, and whatever the operating system refuses. What was written until then is the caller's to
/// remove.
pub fn export(
    tensors: &mut dyn NamedTensors,
    options: &ExportOptions,
    to: &Path,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Exported> {
    check_pictures(&options.pictures)?;
    let servable = servable(options.network, &options.label_prefix, options.scores);
    let variables = Variables::new(options.network, &servable.variables);
    let differences = variables.differences(tensors.specs());
    if !differences.is_empty() {
        return Err(Error::Variables { file: tensors.origin().to_owned(), differences });
    }
    let folder = to.join("variables");
    fs_err::create_dir_all(&folder).map_err(Error::io(&folder))?;
    let prefix = folder.join("variables");
    // Reading and writing leave a processor time enough for the rest.
    let (written_all, rest) = thread::scope(|scope| {
        let rest =
            scope.spawn(|| [(warm_up::FILE, requests(options)), ("saved_model.pb", servable.model.encode_to_vec())]);
        let written_all = variables.write(tensors, &prefix, progress);
        (written_all, rest.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    written_all?;

    let mut files = vec![written(to, "variables/variables.data-00000-of-00001")?];
    let index = fs_err::read(prefix.with_extension("index")).map_err(Error::io(&prefix))?;
    files.push(ExportedFile { sha256: Some(sha256(&index)), ..written(to, "variables/variables.index")? });
    for (path, bytes) in rest {
        files.push(write(to, path, &bytes)?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let parameters = servable.variables.values().filter_map(|spec| spec.shape.elements()).sum();
    Ok(Exported { files, variables: servable.variables.len(), parameters })
}

fn check_pictures(pictures: &[Picture]) -> Result<()> {
    if let Some(odd) = pictures.iter().find(|picture| !picture.is_jpeg_or_png()) {
        return Err(Error::file(Path::new(&odd.name), "is neither JPEG nor PNG, so the model cannot decode it"));
    }
    // Two more go through the other signatures.
    if pictures.len() + 2 > warm_up::MOST_RECORDS {
        let what = format!("too many warm-up pictures: TF Serving replays {} requests", warm_up::MOST_RECORDS);
        return Err(Error::file(Path::new(warm_up::FILE), what));
    }
    Ok(())
}

fn requests(options: &ExportOptions) -> Vec<u8> {
    let requests = |pictures: &[Picture]| warm_up::requests(options.network, &options.model_name, pictures);
    match options.pictures.as_slice() {
        [] => requests(&Picture::generated()),
        given => requests(given),
    }
}

fn write(to: &Path, path: &str, bytes: &[u8]) -> Result<ExportedFile> {
    let file = to.join(path);
    let folder = file.parent().unwrap_or(to);
    fs_err::create_dir_all(folder).map_err(Error::io(folder))?;
    fs_err::write(&file, bytes).map_err(Error::io(&file))?;
    Ok(ExportedFile { path: path.to_owned(), bytes: bytes.len() as u64, sha256: Some(sha256(bytes)) })
}

fn written(to: &Path, path: &str) -> Result<ExportedFile> {
    let file = to.join(path);
    let bytes = fs_err::metadata(&file).map_err(Error::io(&file))?.len();
    Ok(ExportedFile { path: path.to_owned(), bytes, sha256: None })
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
