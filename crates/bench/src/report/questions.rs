//! The questions: a card each with the verdict, and a section each with what the verdict stands on.

use super::{
    figure::figure,
    html,
    html::Html,
    interval,
    interval::{Dot, Scale},
    numbers, state,
};
use crate::{
    error::Error,
    experiment::Experiment,
    verdict::{Answered, Finding},
};

/// Findings that stand open in the page; what is beyond is folded.
const MOST_FINDINGS: usize = 12;

/// All verdicts at a glance.
pub fn cards(answered: &[Answered]) -> Html {
    let cards: String = answered.iter().map(card).collect();
    Html::markup(format!("<ol class=\"verdicts\">{cards}</ol>"))
}

fn card(answer: &Answered) -> String {
    let id = Html::text(&answer.id);
    let (short, rest) = answer.in_short();
    let more = if !rest.is_empty() {
        format!(" <a href=\"#{id}\">All of it<span class=\"unseen\">: {}</span></a>", Html::text(&answer.question))
    } else {
        String::new()
    };
    format!(
        "<li class=\"card verdict {class}\"><h3><a href=\"#{id}\">{question}</a></h3>{badge}<p>{verdict}{more}</p></li>\n",
        class = state::class(answer.state),
        question = Html::text(&answer.question),
        badge = state::badge(&answer.id, answer.state),
        verdict = Html::text(short),
    )
}

/// A question with all that belongs to it.
///
/// # Errors
/// Those of [`figure`].
pub fn section(answer: &Answered, experiment: &Experiment) -> Result<Html, Error> {
    let id = Html::text(&answer.id);
    let figures = answer.plots.iter().map(|plot| figure(plot, &experiment.servers)).collect::<Result<Html, Error>>()?;
    let figures = match figures.is_empty() {
        true => Html::default(),
        false => Html::markup(format!("<div class=\"figures\">{figures}</div>")),
    };
    let (lead, rest) = answer.in_short();
    let rest = if rest.is_empty() { String::new() } else { format!("<p class=\"rest\">{}</p>", Html::text(rest)) };
    Ok(Html::markup(format!(
        "<section id=\"{id}\" class=\"question\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{question}</h2>\
         <p class=\"lead\">{badge} {lead}</p>{rest}{figures}{findings}{cautions}</section>\n",
        question = Html::text(&answer.question),
        badge = state::badge(&answer.id, answer.state),
        lead = Html::text(lead),
        findings = findings(answer, experiment.margin),
        cautions = html::cautions(&answer.cautions),
    )))
}

fn findings(answer: &Answered, margin: f64) -> Html {
    if answer.findings.is_empty() {
        return Html::default();
    }
    let (first, rest) = answer.findings.split_at(answer.findings.len().min(MOST_FINDINGS));
    let table = |findings: &[Finding]| {
        let caption = format!("Findings: {}", answer.question);
        let rows: Vec<Vec<Html>> = findings.iter().map(|finding| row(finding, findings, margin)).collect();
        html::table(&caption, &["Finding", "Value", "95 % interval", "Drawn", "Verdict"], &rows)
    };
    let more = match rest {
        [] => Html::default(),
        rest => html::folded(&numbers::of(rest.len() as u64, "more finding"), &table(rest)),
    };
    let key = match answer.findings.iter().any(|finding| finding.unit == "ratio") {
        true => format!(
            "<p class=\"note\">Dashed: no difference. Grey: within {} %, too little to matter.</p>",
            numbers::setting(margin * 100.0)
        ),
        false => String::new(),
    };
    Html::markup(format!("<div class=\"card findings\"><h3>Findings</h3>{}{key}{more}</div>", table(first)))
}

fn row(finding: &Finding, all: &[Finding], margin: f64) -> Vec<Html> {
    let value = numbers::value(finding.value, &finding.unit);
    let interval = numbers::interval(finding.value, finding.low, finding.high, &finding.unit);
    // Findings of one unit share a scale within their table.
    let dots: Vec<Dot> = all.iter().filter(|other| other.unit == finding.unit).map(dot).collect();
    let scale = match finding.unit.as_str() {
        "ratio" => Scale::ratios(&dots, margin),
        _ => Scale::values(&dots),
    };
    let drawing = interval::draw(&[dot(finding)], scale, &format!("{value}, {interval}"));
    vec![
        Html::text(&finding.words),
        Html::text(value),
        Html::text(interval),
        drawing,
        state::badge(&finding.key, finding.state),
    ]
}

const fn dot(finding: &Finding) -> Dot {
    Dot { value: finding.value, low: finding.low, high: finding.high }
}
