//! From a training checkpoint to a version folder that TF Serving serves: the only writer of SavedModels.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
};

use prost::Message;
use sha2::{Digest, Sha256};

use crate::{
    checkpoint::{BundleWriter, NamedTensors},
    error::{Differences, Error, Misshapen, Result},
    labels,
    model::{Scores, servable},
    picture::Picture,
    synthetic::AVERAGED,
    tensor::TensorSpec,
    warm_up,
};

/// What the caller decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
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

/// Writes Inception-v3 with the averaged variables of `tensors` into the existing, empty folder `to`. `progress` is told
/// the bytes of variables written and to write.
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
    let servable = servable(&labels::imagenet(&options.label_prefix), options.scores);
    let differences = compare(&servable.variables, tensors.specs());
    if !differences.is_empty() {
        return Err(Error::Variables { file: tensors.origin().to_owned(), differences });
    }
    let folder = to.join("variables");
    fs_err::create_dir_all(&folder).map_err(Error::io(&folder))?;
    let prefix = folder.join("variables");
    // Reading and writing leave a processor time enough for the rest.
    let (variables, rest) = thread::scope(|scope| {
        let rest =
            scope.spawn(|| [(warm_up::FILE, requests(options)), ("saved_model.pb", servable.model.encode_to_vec())]);
        let variables = write_variables(tensors, &servable.variables, &prefix, progress);
        (variables, rest.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    variables?;

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
    match options.pictures.as_slice() {
        [] => warm_up::requests(&options.model_name, &Picture::generated()),
        given => warm_up::requests(&options.model_name, given),
    }
}

/// Names a checkpoint has beside its model's variables are none of ours; averaged ones that nobody wants are suspect.
fn compare(wanted: &BTreeMap<String, TensorSpec>, found: &BTreeMap<String, TensorSpec>) -> Differences {
    let mut differences = Differences::default();
    for (name, wanted) in wanted {
        let name = format!("{name}{AVERAGED}");
        match found.get(&name) {
            None => differences.missing.push(name),
            Some(found) if found != wanted => {
                differences.misshapen.push(Misshapen { name, wanted: wanted.to_string(), found: found.to_string() });
            }
            Some(_) => {}
        }
    }
    let averaged = found.keys().filter_map(|name| Some((name, name.strip_suffix(AVERAGED)?)));
    differences.extra =
        averaged.filter(|(_, plain)| !wanted.contains_key(*plain)).map(|(name, _)| name.clone()).collect();
    differences
}

fn write_variables(
    tensors: &mut dyn NamedTensors,
    variables: &BTreeMap<String, TensorSpec>,
    prefix: &Path,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<()> {
    let total = variables.values().filter_map(TensorSpec::bytes).sum();
    let names: Vec<String> = variables.keys().map(|name| format!("{name}{AVERAGED}")).collect();
    let wanted: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let writer = BundleWriter::create(prefix, variables)?;
    progress(0, total);
    let progress = Mutex::new((0, progress));
    tensors.read(&wanted, &|name, bytes| {
        writer.write(name.strip_suffix(AVERAGED).unwrap_or(name), bytes)?;
        // A progress that panicked on another thread is about to end this one as well.
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += bytes.len() as u64;
        let done = progress.0;
        (progress.1)(done, total);
        Ok(())
    })?;
    writer.finish()
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
