//! Which server a CPU gets, and what is said to one that can run none.

use super::Stage;

const INSTEAD: &str = "run optimized avx2,fma\nelse tf-serving:cpu-standard -\n";
const BOTH: &str = "run optimized avx2,fma\nrun standard -\n";

fn stage(servers: &str, cpu: &str) -> Stage {
    let stage = Stage::new();
    stage.write("settings/servers", servers);
    stage.write("cpuinfo", &format!("model name\t: x\nflags\t\t: {cpu}\npower\t\t: y\nflags\t\t: of the next one\n"));
    stage.server("optimized", "echo optimized");
    stage.server("standard", "echo standard");
    stage
}

#[test]
fn the_best_that_the_cpu_can_run_is_taken() {
    for (servers, cpu, expected) in [
        (BOTH, "fpu avx2 fma", "optimized"),
        (BOTH, "fma avx2", "optimized"),
        (BOTH, "fpu avx2", "standard"),
        // Part of a name is not the name.
        (BOTH, "fpu avx2 fma4 avx512fma", "standard"),
        (BOTH, "", "standard"),
        (INSTEAD, "avx2 fma fpu", "optimized"),
    ] {
        stage(servers, cpu).gives(&[], &[], &[expected]);
    }
}

#[test]
fn what_the_cpu_lacks_is_named_with_the_image_to_use() {
    let sentence = "needs avx2 fma; this CPU lacks fma: use tf-serving:cpu-standard";
    stage(INSTEAD, "fpu avx avx2").refuses(&[], sentence);
    let sentence = "needs avx2 fma; this CPU lacks avx2 fma: use tf-serving:cpu-standard";
    stage(INSTEAD, "fpu").refuses(&[], sentence);
}

#[test]
fn an_image_that_fits_no_better_is_not_named() {
    let cascade = "run wide avx512f,avx2,fma\nelse r:optimized avx2,fma\nelse r:standard sse4_1\n";
    let wide = "needs avx512f avx2 fma; this CPU lacks avx512f";
    stage(cascade, "sse4_1 avx2 fma").refuses(&[], &format!("{wide}: use r:optimized"));
    stage(cascade, "sse4_1 avx2").refuses(&[], &format!("{wide} fma: use r:standard"));
    stage(cascade, "avx2").refuses(&[], &format!("{wide} fma, and no image of this build runs without"));
    let both = "run optimized sse4_1,avx2\nrun standard sse4_1\n";
    stage(both, "avx2").refuses(&[], "needs sse4_1; this CPU lacks sse4_1, and no image of this build runs without");
}

#[test]
fn another_cpu_can_be_tried_by_a_variable() {
    let machine = stage(BOTH, "avx2 fma");
    machine.gives(&[("TF_SERVING_CPU_FLAGS", "fpu avx2")], &[], &["standard"]);
    machine.gives(&[("TF_SERVING_CPU_FLAGS", "")], &[], &["standard"]);
    stage(BOTH, "fpu").gives(&[("TF_SERVING_CPU_FLAGS", "fma avx2")], &[], &["optimized"]);
}
