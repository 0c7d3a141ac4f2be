//! When another try at a registry or a cluster may do better, and how long is waited for it: the policy that registries'
//! own tools have.

use std::time::Duration;

/// Pause before the second try; each later one is longer by the factor.
pub const FIRST: Duration = Duration::from_secs(1);
pub const FACTOR: f32 = 3.0;
/// Tries after the first.
pub const MORE_TRIES: usize = 3;
/// However long a server asks to be left alone.
pub const LONGEST: Duration = Duration::from_secs(60);

/// Whether a status says that the server, not the request, is at fault.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 499 | 522)
}
