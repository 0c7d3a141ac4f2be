//! When another try at a registry may do better, and how long is waited for it: the policy that registries' own tools
//! have, the same for our requests and for the engine's pushes.

use std::time::Duration;

/// Pause before the second try; each later one is longer by the factor.
pub const FIRST: Duration = Duration::from_secs(1);
pub const FACTOR: f32 = 3.0;
/// Tries after the first.
pub const MORE_TRIES: usize = 3;
/// The same for a push by the engine, which is many requests of which every one has to go well, and of which the engine
/// repeats some and gives up at others.
pub const MORE_PUSHES: usize = 20;
/// The longest pause between pushes.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// However long a registry asks to be left alone.
pub const LONGEST: Duration = Duration::from_secs(60);

/// Whether a status says that the registry, not the request, is at fault.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 499 | 522)
}
