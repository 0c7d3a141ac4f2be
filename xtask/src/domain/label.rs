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
