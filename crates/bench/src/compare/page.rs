//! The comparison as one small HTML file, with its drawings inline: it needs no script.

use super::{
    Compared,
    change::{self, Change, Measured},
    conditions::Difference,
};
use crate::{
    report::{
        html::{self, Html},
        interval::{self, Dot, Scale},
        numbers, shell, state,
    },
    verdict::State,
};

/// The text of `compare.html`.
pub fn page(compared: &Compared, verdicts: &[(String, String)], cautions: &[String]) -> String {
    let cards: String = verdicts.iter().map(card).collect();
    let body = Html::markup(format!(
        "<header><div class=\"inner\"><p class=\"kind\">Bench of model servers</p><h1>What changed</h1>\
         <p class=\"what\">Before: {}, begun {}</p><p class=\"what\">After: {}, begun {}</p></div></header>\n\
         <main id=\"main\"><section aria-labelledby=\"verdicts-title\"><h2 id=\"verdicts-title\">Verdicts</h2><ol class=\"verdicts\">{cards}</ol></section>\
         {cautions}\
         <section class=\"question\"><h2>Findings in both</h2><div class=\"card findings\">{changes}</div></section>\
         <section class=\"plain\"><h2>Conditions that differ</h2>{differences}</section>\
         <section class=\"plain\"><h2>Findings in one report alone</h2>{before}{after}</section>\
         <section class=\"plain\"><h2>How it was judged</h2>{method}</section></main>",
        Html::text(&compared.before.path),
        Html::text(numbers::moment(&compared.before.begun)),
        Html::text(&compared.after.path),
        Html::text(numbers::moment(&compared.after.begun)),
        cautions = html::cautions(cautions),
        changes = changes(&compared.changes, compared.margin),
        differences = differences(&compared.differences),
        before = only("before", &compared.only_before),
        after = only("after", &compared.only_after),
        method = method(compared.margin),
    ));
    shell::page("What changed", &body, &Html::default())
}

fn card((question, answer): &(String, String)) -> String {
    format!("<li class=\"card verdict\"><h3>{}</h3><p>{}</p></li>", Html::text(question), Html::text(answer))
}

fn changes(changes: &[Change], margin: f64) -> Html {
    if changes.is_empty() {
        return Html::markup("<p>None.</p>");
    }
    let (same, rest): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| change.state == State::None);
    let table = |some: &[&Change]| {
        let rows: Vec<Vec<Html>> = some.iter().map(|change| row(change, changes, margin)).collect();
        let headers = ["Finding", "Before", "After", "Drawn", "Change", "95 % interval", "Verdict"];
        html::table("Findings in both reports", &headers, &rows)
    };
    let open = if rest.is_empty() { Html::markup("<p>No finding changed, or may have.</p>") } else { table(&rest) };
    let folded = match same.is_empty() {
        true => Html::default(),
        false => html::folded(&format!("{} unchanged", numbers::of(same.len() as u64, "finding")), &table(&same)),
    };
    let key = Html::markup(
        "<p class=\"note\">Drawn: before as a square, after as a circle below it, each with its 95 % interval.</p>",
    );
    Html::from_iter([open, key, folded])
}

fn row(change: &Change, all: &[Change], margin: f64) -> Vec<Html> {
    let dot = |one: Measured| Dot { value: one.value, low: one.low, high: one.high };
    let dots = [dot(change.before), dot(change.after)];
    // Ratios share a scale; other values are of many sizes, and each row has its own.
    let scale = match change.unit.as_str() {
        "ratio" => {
            let ratios = all.iter().filter(|other| other.unit == "ratio");
            let all: Vec<Dot> = ratios.flat_map(|other| [dot(other.before), dot(other.after)]).collect();
            Scale::ratios(&all, margin)
        }
        _ => Scale::values(&dots),
    };
    let (before, after) =
        (numbers::value(change.before.value, &change.unit), numbers::value(change.after.value, &change.unit));
    let drawing = interval::draw(&dots, scale, &format!("before {before}, after {after}"));
    let words = Html::markup(format!("{}<br><code>{}</code>", Html::text(&change.words), Html::text(&change.key)));
    vec![
        words,
        Html::text(before),
        Html::text(after),
        drawing,
        Html::text(change.shown()),
        Html::text(change.interval()),
        state::badge_saying(change.state, change::word(change.state)),
    ]
}

fn differences(differences: &[Difference]) -> Html {
    if differences.is_empty() {
        return Html::markup("<p>None that is known.</p>");
    }
    let told = |value: &str| Html::text(if value.is_empty() { "not known" } else { value });
    let row = |one: &Difference| {
        let weight = if one.unfair { "makes it unfair" } else { "may be what is compared" };
        vec![Html::text(&one.what), told(&one.before), told(&one.after), Html::text(weight)]
    };
    let rows: Vec<Vec<Html>> = differences.iter().map(row).collect();
    html::table("Conditions that differ", &["Condition", "Before", "After", "What it does"], &rows)
}

fn only(which: &str, keys: &[String]) -> Html {
    if keys.is_empty() {
        return Html::markup(format!("<p>Only {which}: none.</p>"));
    }
    let items: String = keys.iter().map(|key| format!("<li><code>{}</code></li>", Html::text(key))).collect();
    html::folded(&format!("Only {which}: {}", keys.len()), &Html::markup(format!("<ul>{items}</ul>")))
}

fn method(margin: f64) -> Html {
    Html::markup(format!(
        "<p>Each interval gives a standard error; positive numbers are held against each other as ratios, shares as differences in points. \
         A finding changed where the difference is beyond the margin of {} % at a level of 5 %, after Holm's correction over all findings in both \
         reports. It is unchanged where the 90 % interval of the difference lies within the margin. Anything else may be noise: more repetitions \
         may tell. Two runs on the same pictures differ by less than their intervals say, so that this errs on the side of noise.</p>",
        numbers::setting(margin * 100.0)
    ))
}
