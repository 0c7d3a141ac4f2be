//! Colours of servers, the same in every plot and table. The hues are Okabe and Ito's, darkened to 3:1 on white, as in the web
//! app; the page's script adds dashes and markers, and has the same list.

const HUES: [&str; 6] = ["#0072b2", "#c04a00", "#00785a", "#a8478a", "#8a6d00", "#2f4b7c"];

/// The colour of the server at this place of the experiment.
pub const fn hue(server: usize) -> &'static str {
    HUES[server % HUES.len()]
}
