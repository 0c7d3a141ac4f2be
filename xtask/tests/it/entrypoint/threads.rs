//! Thread flags follow the quota of the container's CPUs, in both of the kernel's ways to tell it.

use super::{FLAGS, Stage};

/// What the server is given beside ports and model.
fn threads(stage: &Stage, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let (code, stdout, stderr) = stage.run(variables, arguments);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let of_threads = |line: &&str| ["threads", "parallelism", "OMP"].iter().any(|word| line.contains(word));
    stdout.lines().filter(of_threads).collect::<Vec<_>>().join(" ")
}

fn all(cpus: u32) -> String {
    format!(
        "--tensorflow_intra_op_parallelism={cpus} --tensorflow_inter_op_parallelism={cpus} --grpc_max_threads={} \
         --rest_api_num_threads={} OMP {cpus}",
        4 * cpus,
        4 * cpus
    )
}

#[test]
fn a_fraction_of_a_cpu_counts_as_a_whole_one() {
    let stage = Stage::new();
    assert_eq!(threads(&stage, &[], &[]), "", "no quota, no flags");
    for (max, cpus) in
        [("100000 100000", 1), ("150000 100000", 2), ("5000 100000", 1), ("3200000 100000", 32), ("75 50", 2)]
    {
        stage.write("cgroup/cpu.max", &format!("{max}\n"));
        assert_eq!(threads(&stage, &[], &[]), all(cpus), "{max}");
    }
    stage.write("cgroup/cpu.max", "max 100000\n");
    assert_eq!(threads(&stage, &[], &[]), "");
}

#[test]
fn a_number_of_cpus_that_was_given_goes_before_the_quota() {
    let stage = Stage::new();
    assert_eq!(threads(&stage, &[("TF_SERVING_CPUS", "3")], &[]), all(3), "without a quota");
    stage.write("cgroup/cpu.max", "200000 100000\n");
    assert_eq!(threads(&stage, &[("TF_SERVING_CPUS", "8")], &[]), all(8));
    assert_eq!(threads(&stage, &[("TF_SERVING_CPUS", "")], &[]), all(2), "empty is not there");
    for wrong in ["0", "1.5", "all", "-1"] {
        let sentence = format!("TF_SERVING_CPUS is `{wrong}`, not a whole number of CPUs");
        stage.refuses(&[("TF_SERVING_CPUS", wrong)], &sentence);
    }
}

#[test]
fn older_kernels_tell_quota_and_period_apart() {
    let stage = Stage::new();
    stage.write("cgroup/cpu/cpu.cfs_period_us", "100000\n");
    for (quota, expected) in [("50000", all(1)), ("400001", all(5)), ("-1", String::new())] {
        stage.write("cgroup/cpu/cpu.cfs_quota_us", &format!("{quota}\n"));
        assert_eq!(threads(&stage, &[], &[]), expected, "{quota}");
    }
}

#[test]
fn flags_that_were_given_are_left_alone() {
    let stage = Stage::new();
    stage.write("cgroup/cpu.max", "200000 100000\n");
    let given = ["--tensorflow_intra_op_parallelism=7", "--rest_api_num_threads", "9"];
    let told = threads(&stage, &[("OMP_NUM_THREADS", "3")], &given);
    let ours = "--tensorflow_inter_op_parallelism=2 --grpc_max_threads=8";
    assert_eq!(told, format!("{ours} {} {} OMP 3", given[0], given[1]));
    // One number for both pools excludes a number for each.
    let both = "--tensorflow_session_parallelism=1";
    let ours = "--grpc_max_threads=8 --rest_api_num_threads=8";
    assert_eq!(threads(&stage, &[], &[both]), format!("{ours} {both} OMP 2"));
    let own: Vec<&str> = FLAGS.into_iter().filter(|flag| !flag.contains("_op_")).collect();
    stage.knows(&own);
    assert_eq!(threads(&stage, &[], &[both]), format!("{ours} {both} OMP 2"));
    assert_eq!(
        threads(&stage, &[], &[]),
        format!("--tensorflow_session_parallelism=2 {ours} OMP 2"),
        "the article's server"
    );
}
