//! The engine's words about the layers of a push, read one after another, over all its tries.

use std::collections::BTreeMap;

use crate::ports::{Moving, PushedLayers};

#[derive(Default)]
pub(super) struct Layers {
    layers: BTreeMap<String, Layer>,
}

#[derive(Default)]
struct Layer {
    bytes: u64,
    end: Option<End>,
    /// The engine counts its pauses down; only their beginning is news.
    pauses: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Moved,
    There,
}

impl Layers {
    /// What is to be told of one answer.
    pub fn hear(&mut self, id: Option<String>, status: &str, done: Option<i64>, total: Option<i64>) -> Option<Moving> {
        // Without an ID it is about the whole.
        let id = id?;
        let layer = self.layers.entry(id.clone()).or_default();
        let bytes = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0);
        if status.starts_with("Retrying in") {
            let is_news = !std::mem::replace(&mut layer.pauses, true);
            return is_news.then(|| Moving::Trouble(format!("layer {id}: {}", lower(status))));
        }
        layer.pauses = false;
        match status {
            "Pushing" => {
                layer.bytes = bytes(done).unwrap_or(layer.bytes);
                // Sizes are estimates: an end that is not one must not be told as one.
                let total = bytes(total).map(|total| total.max(layer.bytes + 1));
                Some(Moving::Layer { id, done: layer.bytes, total })
            }
            "Pushed" => {
                layer.end = Some(End::Moved);
                Some(Moving::Layer { id, done: layer.bytes, total: Some(layer.bytes) })
            }
            _ if status == "Layer already exists" || status.starts_with("Mounted from") => {
                // What an earlier try has brought is no less moved.
                layer.end.get_or_insert(End::There);
                None
            }
            _ => None,
        }
    }

    /// How many have moved so far.
    pub fn moved(&self) -> usize {
        self.layers.values().filter(|layer| layer.end == Some(End::Moved)).count()
    }

    pub fn pushed(&self) -> PushedLayers {
        let ended = |end| {
            let layers = self.layers.iter().filter(move |(_, layer)| layer.end == Some(end));
            layers.map(|(id, _)| id.clone()).collect()
        };
        PushedLayers { all: Vec::new(), moved: ended(End::Moved), there: ended(End::There) }
    }
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_move_and_end_and_what_was_there_is_known() {
        let mut layers = Layers::default();
        let mut hear = |id: &str, status: &str, done: i64, total: i64| {
            layers.hear((!id.is_empty()).then(|| id.to_owned()), status, Some(done), Some(total))
        };
        let layer = |done, total| Some(Moving::Layer { id: "a".into(), done, total });
        assert_eq!(hear("", "The push refers to repository [x]", 0, 0), None);
        assert_eq!(hear("a", "Preparing", 0, 0), None);
        assert_eq!(hear("a", "Pushing", 10, 30), layer(10, Some(30)));
        assert_eq!(hear("a", "Pushing", 35, 30), layer(35, Some(36)));
        assert!(
            matches!(hear("a", "Retrying in 5 seconds", 0, 0), Some(Moving::Trouble(text)) if text == "layer a: retrying in 5 seconds")
        );
        assert_eq!(hear("a", "Retrying in 4 seconds", 0, 0), None);
        assert_eq!(hear("a", "Pushing", 36, 0), layer(36, None));
        assert_eq!(hear("a", "Pushed", 0, 0), layer(36, Some(36)));
        assert_eq!(hear("a", "Layer already exists", 0, 0), None, "in a second try");
        assert_eq!(hear("b", "Layer already exists", 0, 0), None);
        assert_eq!(hear("c", "Mounted from demo/x", 0, 0), None);
        assert_eq!(hear("", "tag: digest: sha256:0 size: 1", 0, 0), None);
        assert_eq!(layers.moved(), 1);
        let pushed = layers.pushed();
        assert_eq!((pushed.moved, pushed.there), (vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]));
    }
}
