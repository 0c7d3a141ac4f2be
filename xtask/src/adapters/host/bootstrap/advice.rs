//! What debootstrap's complaints mean for the person at this machine.
//! Nothing here runs it.

/// What to do about debootstrap's complaint.
pub(super) fn advice(complaints: &str, release: &str) -> String {
    if complaints.contains("unshare failed") {
        "this machine may not make namespaces (inside a container?): run where root may mount, or with \
         `docker run --privileged`"
            .to_owned()
    } else if complaints.contains("keyring")
        || complaints.contains("Release signature")
        || complaints.contains("signed")
    {
        "the mirror's signature cannot be checked: run `apt-get install debian-archive-keyring` as root, or correct \
         the mirror in /etc/apt/sources.list"
            .to_owned()
    } else if complaints.contains("No such script") {
        format!("this debootstrap does not know `{release}`: name another release, or install a newer debootstrap")
    } else if complaints.contains("No space left") {
        "the disk is full: a root takes about 500 MB while it is made".to_owned()
    } else {
        "check the network and the mirror (it is taken from this machine's /etc/apt/sources.list and \
         /etc/apt/sources.list.d), then run again"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn complaints_lead_to_different_advice() {
        let cases = [
            ("unshare: unshare failed: Operation not permitted", "--privileged"),
            ("E: Release signed by unknown key (key id 1)", "debian-archive-keyring"),
            ("E: No such script: /usr/share/debootstrap/scripts/nixie", "does not know `nixie`"),
            ("E: Failed getting release file", "check the network"),
        ];
        for (complaint, wanted) in cases {
            assert!(advice(complaint, "nixie").contains(wanted), "{complaint}");
        }
    }
}
