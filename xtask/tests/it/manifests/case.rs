//! What is rendered in tests: each overlay alone, and each component on an overlay that has something for it.

use serde_json::Value;

use crate::checkout::{Checkout, workspace};

/// One rendering.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub overlay: &'static str,
    pub component: Option<&'static str>,
    /// Rows of best practice that it cannot keep, and must not be said to.
    pub except: &'static [&'static str],
    /// First minor version of Kubernetes 1 that knows all its fields.
    pub since: u32,
}

const fn overlay(overlay: &'static str, since: u32) -> Case {
    Case { overlay, component: None, except: &[], since }
}

const fn on(overlay: &'static str, component: &'static str, since: u32, except: &'static [&'static str]) -> Case {
    Case { overlay, component: Some(component), except, since }
}

/// Image volumes are in the schemas from 1.31 on; `preStop.sleep` from 1.29.
pub const CASES: [Case; 15] = [
    overlay("1cpu", 31),
    overlay("8cpu", 31),
    overlay("gpu", 31),
    overlay("auto", 31),
    overlay("resizer", 29),
    overlay("all", 31),
    overlay("kserve", 29),
    on("all", "model-init-container", 29, &[]),
    on("all", "model-pvc", 29, &[]),
    // Pod security forbids host paths, and only root may write to those of a node.
    on("all", "model-hostpath", 29, &["gpu", "model", "security"]),
    on("all", "batching", 31, &[]),
    on("all", "monitoring", 31, &[]),
    on("auto", "hpa", 31, &[]),
    on("auto", "headless", 31, &[]),
    // The sample's servers have no gRPC.
    on("all", "rest", 31, &["probes"]),
];

impl Case {
    /// `all+model-pvc`
    pub fn name(&self) -> String {
        self.component.map_or_else(|| self.overlay.into(), |component| format!("{}+{component}", self.overlay))
    }

    pub fn arguments(&self) -> Vec<&'static str> {
        let component = self.component.map(|component| ["--component", component]);
        ["manifests", "--overlay", self.overlay].into_iter().chain(component.into_iter().flatten()).collect()
    }

    pub fn text(&self, checkout: &Checkout) -> String {
        let ran = checkout.run(&self.arguments());
        ran.succeeded();
        ran.stdout
    }

    pub fn objects(&self, checkout: &Checkout) -> Vec<Value> {
        documents(&self.text(checkout))
    }
}

pub fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).expect("YAML")
}

/// Every image pushed as the profile `current` would have it, to a registry that nobody asks.
pub fn lock() -> String {
    let images = [
        ("cpu-standard", r#""sse4_2", "avx""#),
        ("cpu-optimized", r#""sse4_1", "sse4_2", "avx", "fma", "avx2""#),
        ("gpu-standard", r#""sse4_2", "avx""#),
        ("gpu-optimized", r#""sse4_1", "sse4_2", "avx", "fma", "avx2""#),
        ("auto", r#""sse4_2", "avx""#),
        ("resizer", ""),
    ];
    let digest = |digit: usize| format!("sha256:{}", digit.to_string().repeat(64));
    let mut text = "schema = 1\n".to_owned();
    for (index, (name, features)) in images.iter().enumerate() {
        text += &format!(
            "[images.{name}]\nreference = \"registry.example/ml/tf-serving:{name}@{}\"\nalso-tagged = []\nsbom = \"{}\"\n\
             provenance = \"{}\"\nreceipt-key = \"k\"\ncpu-features = [{features}]\npushed = \"2026-11-24T18:20:53Z\"\n",
            digest(index + 1),
            digest(8),
            digest(9)
        );
    }
    text + &format!(
        "[models.inception.1]\nreference = \"registry.example/ml/model-inception:1@{}\"\npushed = \"2026-11-26T00:00:00Z\"\n",
        digest(7)
    )
}

/// A checkout with this workspace's manifests and all images pushed.
pub fn checkout() -> Checkout {
    let checkout = Checkout::bare();
    let mut folders = vec![workspace().join("manifests")];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).expect("list").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(workspace()).expect("below").display().to_string();
                checkout.write(&name, &fs_err::read_to_string(&path).expect("read"));
            }
        }
    }
    checkout.write("manifests/images.lock", &lock());
    checkout
}

/// The article's four manifests in its own form: what our checks must not let pass.
pub const ARTICLE: [(&str, &str); 4] = [
    ("tf-serving-1cpu", include_str!("article/tf-serving-1cpu.yaml")),
    ("tf-serving-8cpu", include_str!("article/tf-serving-8cpu.yaml")),
    ("tf-serving-gpu", include_str!("article/tf-serving-gpu.yaml")),
    ("tf-image-resizer", include_str!("article/tf-image-resizer.yaml")),
];
