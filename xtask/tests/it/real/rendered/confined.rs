//! What the kernel says of a container's process, which is what runs, whatever the engine was asked for.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    docker::{done, log},
    quantity::thousandths,
    spec::{Container, Pod},
};
use crate::real::harness::PATIENCE;

/// Holds a container that runs against its manifest: user, groups, capabilities, privileges, system calls, mounts, limits.
pub fn as_it_says(name: &str, pod: &Pod, container: &Container) {
    let pid = done(&["inspect", "--format={{.State.Pid}}", name]);
    let process = PathBuf::from(format!("/proc/{pid}"));
    let status = status_of(&process);
    let field = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("{name} ended at once: {}", log(name))).trim().to_owned()
    };
    let (user, group) = (pod.security_context.run_as_user, pod.security_context.run_as_group);
    let four = |number: u32| [number; 4].map(|number| number.to_string()).join("\t");
    assert_eq!((field("Uid"), field("Gid")), (four(user), four(group)), "{name}");
    if let Some(group) = pod.security_context.fs_group {
        assert!(field("Groups").split(' ').any(|one| one == group.to_string()), "{name}: {status}");
    }
    assert_eq!(container.security_context.capabilities.drop, ["ALL"]);
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(field(set), "0".repeat(16), "{name}: {set}");
    }
    let escalates = container.security_context.allow_privilege_escalation;
    // The second is a filter of system calls.
    assert_eq!((field("NoNewPrivs"), field("Seccomp").as_str()), (u8::from(!escalates).to_string(), "2"), "{name}");

    let mounts = fs_err::read_to_string(process.join("mounts")).expect("it runs");
    let only_read = |place: &str| {
        let lines = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let found =
            lines.rev().find(|line| line[1] == place).unwrap_or_else(|| panic!("{name} has no {place}: {mounts}"));
        found[3].split(',').any(|option| option == "ro")
    };
    assert_eq!(only_read("/"), container.security_context.read_only_root_filesystem, "{name}");
    for mount in &container.volume_mounts {
        assert_eq!(only_read(&mount.mount_path), mount.read_only, "{name}: {}", mount.mount_path);
    }

    let groups = process.join("root/sys/fs/cgroup");
    let limits = &container.resources.limits;
    // The quota is of a tenth of a second.
    let quota = (thousandths(&limits.cpu) * 100).to_string();
    assert_eq!(first_of(&groups, ["cpu.max", "cpu/cpu.cfs_quota_us"]), quota, "{name}");
    let bytes = (thousandths(&limits.memory) / 1000).to_string();
    assert_eq!(first_of(&groups, ["memory.max", "memory/memory.limit_in_bytes"]), bytes, "{name}");
}

/// Once the program itself runs and no longer what the engine starts it by.
fn status_of(process: &Path) -> String {
    let begin = Instant::now();
    loop {
        let status = fs_err::read_to_string(process.join("status")).unwrap_or_default();
        if !status.starts_with("Name:\trunc") || begin.elapsed() > PATIENCE {
            return status;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// The first word of whichever of the files is there: of version 2 of control groups, or of version 1.
fn first_of(folder: &Path, files: [&str; 2]) -> String {
    let text = files.iter().find_map(|file| fs_err::read_to_string(folder.join(file)).ok());
    let text = text.unwrap_or_else(|| panic!("none of {files:?} in {}", folder.display()));
    text.split_whitespace().next().unwrap_or_default().to_owned()
}
