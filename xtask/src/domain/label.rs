//! Labels that mark what is ours on an engine; sweeping and cleaning go by them alone.

/// Which checkout made it: two checkouts on one engine never touch each other's things.
pub const CHECKOUT: &str = "tf-serving-xtask.checkout";
/// Which invocation made it.
pub const RUN: &str = "tf-serving-xtask.run";
/// What it is for: `build`, `sources`, `disk-cache`, `tf-dev`, ...
pub const ROLE: &str = "tf-serving-xtask.role";
/// Which checkout made an image. A key of its own: containers inherit their image's labels, and a container that
/// somebody else starts from our image is not ours to sweep.
pub const IMAGE_CHECKOUT: &str = "tf-serving-xtask.image-checkout";
/// Hash of everything that went into an image.
pub const RECIPE: &str = "tf-serving-xtask.recipe";
/// Date of the packages in a bootstrapped base, `YYYYMMDD`.
pub const PACKAGE_DATE: &str = "tf-serving-xtask.package-date";
/// Which checkout's `up` it belongs to. A key of its own: what serves outlives the run that started it.
pub const UP: &str = "tf-serving-xtask.up";
/// Hash of what a serving container was started with.
pub const SPECIFICATION: &str = "tf-serving-xtask.specification";

/// Of a serving image: its servers, best first.
pub const VARIANTS: &str = "tf-serving-xtask.variants";
/// JSON of source names and commits.
pub const SOURCES: &str = "tf-serving-xtask.sources";
/// Bazel's flags, by server.
pub const FLAGS: &str = "tf-serving-xtask.flags";
/// Without these a CPU can run none of its servers; a comma between them, a dash for none.
pub const CPU_FEATURES: &str = "tf-serving-xtask.cpu-features";
pub const BINARY_SHA256: &str = "tf-serving-xtask.binary-sha256";
/// Keys of the servers' receipts.
pub const BINARY_RECEIPT: &str = "tf-serving-xtask.binary-receipt";
/// The build image.
pub const TF_DEV: &str = "tf-serving-xtask.tf-dev";
/// Key of the image's own receipt.
pub const RECEIPT: &str = "tf-serving-xtask.receipt";
