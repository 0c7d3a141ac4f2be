//! States in words and shapes, so that no reader needs to tell colours apart.

use super::html::Html;
use crate::verdict::State;

/// The one word, or two, that a reader takes away.
pub const fn word(state: State) -> &'static str {
    match state {
        State::Effect => "Effect",
        State::None => "No effect",
        State::Open => "Open",
        State::NotMeasured => "Not measured",
        State::Told => "For the record",
    }
}

/// The word with its sign, coloured by the style sheet. `key` is a question's name, or begins with it: load has limits, not effects.
pub fn badge(key: &str, state: State) -> Html {
    let words = match state {
        State::Effect if key.starts_with("load") => "Limit found",
        State::None if key.starts_with("load") => "Limit not met",
        state => word(state),
    };
    badge_saying(state, words)
}

/// The sign and colour of a state with other words: what a comparison calls it.
pub fn badge_saying(state: State, words: &str) -> Html {
    let sign = match state {
        State::Effect => "◆",
        State::None => "=",
        State::Open => "?",
        State::NotMeasured => "–",
        State::Told => "·",
    };
    Html::markup(format!(
        "<span class=\"state {}\"><span aria-hidden=\"true\">{sign}</span> {}</span>",
        class(state),
        Html::text(words)
    ))
}

/// Its name in the style sheet.
pub const fn class(state: State) -> &'static str {
    match state {
        State::Effect => "effect",
        State::None => "none",
        State::Open => "open",
        State::NotMeasured => "unmeasured",
        State::Told => "told",
    }
}
