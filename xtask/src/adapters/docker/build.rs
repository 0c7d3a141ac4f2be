//! Image builds by the classic builder, which every engine from 20.10 on has.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context, Result, bail};
use bollard::{Docker, body_try_stream, errors::Error, query_parameters::BuildImageOptionsBuilder};
use futures_util::StreamExt;

use super::{images, transfer};
use crate::ports::{ImageBuild, ImageFacts, Labels, Say};

/// One silent step of a Dockerfile (a large package unpacking) may take long, but not this long.
const SILENCE: Duration = Duration::from_secs(1800);
/// The engine's own error only names the step that failed; why it failed stands in what the step said last.
const LAST_LINES: usize = 8;

pub(super) async fn build(docker: &Docker, image: &ImageBuild, say: Say<'_>) -> Result<ImageFacts> {
    let mut context = image.context.clone();
    if let Some(dockerfile) = context.get_mut("Dockerfile") {
        dockerfile.extend_from_slice(label_line(&image.labels).as_bytes());
    }
    let (chunks, writer) = transfer::streamed(transfer::context(context, image.programs.clone()));
    let mut options = BuildImageOptionsBuilder::default()
        .dockerfile("Dockerfile")
        .buildargs(&image.args.clone().into_iter().collect())
        .rm(true)
        .forcerm(true);
    if let Some(network) = &image.network {
        options = options.networkmode(network);
    }
    if let Some(tag) = &image.tag {
        options = options.t(tag);
    }
    let mut output = docker.build_image(options.build(), None, Some(body_try_stream(chunks)));
    let (mut last, mut id) = (VecDeque::new(), None);
    loop {
        let next = tokio::time::timeout(SILENCE, output.next());
        let Some(item) = next.await.context("the engine fell silent while building")? else { break };
        let item = match item {
            Ok(item) => item,
            Err(Error::DockerStreamError { error }) => bail!(failure(&error, &last)),
            Err(error) => return Err(error.into()),
        };
        if let Some(message) = item.error_detail.and_then(|detail| detail.message) {
            bail!(failure(&message, &last));
        }
        // The builder colours what a step says on its stderr.
        let text = item.stream.unwrap_or_default().replace("\u{1b}[91m", "").replace("\u{1b}[0m", "");
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line = line.trim_end().to_owned();
            last.push_back(line.clone());
            if last.len() > LAST_LINES {
                last.pop_front();
            }
            say(line);
        }
        if let Some(status) = item.status {
            say(status);
        }
        id = item.aux.and_then(|aux| aux.id).or(id);
    }
    writer.await.context("run the archive thread")?.context("send the build's files")?;
    let built = image.tag.clone().or(id).context("the engine ended the build without saying what it built")?;
    let facts = images::inspect(docker, &built).await?;
    facts.with_context(|| format!("the engine ended the build without an error but has no image {built}"))
}

/// All labels in one instruction: of those it is handed apart, the classic builder makes a step, a container and a layer each.
fn label_line(labels: &Labels) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"));
    let pairs = labels.iter().map(|(name, value)| format!(" {}={}", quoted(name), quoted(value)));
    if labels.is_empty() { String::new() } else { format!("\nLABEL{}\n", pairs.collect::<String>()) }
}

fn failure(message: &str, last: &VecDeque<String>) -> String {
    let last: String = last.iter().map(|line| format!("\n  {line}")).collect();
    if last.is_empty() { message.to_owned() } else { format!("{message}; its last lines:{last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_one_instruction_and_keep_their_signs() {
        let labels = [("a", r#"{"x":"y"}"#), ("b", r"c:\d $HOME")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let line = label_line(&labels.into());
        assert_eq!(line, "\nLABEL \"a\"=\"{\\\"x\\\":\\\"y\\\"}\" \"b\"=\"c:\\\\d \\$HOME\"\n");
        assert_eq!(label_line(&Labels::new()), "");
    }
}
