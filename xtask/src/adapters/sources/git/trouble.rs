//! What git's words mean: each kind of failure a checkout meets, told apart, with what to do about it.
//! Nothing here runs git.

use crate::domain::source::Repository;

/// A git call that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) trouble: Trouble,
    /// The end of what git said.
    pub(super) words: String,
}

impl Failure {
    pub(super) fn new(words: String) -> Self {
        Self { trouble: Trouble::of(&words), words }
    }

    /// The failure as an error about this repository: what happened, what to do, and git's own words.
    pub(super) fn about(self, repository: &Repository) -> anyhow::Error {
        // Some of git's messages repeat the address as it was given, with the secrets in it.
        let words = self.words.replace(repository.origin(), &repository.shown_origin());
        anyhow::anyhow!("{}\ngit said: {words}", self.trouble.advice(repository))
    }
}

/// The kinds of failure that ask for different answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server has the repository but not the commit.
    NoSuchCommit,
    /// The server does not hand out commits by ID; branches and tags it does.
    RefusesById,
    /// The server is plain files: it has no shallow fetches either.
    PlainFiles,
    /// No server, or no repository, at that address.
    Unreachable,
    /// The transfer began and broke off.
    BrokeOff,
    /// The server wants to know who we are.
    WantsCredentials,
    /// No room left on the disk.
    DiskFull,
    /// The local repository is damaged.
    Damaged,
    /// Anything else.
    Other,
}

/// First match wins: a broken transfer often ends in words that alone would mean less.
const SIGNS: &[(&str, Trouble)] = &[
    ("No space left on device", Trouble::DiskFull),
    ("Disk quota exceeded", Trouble::DiskFull),
    ("not our ref", Trouble::NoSuchCommit),
    ("couldn't find remote ref", Trouble::NoSuchCommit),
    ("unadvertised object", Trouble::RefusesById),
    ("does not support shallow", Trouble::PlainFiles),
    ("Server does not support", Trouble::PlainFiles),
    ("Authentication failed", Trouble::WantsCredentials),
    ("could not read Username", Trouble::WantsCredentials),
    ("could not read Password", Trouble::WantsCredentials),
    ("Permission denied (publickey", Trouble::WantsCredentials),
    ("returned error: 401", Trouble::WantsCredentials),
    ("returned error: 403", Trouble::WantsCredentials),
    ("Could not resolve host", Trouble::Unreachable),
    ("unable to look up", Trouble::Unreachable),
    ("onnection refused", Trouble::Unreachable),
    ("Connection timed out", Trouble::Unreachable),
    ("Network is unreachable", Trouble::Unreachable),
    ("No route to host", Trouble::Unreachable),
    ("Failed to connect", Trouble::Unreachable),
    ("Couldn't connect", Trouble::Unreachable),
    ("does not appear to be a git repository", Trouble::Unreachable),
    ("not found", Trouble::Unreachable),
    ("does not exist", Trouble::Unreachable),
    ("early EOF", Trouble::BrokeOff),
    ("RPC failed", Trouble::BrokeOff),
    ("hung up unexpectedly", Trouble::BrokeOff),
    ("unexpected disconnect", Trouble::BrokeOff),
    ("Connection reset", Trouble::BrokeOff),
    ("unable to access", Trouble::Unreachable),
    ("Could not read from remote repository", Trouble::Unreachable),
    ("loose object", Trouble::Damaged),
    ("is corrupt", Trouble::Damaged),
    ("index file", Trouble::Damaged),
    ("bad object", Trouble::Damaged),
    ("bad config", Trouble::Damaged),
    ("object file", Trouble::Damaged),
    ("unable to read", Trouble::Damaged),
    ("not a git repository", Trouble::Damaged),
    ("does not match index", Trouble::Damaged),
    ("bad tree", Trouble::Damaged),
    ("not a tree object", Trouble::Damaged),
    ("did not send all necessary objects", Trouble::Damaged),
    ("inflate", Trouble::Damaged),
];

impl Trouble {
    pub(super) fn of(words: &str) -> Self {
        SIGNS.iter().find(|(sign, _)| words.contains(sign)).map_or(Self::Other, |&(_, trouble)| trouble)
    }

    fn advice(self, repository: &Repository) -> String {
        let Repository { name, commit, .. } = repository;
        let origin = repository.shown_origin();
        match self {
            Self::NoSuchCommit | Self::RefusesById => format!(
                "commit {commit} is not in {origin}: correct the `commit` of {name} in config.toml, \
                 or bring the mirror up to date"
            ),
            Self::Unreachable => format!(
                "{origin} cannot be reached, or holds no git repository: check the network, or name a mirror \
                 you can reach (`mirrors` under [sources] in config.toml)"
            ),
            Self::BrokeOff => format!(
                "the transfer from {origin} broke off, twice: run the command again, or name a nearer mirror \
                 (`mirrors` under [sources] in config.toml)"
            ),
            Self::WantsCredentials => format!(
                "{origin} wants credentials, and we never ask for a password: set up a git credential helper or an \
                 ssh key, or check the address (some servers answer so where there is no such repository)"
            ),
            Self::DiskFull => format!("the disk is full while {name} is checked out: free some space and run again"),
            Self::Damaged => format!("the local repository of {name} is damaged: remove its folder and run again"),
            Self::PlainFiles | Self::Other => format!("git failed on {name} ({origin})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_git_are_told_apart() {
        let cases = [
            ("fatal: remote error: upload-pack: not our ref 0123", Trouble::NoSuchCommit),
            ("error: Server does not allow request for unadvertised object 0123", Trouble::RefusesById),
            ("fatal: dumb http transport does not support shallow capabilities", Trouble::PlainFiles),
            ("fatal: unable to access 'https://h/': Could not resolve host: h", Trouble::Unreachable),
            ("fatal: could not read Username for 'https://h': terminal prompts disabled", Trouble::WantsCredentials),
            ("fatal: unable to access 'https://h/': The requested URL returned error: 403", Trouble::WantsCredentials),
            ("error: RPC failed; curl 56\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack", Trouble::BrokeOff),
            ("fatal: write error: No space left on device\nfatal: index-pack failed", Trouble::DiskFull),
            ("error: object file .git/objects/a is empty\nfatal: loose object a is corrupt", Trouble::Damaged),
            ("fatal: something new", Trouble::Other),
        ];
        for (words, trouble) in cases {
            assert_eq!(Trouble::of(words), trouble, "{words}");
        }
    }

    #[test]
    fn an_error_hides_the_password_in_the_address() {
        let repository = Repository {
            name: "serving".into(),
            url: "https://robot:hunter2@host.example/serving.git".into(),
            mirror: None,
            commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            path: String::new(),
        };
        let words = format!("fatal: unable to access '{}': Could not resolve host", repository.url);
        let text = Failure::new(words).about(&repository).to_string();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("`mirrors` under [sources] in config.toml"), "{text}");
    }
}
