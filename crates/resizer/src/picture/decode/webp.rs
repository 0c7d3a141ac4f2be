//! A look at a WebP's chunks before the image crate's decoder makes room for as many bytes as they claim.

/// Whether every chunk, and every chunk inside a frame, ends where the file does or before.
pub(super) fn chunks_fit(bytes: &[u8]) -> bool {
    const RIFF_HEADER: usize = 12;
    const FRAME_HEADER: usize = 16;
    let inside_frames = |kind: &[u8], data: &[u8]| {
        kind != b"ANMF" || data.get(FRAME_HEADER..).is_some_and(|chunks| each_fits(chunks, |_, _| true))
    };
    bytes.get(RIFF_HEADER..).is_some_and(|chunks| each_fits(chunks, inside_frames))
}

/// Walks chunks: four bytes of name, four of length, data, padded to an even length. Less than a header at the end is
/// nothing, as the decoder has it.
fn each_fits(mut chunks: &[u8], also: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    while let Some((kind, rest)) = chunks.split_at_checked(4) {
        let Some((length, rest)) = rest.split_first_chunk() else { return true };
        let Ok(length) = usize::try_from(u32::from_le_bytes(*length)) else { return false };
        let Some((data, rest)) = rest.split_at_checked(length) else { return false };
        if !also(kind, data) {
            return false;
        }
        chunks = rest.get(length % 2..).unwrap_or_default();
    }
    true
}
