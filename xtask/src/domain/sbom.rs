//! The bill of materials of a pushed image, in SPDX 2.3: its packages, its servers, TensorFlow and the sources.
//! Nothing of it comes from a clock or from chance: the same image has the same bill, byte for byte.

use serde_json::{Value, json};

use crate::domain::{
    push::{BinaryMaterial, Materials, Package, PackageKind},
    reference::{Digest, Repository},
};

pub const MEDIA_TYPE: &str = "application/spdx+json";
/// SPDX's word for what nobody looked into.
const NOT_LOOKED_INTO: &str = "NOASSERTION";
const TOOL: &str = concat!("Tool: tf-serving-xtask-", env!("CARGO_PKG_VERSION"));

/// The document about one image. Tags are not in it: they move, and the image stays what it is.
pub fn spdx(name: &str, repository: &Repository, digest: &Digest, materials: &Materials) -> Value {
    let image = image(name, repository, digest);
    let mut parts = Parts { packages: vec![image], relationships: vec![relation("DOCUMENT", "DESCRIBES", "Image")] };
    let sources: Vec<String> = materials.sources.iter().map(|(name, id)| parts.add(source(name, id))).collect();
    for binary in &materials.binaries {
        let id = parts.add(server(binary));
        parts.relationships.push(relation("Image", "CONTAINS", &id));
        parts.relationships.extend(sources.iter().map(|source| relation(&id, "GENERATED_FROM", source)));
    }
    let mut packages = materials.packages.clone();
    packages.sort();
    let tensorflow = materials.tensorflow.as_deref().map(tensorflow);
    for package in packages.iter().map(installed).chain(tensorflow) {
        let id = parts.add(package);
        parts.relationships.push(relation("Image", "CONTAINS", &id));
    }
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": repository.at(digest),
        "documentNamespace": format!("https://spdx.org/spdxdocs/{name}-{}", digest.hex()),
        "creationInfo": { "created": materials.created, "creators": [TOOL] },
        "packages": parts.packages,
        "relationships": parts.relationships,
    })
}

struct Parts {
    packages: Vec<Value>,
    relationships: Vec<Value>,
}

impl Parts {
    /// Names have characters that IDs may not have, so that an ID is a number.
    fn add(&mut self, mut package: Value) -> String {
        let id = format!("Package-{}", self.packages.len());
        package["SPDXID"] = format!("SPDXRef-{id}").into();
        self.packages.push(package);
        id
    }
}

fn relation(from: &str, kind: &str, to: &str) -> Value {
    json!({
        "spdxElementId": format!("SPDXRef-{from}"),
        "relationshipType": kind,
        "relatedSpdxElement": format!("SPDXRef-{to}"),
    })
}

fn image(name: &str, repository: &Repository, digest: &Digest) -> Value {
    let last = repository.path().rsplit('/').next().unwrap_or_default();
    let locator = format!("pkg:oci/{last}@{}?repository_url={repository}", escaped(digest.as_str()));
    let package = package(name, digest.as_str(), "CONTAINER");
    let package = with(package, "SPDXID", "SPDXRef-Image".into());
    with(with(package, "checksums", sha256(digest.hex())), "externalRefs", purl(&locator))
}

fn server(binary: &BinaryMaterial) -> Value {
    let name = format!("tensorflow_model_server {}", binary.variant);
    with(package(&name, &binary.sha256, "APPLICATION"), "checksums", sha256(&binary.sha256))
}

fn source(name: &str, id: &str) -> Value {
    package(name, id, "SOURCE")
}

fn tensorflow(version: &str) -> Value {
    package("tensorflow", version, "LIBRARY")
}

fn installed(from: &Package) -> Value {
    let kind = match from.kind {
        PackageKind::Debian => "deb/debian",
        PackageKind::Ubuntu => "deb/ubuntu",
        PackageKind::Python => "pypi",
        PackageKind::Rust => "cargo",
    };
    let locator = format!("pkg:{kind}/{}@{}", escaped(&from.name), escaped(&from.version));
    with(package(&from.name, &from.version, "LIBRARY"), "externalRefs", purl(&locator))
}

