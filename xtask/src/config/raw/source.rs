//! Where a profile's sources come from: `[[profiles.NAME.sources]]`, `tree`, and the `mirrors` of `[sources]`.
//! Names and folders are told apart here, so that nothing is ever checked out over something else.

use std::collections::BTreeMap;

use crate::{
    config::{
        journal::Journal,
        reader::{Section, Text},
        values,
    },
    domain::source::{Commit, Repository, Sources},
};

/// Beginning of an address -> what to put in its place.
pub type Mirrors = BTreeMap<String, String>;

pub fn mirrors(mut section: Section<'_>) -> Mirrors {
    let journal = section.journal;
    let pairs = section.map("mirrors");
    section.finish();
    let pairs = pairs.into_iter().filter_map(|(from, to)| {
        let to = journal.parse(to, values::repository_url);
        journal.parse(from, values::repository_url).zip(to)
    });
    pairs.collect()
}

/// `sources` or `tree` of a profile, exactly one of which must be there.
pub fn sources(profile: &mut Section<'_>, mirrors: &Mirrors) -> Option<Sources> {
    let journal = profile.journal;
    let list = profile.optional_tables("sources");
    let tree = profile.optional_string("tree");
    match (profile.place_of("sources"), profile.place_of("tree")) {
        (None, None) => journal.missing_either(profile.at, "sources", "tree"),
        (Some(_), Some(tree)) => journal.complain(tree, "`tree` and `sources` exclude each other, keep one"),
        _ => {}
    }
    let tree = tree.and_then(|tree| journal.parse(tree, values::inner_path)).map(Sources::Tree);
    let Some(list) = list else { return tree };
    if list.value.is_empty() {
        journal.complain(list.at, "`sources` is empty, a profile needs at least one");
    }
    let mut taken = Taken::default();
    let repositories: Vec<_> = list.value.into_iter().map(|section| repository(section, mirrors, &mut taken)).collect();
    repositories.into_iter().collect::<Option<_>>().map(Sources::Repositories)
}

fn repository<'a>(mut section: Section<'a>, mirrors: &Mirrors, taken: &mut Taken<'a>) -> Option<Repository> {
    let journal = section.journal;
    let name = section.string("name");
    let url = section.string("url").and_then(|url| journal.parse(url, values::repository_url));
    let commit = section.string("commit").and_then(|commit| journal.parse(commit, str::parse::<Commit>));
    let path = section.optional_string("path").filter(|path| !path.value.is_empty());
    taken.note(journal, section.at, name, path);
    section.finish();

    let path = path.map_or(Some(String::new()), |path| journal.parse(path, values::inner_path));
    let name = name.and_then(|name| journal.parse(name, values::source_name));
    let url = url?;
    Some(Repository { name: name?, mirror: mirror(&url, mirrors), url, commit: commit?, path: path? })
}

/// The address with its longest known beginning replaced.
fn mirror(url: &str, mirrors: &Mirrors) -> Option<String> {
    let fitting = mirrors.iter().filter_map(|(from, to)| Some((from.len(), to, url.strip_prefix(from.as_str())?)));
    fitting.max_by_key(|(length, ..)| *length).map(|(_, to, rest)| format!("{to}{rest}"))
}

/// Names and folders of the sources read so far.
#[derive(Default)]
struct Taken<'a> {
    names: Vec<&'a str>,
    /// Folder and the name of the source in it.
    paths: Vec<(&'a str, &'a str)>,
}

impl<'a> Taken<'a> {
    fn note(&mut self, journal: &Journal, header: usize, name: Option<Text<'a>>, path: Option<Text<'a>>) {
        if let Some(name) = name {
            if self.names.contains(&name.value) {
                journal.complain(name.at, format!("source name `{}` is taken by an earlier source", name.value));
            }
            self.names.push(name.value);
        }
        let folder = path.map_or("", |path| path.value);
        if let Some((_, owner)) = self.paths.iter().find(|(taken, _)| *taken == folder) {
            let message = match path {
                Some(path) => format!("path `{}` is taken by source `{owner}`", path.value),
                None => format!("this source has no `path`, but the root is taken by source `{owner}`"),
            };
            journal.complain(path.map_or(header, |path| path.at), message);
        }
        self.paths.push((folder, name.map_or("", |name| name.value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_wins() {
        let pairs = [("https://github.com/", "file:///srv/"), ("https://github.com/tensorflow/", "/fast/")];
        let mirrors: Mirrors = pairs.map(|(from, to)| (from.to_owned(), to.to_owned())).into();
        assert_eq!(mirror("https://github.com/a/b.git", &mirrors).as_deref(), Some("file:///srv/a/b.git"));
        assert_eq!(mirror("https://github.com/tensorflow/x", &mirrors).as_deref(), Some("/fast/x"));
        assert_eq!(mirror("https://gitlab.com/a", &mirrors), None);
    }
}
