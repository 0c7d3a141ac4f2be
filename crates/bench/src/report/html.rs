//! Pieces of HTML that cannot be mistaken for text: whatever comes from outside becomes one by being escaped.

use std::fmt;

/// Markup that is ready to stand in a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Markup that this program wrote itself, around pieces that are `Html` already.
    pub fn markup(markup: impl Into<String>) -> Self {
        Self(markup.into())
    }

    /// Text of whatever origin, for an element or a quoted attribute.
    pub fn text(text: impl AsRef<str>) -> Self {
        let mut escaped = String::with_capacity(text.as_ref().len());
        for letter in text.as_ref().chars() {
            match letter {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                other => escaped.push(other),
            }
        }
        Self(escaped)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Html {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl FromIterator<Self> for Html {
    fn from_iter<I: IntoIterator<Item = Self>>(pieces: I) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }
}

/// A table: `caption` for those who hear it, `headers` over `rows`, each of which begins with what it is about.
pub fn table(caption: &str, headers: &[&str], rows: &[Vec<Html>]) -> Html {
    let head: String = headers.iter().map(|text| format!("<th scope=\"col\">{}</th>", Html::text(text))).collect();
    let body: String = rows.iter().map(|row| format!("<tr>{}</tr>\n", cells(row))).collect();
    let caption = Html::text(caption);
    Html::markup(format!(
        "<div class=\"scrolling\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\"><table><caption class=\"unseen\">{caption}</caption>\
         <thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    ))
}

fn cells(row: &[Html]) -> String {
    let cell = |(at, cell): (usize, &Html)| match at {
        0 => format!("<th scope=\"row\">{cell}</th>"),
        _ => format!("<td>{cell}</td>"),
    };
    row.iter().enumerate().map(cell).collect()
}

/// What most readers pass over, behind a line that says what it is.
pub fn folded(summary: &str, body: &Html) -> Html {
    Html::markup(format!("<details><summary>{}</summary>{body}</details>", Html::text(summary)))
}

/// A list of sentences under a heading in bold; nothing for none.
pub fn cautions(sentences: &[String]) -> Html {
    if sentences.is_empty() {
        return Html::default();
    }
    let items: String = sentences.iter().map(|sentence| format!("<li>{}</li>", Html::text(sentence))).collect();
    Html::markup(format!("<div class=\"cautions\"><h3>Before you believe it</h3><ul>{items}</ul></div>"))
}

#[cfg(test)]
mod tests {
    use super::{Html, table};

    #[test]
    fn text_cannot_leave_its_element_or_attribute() {
        assert_eq!(
            Html::text("<a b=\"c\" d='e'>&amp;").to_string(),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;"
        );
    }

    #[test]
    fn tables_say_what_their_headers_are_of() {
        let page = table("Times", &["Server", "ms"], &[vec![Html::text("a&b"), Html::text("1")]]).to_string();
        assert!(
            page.contains("<th scope=\"col\">ms</th>") && page.contains("<th scope=\"row\">a&amp;b</th><td>1</td>"),
            "{page}"
        );
    }
}
