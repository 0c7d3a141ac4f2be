//! The paths that a Rust file names, from its text alone: imports spread out, and paths written in full.
//! It knows as much of the grammar as these files use; macros and generics are passed over.

/// Every path of at least two parts outside comments, strings and `#[cfg(test)]` items, and every imported one.
pub fn paths(text: &str) -> Vec<String> {
    let code = without_tests(&without_text(text));
    let tokens = tokens(&code);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at] == "use" {
            at = spread(&tokens, at + 1, "", &mut found);
        } else if is_name(&tokens[at]) {
            let mut path = tokens[at].clone();
            while tokens.get(at + 1).is_some_and(|t| t == "::") && tokens.get(at + 2).is_some_and(|t| is_name(t)) {
                path = format!("{path}::{}", tokens[at + 2]);
                at += 2;
            }
            if path.contains("::") {
                found.push(path);
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one branch of an import; returns where it ended.
fn spread(tokens: &[String], mut at: usize, prefix: &str, found: &mut Vec<String>) -> usize {
    let mut path = prefix.to_owned();
    while at < tokens.len() {
        match tokens[at].as_str() {
            "{" => {
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    at = spread(tokens, at, &path, found);
                    at += usize::from(tokens.get(at).is_some_and(|t| t == ","));
                }
                return at + 1;
            }
            "as" => at += 2,
            "::" => at += 1,
            name if is_name(name) || name == "*" => {
                path = if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") };
                at += 1;
                if tokens.get(at).is_none_or(|t| t != "::") {
                    found.push(path.clone());
                }
            }
            _ => return at,
        }
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_alphanumeric() || c == '_' {
            let mut name = c.to_string();
            while let Some(next) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                name.push(next);
            }
            tokens.push(name);
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            tokens.push("::".into());
        } else if !c.is_whitespace() {
            tokens.push(c.into());
        }
    }
    tokens
}

/// Blanks comments, strings and characters.
fn without_text(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::new(), 0);
    let is = |at: usize, c: char| chars.get(at) == Some(&c);
    while at < chars.len() {
        if is(at, '/') && is(at + 1, '/') {
            at = (at..chars.len()).find(|at| is(*at, '\n')).unwrap_or(chars.len());
        } else if is(at, 'r') && (is(at + 1, '"') || is(at + 1, '#') && (is(at + 2, '"') || is(at + 2, '#'))) {
            let hashes = (at + 1..chars.len()).take_while(|at| is(*at, '#')).count();
            let ends = |at: &usize| is(*at, '"') && (1..=hashes).all(|n| is(*at + n, '#'));
            at = (at + hashes + 2..chars.len()).find(ends).map_or(chars.len(), |at| at + hashes + 1);
        } else if is(at, '"') {
            at += 1;
            while at < chars.len() && !is(at, '"') {
                at += 1 + usize::from(is(at, '\\'));
            }
            at += 1;
        } else if is(at, '\'') && is(at + 1, '\\') {
            at = (at + 3..chars.len()).find(|at| is(*at, '\'')).map_or(chars.len(), |at| at + 1);
        } else if is(at, '\'') && is(at + 2, '\'') {
            at += 3;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Takes out each item below a `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let Some((before, rest)) = code.split_once("#[cfg(test)]") else { return code.to_owned() };
    let mut depth = 0;
    let end = rest.char_indices().find_map(|(at, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        (depth == 0 && (c == '}' || c == ';')).then_some(at + 1)
    });
    format!("{before}{}", without_tests(&rest[end.unwrap_or(rest.len())..]))
}
