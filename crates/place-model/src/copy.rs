//! Files, read once: copied and summed on the way.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::{said, sums::Sums};

const BUFFER: usize = 1 << 20;

/// Copies the version's files out of the image whose root this is into `partial`, which becomes the version's folder.
pub(crate) fn all(sums: &Sums, from: &Path, partial: &Path) -> Result<(), String> {
    let _ = fs::remove_dir_all(partial);
    let source = sums.source(from);
    for (sum, below) in &sums.files {
        let to = partial.join(below);
        let folder = to.parent().unwrap_or(partial);
        fs::create_dir_all(folder).map_err(|error| said("make", folder, &error))?;
        let mut file = File::create(&to).map_err(|error| said("write", &to, &error))?;
        checked(&source.join(below), sum, &mut file)?;
        file.sync_all().map_err(|error| said("write", &to, &error))?;
    }
    Ok(())
}

/// Reads a file into `to` and holds it against its sum.
pub(crate) fn checked(path: &Path, sum: &str, to: &mut impl Write) -> Result<(), String> {
    let mut file = File::open(path).map_err(|error| said("read", path, &error))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; BUFFER]);
    loop {
        let read = file.read(&mut buffer).map_err(|error| said("read", path, &error))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read]).map_err(|error| said("copy", path, &error))?;
    }
    let found = format!("{:x}", hash.finalize());
    if found == sum {
        Ok(())
    } else {
        Err(format!("{} is damaged: its sum is {found} instead of {sum}", path.display()))
    }
}
