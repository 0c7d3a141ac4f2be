//! What an upload's query asks for, parsed and bounded.

use std::{fmt::Display, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    picture::{Format, Recipe},
    problem::Problem,
};

/// The query as it comes; without any of it the answer is the original's.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Formats of the derivatives, of `jpeg`, `png`, `webp` (lossless). Default: `jpeg`.
    #[param(example = "jpeg,png")]
    pub formats: Option<String>,
    /// JPEG qualities, 1 to 100; the first has the bare keys. Default: `75`.
    #[param(example = "75,90")]
    pub quality: Option<String>,
    /// Sides of the boxes that derivatives fit in, in pixels. Default: `2048,1024,512,256,128`.
    #[param(example = "1024,256")]
    pub sizes: Option<String>,
    /// Calls of each server for each derivative, 1 to 50. Default: 1.
    pub repeat: Option<String>,
    /// `concurrent` (all servers at once) or `isolated` (one after another, and no other upload meanwhile). Default: `concurrent`.
    pub mode: Option<String>,
    /// The true class, for `correct`.
    #[param(example = "tabby")]
    pub label: Option<String>,
    /// `true`: every size from the full decode, without shortcuts, for studies of agreement.
    pub exact: Option<String>,
}

/// How servers are called.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All servers at once.
    #[default]
    Concurrent,
    /// One server after another, and no other upload meanwhile.
    Isolated,
}

/// What is asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ask {
    /// The derivatives.
    pub recipe: Recipe,
    /// Calls for each cell.
    pub repeat: u32,
    /// How servers are called.
    pub mode: Mode,
    /// The true class.
    pub label: Option<String>,
}

const MOST_REPEATS: u32 = 50;
const MOST_DERIVATIVES: usize = 100;
const LONGEST_SIDE: u32 = 16_384;

impl Query {
    /// What it asks for.
    ///
    /// # Errors
    /// 400 with every mistake there is.
    pub fn ask(&self) -> Result<Ask, Problem> {
        let mut mistakes = Vec::new();
        let defaults = Recipe::default();
        let recipe = Recipe {
            sizes: list(&mut mistakes, "sizes", self.sizes.as_deref(), defaults.sizes, |side| {
                whole(side, 1, LONGEST_SIDE)
            }),
            formats: list(&mut mistakes, "formats", self.formats.as_deref(), defaults.formats, |name| {
                Format::from_str(name).map_err(|_| "is none of jpeg, png, webp".to_owned())
            }),
            qualities: list(&mut mistakes, "quality", self.quality.as_deref(), defaults.qualities, |quality| {
                whole(quality, 1, 100)
            }),
            exact: one(&mut mistakes, "exact", self.exact.as_deref(), false, |text| match text {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err("is neither true nor false".to_owned()),
            }),
        };
        let repeat = one(&mut mistakes, "repeat", self.repeat.as_deref(), 1, |text| whole(text, 1, MOST_REPEATS));
        let mode = one(&mut mistakes, "mode", self.mode.as_deref(), Mode::Concurrent, |text| match text {
            "concurrent" => Ok(Mode::Concurrent),
            "isolated" => Ok(Mode::Isolated),
            _ => Err("is neither concurrent nor isolated".to_owned()),
        });
        let encodings =
            recipe.formats.iter().map(|format| if *format == Format::Jpeg { recipe.qualities.len() } else { 1 });
        let derivatives = recipe.sizes.len() * encodings.sum::<usize>();
        if derivatives > MOST_DERIVATIVES {
            mistakes.push(format!("{derivatives} derivatives are asked for, and at most {MOST_DERIVATIVES} are made"));
        }
        if !mistakes.is_empty() {
            return Err(Problem::bad_request(mistakes.join("; ") + "."));
        }
        let label = self.label.as_deref().map(str::trim).filter(|label| !label.is_empty()).map(String::from);
        Ok(Ask { recipe, repeat, mode, label })
    }
}

/// One value, or the default where it is missing or empty.
fn one<T>(
    mistakes: &mut Vec<String>,
    name: &str,
    text: Option<&str>,
    default: T,
    read: impl Fn(&str) -> Result<T, String>,
) -> T {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return default };
    read(text).unwrap_or_else(|what| {
        mistakes.push(format!("{name}: `{}` {what}", shortened(text)));
        default
    })
}

/// Values separated by commas, none twice.
fn list<T: PartialEq>(
    mistakes: &mut Vec<String>,
    name: &str,
    text: Option<&str>,
    default: Vec<T>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return default };
    let mut values = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()).take(MOST_DERIVATIVES + 1) {
        match read(part) {
            Ok(value) if values.contains(&value) => mistakes.push(format!("{name}: `{part}` is given twice")),
            Ok(value) => values.push(value),
            Err(what) => mistakes.push(format!("{name}: `{}` {what}", shortened(part))),
        }
    }
    values
}

fn whole<T: FromStr + PartialOrd + Display>(text: &str, least: T, most: T) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number >= least && *number <= most);
    number.ok_or_else(|| format!("is no whole number from {least} to {most}"))
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asked_is_what_the_original_did() {
        let ask = Query::default().ask().expect("fine");
        assert_eq!(ask, Ask { repeat: 1, ..Ask::default() });
        assert_eq!(ask.recipe, Recipe::default());
    }

    #[test]
    fn everything_can_be_asked() {
        let given = |text: &str| Some(text.to_owned());
        let query = Query {
            formats: given("JPEG, png,webp"),
            quality: given("90,75"),
            sizes: given("512,64,"),
            repeat: given("50"),
            mode: given("isolated"),
            label: given(" tabby "),
            exact: given("true"),
        };
        let ask = query.ask().expect("fine");
        assert_eq!(ask.recipe.formats, [Format::Jpeg, Format::Png, Format::WebP]);
        assert_eq!((ask.recipe.qualities, ask.recipe.sizes, ask.recipe.exact), (vec![90, 75], vec![512, 64], true));
        assert_eq!((ask.repeat, ask.mode, ask.label.as_deref()), (50, Mode::Isolated, Some("tabby")));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let given = |text: &str| Some(text.to_owned());
        let query = Query {
            formats: given("jpeg,gif,jpeg"),
            quality: given("0,101"),
            sizes: given("0,-1,99999999999"),
            repeat: given("51"),
            mode: given("both"),
            label: None,
            exact: given("yes"),
        };
        let problem = query.ask().expect_err("wrong");
        assert_eq!(problem.status, 400);
        assert_eq!(problem.detail.matches(';').count(), 9, "{}", problem.detail);
        assert!(problem.detail.contains("repeat: `51` is no whole number from 1 to 50"), "{}", problem.detail);
    }

    #[test]
    fn too_many_derivatives_are_refused() {
        let sizes: Vec<String> = (1..=60).map(|side| side.to_string()).collect();
        let query = Query { sizes: Some(sizes.join(",")), quality: Some("10,20".into()), ..Query::default() };
        assert!(query.ask().expect_err("too many").detail.starts_with("120 derivatives"));
    }
}
