//! Image builds: by BuildKit where the engine has one that is worth it, else by the classic builder.
//! Both get the same files and arguments, and tell of their steps in lines.

mod buildkit;
mod classic;

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context, Result};
use bollard::Docker;

use self::buildkit::BuildKit;
use super::{images, transfer};
use crate::ports::{ImageBuild, ImageFacts, Labels, Say};

/// One silent step of a Dockerfile (a large package unpacking) may take long, but not this long.
const SILENCE: Duration = Duration::from_secs(1800);
/// The engine's own error only names the step that failed; why it failed stands in what the step said last.
const LAST_LINES: usize = 8;

/// How the engine at `address`, which speaks `api`, builds.
pub(super) async fn build(
    docker: &Docker,
    (address, api): (&str, (u32, u32)),
    image: &ImageBuild,
    say: Say<'_>,
) -> Result<ImageFacts> {
    let mut context = image.context.clone();
    if let Some(dockerfile) = context.get_mut("Dockerfile") {
        dockerfile.extend_from_slice(label_line(&image.labels).as_bytes());
    }
    let (chunks, writer) = transfer::streamed(transfer::context(context, image.programs.clone()));
    let built = match BuildKit::of(address, api) {
        Some(buildkit) => buildkit.build(image, chunks, say).await,
        None => classic::build(docker, image, chunks, say).await,
    };
    // What could not be read explains more than the build that missed it.
    let sent = writer.await.context("run the archive thread")?;
    let id = match (built, sent) {
        (Ok(id), Ok(())) => id,
        (Err(error), Ok(())) => return Err(error),
        // A build that fails early stops reading.
        (Err(error), Err(_)) if !error.is::<reqwest::Error>() => return Err(error),
        (_, Err(error)) => return Err(error.context("send the build's files")),
    };
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

/// The last lines of a build's steps.
#[derive(Default)]
struct Output(VecDeque<String>);

impl Output {
    fn keep(&mut self, line: &str) {
        self.0.push_back(line.trim_end().to_owned());
        if self.0.len() > LAST_LINES {
            self.0.pop_front();
        }
    }

    fn failure(&self, message: &str) -> String {
        let last: String = self.0.iter().map(|line| format!("\n  {line}")).collect();
        if last.is_empty() { message.to_owned() } else { format!("{message}; its last lines:{last}") }
    }
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
