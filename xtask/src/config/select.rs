//! From names on the command line to what the configuration holds under them.
//! Names that it does not hold are all told at once, with what was probably meant.

use std::{collections::BTreeMap, fmt};

use crate::domain::{
    model::Model,
    profile::Profile,
    serving_image::{ImageName, app::AppSettings, plan::Choice},
    up::{APP, ServerSettings},
    variant::Variant,
};

use super::{Config, suggest::did_you_mean};

impl Config {
    pub fn profile(&self, name: &str) -> Result<&Profile, UnknownNames> {
        self.profiles.get(name).ok_or_else(|| UnknownNames {
            what: "profile",
            names: vec![name.into()],
            known: self.profiles.keys().cloned().collect(),
        })
    }

    /// The model of that name, or the profile's own; only these can be exported.
    pub fn model<'a>(profile: &'a Profile, name: Option<&str>) -> Result<&'a Model, UnknownNames> {
        let Some(name) = name else { return Ok(&profile.model) };
        profile.models.get(name).ok_or_else(|| UnknownNames {
            what: "model",
            names: vec![name.into()],
            known: profile.models.keys().cloned().collect(),
        })
    }

    /// The same for what is served: a name that is not configured is of a model that was brought.
    pub fn served(profile: &Profile, name: Option<&str>) -> Model {
        let brought = |_| Model::brought(name.unwrap_or_default());
        Self::model(profile, name).cloned().unwrap_or_else(brought)
    }

    /// The named images, or all where none is named: one a variant, then those of several, then the web app's.
    pub fn select_images(&self, names: &[String]) -> Result<Vec<Choice<'_>>, UnknownNames> {
        let single = self.select(&[])?.into_iter();
        let single = single.map(|variant| Choice { name: (&variant.name).into(), variants: vec![variant] });
        let combined = self.images.combined.iter().map(|(name, variants)| Choice {
            name: name.clone(),
            variants: variants.iter().filter_map(|name| self.variants.get(name)).collect(),
        });
        let app = self.app.iter().map(|_| Choice { name: ImageName::app(), variants: Vec::new() });
        let mut all: Vec<Choice<'_>> = single.chain(combined).chain(app).collect();
        let known: Vec<String> = all.iter().map(|choice| choice.name.to_string()).collect();
        let unknown: Vec<String> = names.iter().filter(|name| !known.contains(*name)).cloned().collect();
        if !unknown.is_empty() {
            return Err(UnknownNames { what: "image", names: unknown, known });
        }
        all.retain(|choice| names.is_empty() || names.contains(&choice.name.to_string()));
        Ok(all)
    }

    /// The named servers, or all where none is named but the web app.
    pub fn select_servers(&self, names: &[String]) -> Result<Vec<&ServerSettings>, UnknownNames> {
        let app = self.app.iter().map(|_| APP.to_owned());
        let known: Vec<String> = self.servers.iter().map(|server| server.name.clone()).chain(app).collect();
        let unknown: Vec<String> = names.iter().filter(|name| !known.contains(*name)).cloned().collect();
        if !unknown.is_empty() {
            return Err(UnknownNames { what: "server", names: unknown, known });
        }
        // The web app compares servers: named alone it needs all of them.
        let all = names.iter().all(|name| name == APP);
        Ok(self.servers.iter().filter(|server| all || names.contains(&server.name)).collect())
    }

    /// The web app, where it is among the names or none is named.
    pub fn select_app(&self, names: &[String]) -> Option<&AppSettings> {
        self.app.as_ref().filter(|_| names.is_empty() || names.iter().any(|name| name == APP))
    }

    /// The named variants, or all where none is named; always in the order in which they are built.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Variant>, UnknownNames> {
        let all: BTreeMap<String, &Variant> =
            self.variants.values().map(|variant| (variant.name.to_string(), variant)).collect();
        let mut ordered: Vec<&Variant> = all.values().copied().collect();
        ordered.sort_by_key(|variant| order(variant));
        let unknown: Vec<String> = names.iter().filter(|name| !all.contains_key(*name)).cloned().collect();
        if !unknown.is_empty() {
            let known = ordered.iter().map(|variant| variant.name.to_string()).collect();
            return Err(UnknownNames { what: "variant", names: unknown, known });
        }
        ordered.retain(|variant| names.is_empty() || names.contains(&variant.name.to_string()));
        Ok(ordered)
    }
}

/// The CPU before the GPU, the standard build before the optimized one, then whatever people added.
fn order(variant: &Variant) -> (crate::domain::variant::Device, usize, String) {
    let rank = ["standard", "optimized"].iter().position(|known| *known == variant.name.optimization()).unwrap_or(2);
    (variant.device, rank, variant.name.to_string())
}

/// Names that the configuration does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownNames {
    pub what: &'static str,
    pub names: Vec<String>,
    pub known: Vec<String>,
}

impl fmt::Display for UnknownNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        for name in &self.names {
            match did_you_mean(name, &known) {
                Some(help) => write!(f, "unknown {} `{name}`, {help} ", self.what)?,
                None => write!(f, "unknown {} `{name}`; ", self.what)?,
            }
        }
        write!(f, "known: {}", self.known.join(", "))
    }
}

impl std::error::Error for UnknownNames {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one profile and the named variants.
    fn config(variants: &str) -> Config {
        let tables: String =
            variants.split(' ').map(|name| format!("[variants.{name}]\ndevice = \"{}\"\n", &name[..3])).collect();
        let profile = "[profiles.sample]\nabout = \"a\"\nlabel = \"//a:b\"\ntree = \"x\"\n\
                       bazel = { version = \"1.2.3\" }\ntf-dev = {}\ndevices = {}\n";
        let text = format!("schema = 1\ndefault-profile = \"sample\"\n{tables}{profile}");
        Config::parse(&text, "c").unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn check(select: &str, expected: &str) {
        let config = config("cpu-optimized gpu-optimized cpu-avx512 gpu-standard cpu-standard cpu-mkl");
        let names: Vec<String> = select.split_whitespace().map(String::from).collect();
        let told = match config.select(&names) {
            Ok(variants) => variants.iter().map(|variant| variant.name.to_string()).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(told, expected);
    }

    const KNOWN: &str = "known: cpu-standard, cpu-optimized, cpu-avx512, cpu-mkl, gpu-standard, gpu-optimized";

    #[test]
    fn variants_come_in_one_order_however_they_are_named() {
        check("", "cpu-standard cpu-optimized cpu-avx512 cpu-mkl gpu-standard gpu-optimized");
        check("gpu-standard cpu-mkl cpu-optimized cpu-mkl", "cpu-optimized cpu-mkl gpu-standard");
    }

    #[test]
    fn all_unknown_names_are_told_at_once() {
        check("cpu-optimised", &format!("unknown variant `cpu-optimised`, did you mean `cpu-optimized`? {KNOWN}"));
        check(
            "cpu-optimised cpu-standard riscv ../x gpu_standard",
            &format!(
                "unknown variant `cpu-optimised`, did you mean `cpu-optimized`? unknown variant `riscv`; \
                 unknown variant `../x`; unknown variant `gpu_standard`, did you mean `gpu-standard`? {KNOWN}"
            ),
        );
    }

    #[test]
    fn an_unknown_profile_is_told_with_the_nearest() {
        let config = config("cpu-standard");
        assert_eq!(config.profile("sample").expect("known").name, "sample");
        let error = config.profile("sampel").expect_err("unknown").to_string();
        assert_eq!(error, "unknown profile `sampel`, did you mean `sample`? known: sample");
    }
}
