//! Command lines out of a document: what people would type, word by word. It knows as much of a shell as documents use.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use super::markdown::Fence;

/// The script of a fence: all of it, or what stands behind the prompts of a console.
pub fn script(fence: &Fence) -> Option<Vec<(usize, String)>> {
    let typed = match fence.language.as_str() {
        "sh" | "bash" => |line: &str, _: bool| Some(line.to_owned()),
        "console" => |line: &str, goes_on: bool| {
            line.strip_prefix("$ ").map(String::from).or_else(|| goes_on.then(|| line.to_owned()))
        },
        _ => return None,
    };
    let (mut found, mut goes_on) = (Vec::<(usize, String)>::new(), false);
    for (at, line) in fence.text.lines().enumerate() {
        let Some(line) = typed(line, goes_on) else { continue };
        let ends = line.trim_end().strip_suffix('\\');
        let text = ends.unwrap_or(&line);
        match found.last_mut().filter(|_| goes_on) {
            Some((_, whole)) => *whole += text,
            None => found.push((fence.line + at, text.to_owned())),
        }
        goes_on = ends.is_some();
    }
    Some(found)
}

/// The simple commands of a line as words, without comments and redirections.
pub fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut found, mut words) = (Vec::new(), Vec::new());
    let mut redirected = false;
    for token in tokens(line) {
        match token {
            Token::Ends => found.push(std::mem::take(&mut words)),
            Token::Redirects => redirected = true,
            Token::Word(_) if std::mem::take(&mut redirected) => {}
            Token::Word(word) => words.push(word),
        }
    }
    found.push(words);
    found.retain(|words| !words.is_empty());
    found
}

enum Token {
    Word(String),
    /// Another command follows.
    Ends,
    /// Of the next word the shell takes care itself.
    Redirects,
}

fn tokens(line: &str) -> Vec<Token> {
    let (mut tokens, mut word) = (Vec::new(), None::<String>);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let inside: String = std::iter::from_fn(|| chars.next().filter(|next| *next != c)).collect();
                *word.get_or_insert_default() += &inside;
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '#' if word.is_none() => break,
            ' ' | '|' | '&' | ';' | '>' | '<' => {
                tokens.extend(word.take().map(Token::Word));
                match c {
                    ' ' => {}
                    '>' | '<' => tokens.push(Token::Redirects),
                    _ => tokens.push(Token::Ends),
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    tokens.extend(word.map(Token::Word));
    tokens
}

/// Brackets of placeholders are none of the shell's.
pub fn without_placeholders(line: &str) -> String {
    line.replace("[VARIANT...]", "").replace("[:PORT]", "").replace("[/PREFIX]", "")
}

/// What bash has against a script.
pub fn refused(script: &str) -> String {
    let mut bash = Command::new("bash");
    let mut bash = bash.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start bash");
    bash.stdin.take().expect("piped").write_all(script.as_bytes()).expect("write");
    String::from_utf8_lossy(&bash.wait_with_output().expect("wait").stderr).into_owned()
}

#[test]
fn what_would_be_typed_is_found() {
    let fence =
        |language: &str, text: &str| Fence { line: 1, language: language.into(), text: text.into(), section: 0 };
    let console = fence("console", "$ a b  # c\nsaid\n$ d \\\n  e\nsaid\n");
    assert_eq!(script(&console), Some(vec![(1, "a b  # c".into()), (3, "d   e".into())]));
    assert_eq!(script(&fence("sh", "a\nb\n")), Some(vec![(1, "a".into()), (2, "b".into())]));
    assert_eq!(script(&fence("toml", "a = 1\n")), None);
    let found = commands("a -e X=\"1 2\" 'http://h?a&b' | grep x > out && c#d  # e");
    let words = |line: &str| line.split('|').map(String::from).collect::<Vec<_>>();
    assert_eq!(found, [words("a|-e|X=1 2|http://h?a&b"), words("grep|x"), words("c#d")]);
}
