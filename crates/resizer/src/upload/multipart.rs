//! Files out of a multipart body, and what is wrong with it in words.

use std::error::Error;

use axum::{
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};
use bytes::{Bytes, BytesMut};

use super::{
    Upload,
    paced::{CutOff, cut_off},
};
use crate::problem::Problem;

const MISSING: &str = "The request holds no file; send the picture as multipart/form-data in the field `file`.";

/// The first file of the field `file`; what follows is read as well, because clients send all before they listen.
///
/// # Errors
/// 400 without such a file, 408 and 413 for bodies that were cut off or a file above `most` bytes.
pub async fn first(request: Request, most: usize) -> Result<Upload, Problem> {
    let mut files = all(request, most).await?;
    if files.is_empty() { Err(Problem::bad_request(MISSING)) } else { Ok(files.swap_remove(0)) }
}

/// All files of the field `file`, in their order.
///
/// # Errors
/// As [`first`].
pub async fn all(request: Request, most: usize) -> Result<Vec<Upload>, Problem> {
    let mut multipart = Multipart::from_request(request, &()).await.map_err(|_| Problem::bad_request(MISSING))?;
    let mut files = Vec::new();
    while let Some(field) = multipart.next_field().await.map_err(|error| problem(&error, most))? {
        if field.name() != Some("file") {
            // Reads it to its end, and keeps nothing.
            skip(field, most).await?;
            continue;
        }
        let (name, said) = (field.file_name().map(String::from), field.content_type().map(String::from));
        let bytes = read(field, most).await?;
        // Browsers send an empty part where nothing was chosen.
        if name.as_deref().unwrap_or_default().is_empty() && bytes.is_empty() {
            continue;
        }
        files.push(Upload::new(&name.unwrap_or_default(), said.as_deref(), bytes));
    }
    if files.is_empty() { Err(Problem::bad_request(MISSING)) } else { Ok(files) }
}

async fn read(mut field: Field<'_>, most: usize) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| problem(&error, most))? {
        if bytes.len() + chunk.len() > most {
            drop(bytes);
            skip(field, most).await?;
            return Err(too_large(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

async fn skip(mut field: Field<'_>, most: usize) -> Result<(), Problem> {
    while field.chunk().await.map_err(|error| problem(&error, most))?.is_some() {}
    Ok(())
}

fn problem(error: &MultipartError, most: usize) -> Problem {
    let error: &(dyn Error + 'static) = error;
    match cut_off(error) {
        Some(CutOff::TooLarge) => too_large(most),
        Some(CutOff::Slow) => {
            let what = "The upload came too slowly and was cut off; try again over a better connection.";
            Problem::new(StatusCode::REQUEST_TIMEOUT, what)
        }
        None => Problem::bad_request("The multipart body is damaged or ends too early; send it again."),
    }
}

fn too_large(most: usize) -> Problem {
    let what = format!("The file has more than {most} bytes; send a smaller one.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, what)
}