fn package(name: &str, version: &str, purpose: &str) -> Value {
    json!({
        "name": name,
        "versionInfo": version,
        "primaryPackagePurpose": purpose,
        "downloadLocation": NOT_LOOKED_INTO,
        "filesAnalyzed": false,
        "licenseConcluded": NOT_LOOKED_INTO,
        "licenseDeclared": NOT_LOOKED_INTO,
        "copyrightText": NOT_LOOKED_INTO,
    })
}

fn with(mut package: Value, key: &str, value: Value) -> Value {
    package[key] = value;
    package
}

fn sha256(hex: &str) -> Value {
    json!([{ "algorithm": "SHA256", "checksumValue": hex }])
}

fn purl(locator: &str) -> Value {
    json!([{ "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator }])
}

/// Percent-encoded as package URLs want it.
fn escaped(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::domain::push::fixture;

    #[test]
    fn it_names_packages_servers_and_sources() {
        let bill = spdx("auto", &fixture::reference("auto").repository, &Digest::of(b"image"), &fixture::materials());
        let line = |package: &Value| {
            let locator = package["externalRefs"][0]["referenceLocator"].as_str().unwrap_or_default();
            let [id, name, version] = ["SPDXID", "name", "versionInfo"].map(|key| package[key].as_str().expect("text"));
            format!("{id}: {name} {} {locator}", &version[..version.len().min(14)])
        };
        let relation = |relation: &Value| {
            let keys = ["spdxElementId", "relationshipType", "relatedSpdxElement"];
            keys.map(|key| relation[key].as_str().expect("text")).join(" ")
        };
        let packages = bill["packages"].as_array().expect("a list").iter().map(line);
        let relations = bill["relationships"].as_array().expect("a list").iter().map(relation);
        expect![[r#"
            SPDXRef-Image: auto sha256:6105d6c pkg:oci/tf-serving@sha256%3A6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d?repository_url=127.0.0.1:5000/demo/tf-serving
            SPDXRef-Package-1: serving bbbbbbbbbbbbbb 
            SPDXRef-Package-2: tree 55555555555555 
            SPDXRef-Package-3: tensorflow_model_server cpu-standard 33333333333333 
            SPDXRef-Package-4: tensorflow_model_server cpu-optimized 44444444444444 
            SPDXRef-Package-5: libstdc++6 12.2.0-14+deb1 pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1
            SPDXRef-Package-6: libc6 1:2.35 pkg:deb/ubuntu/libc6@1%3A2.35
            SPDXRef-Package-7: tensorflow-cpu 2.20.0 pkg:pypi/tensorflow-cpu@2.20.0
            SPDXRef-Package-8: tensorflow 2.20.0 
            SPDXRef-DOCUMENT DESCRIBES SPDXRef-Image
            SPDXRef-Image CONTAINS SPDXRef-Package-3
            SPDXRef-Package-3 GENERATED_FROM SPDXRef-Package-1
            SPDXRef-Package-3 GENERATED_FROM SPDXRef-Package-2
            SPDXRef-Image CONTAINS SPDXRef-Package-4
            SPDXRef-Package-4 GENERATED_FROM SPDXRef-Package-1
            SPDXRef-Package-4 GENERATED_FROM SPDXRef-Package-2
            SPDXRef-Image CONTAINS SPDXRef-Package-5
            SPDXRef-Image CONTAINS SPDXRef-Package-6
            SPDXRef-Image CONTAINS SPDXRef-Package-7
            SPDXRef-Image CONTAINS SPDXRef-Package-8"#]].assert_eq(&packages.chain(relations).collect::<Vec<_>>().join("\n"));
        assert_eq!(bill["creationInfo"]["created"], "2025-01-01T00:00:00Z");
    }

    #[test]
    fn the_order_of_packages_does_not_matter() {
        let mut materials = fixture::materials();
        let bill =
            |materials: &_| spdx("auto", &fixture::reference("auto").repository, &Digest::of(b"image"), materials);
        let before = bill(&materials);
        materials.packages.reverse();
        assert_eq!(bill(&materials), before);
    }
}
