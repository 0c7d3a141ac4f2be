//! Rendered workloads on the local engine as a cluster would run them: what the manifest says is what runs, and it passes its
//! own probes. `rendered/` plays a kubelet and a service; it has no scheduler, no network policies and no GPU.

mod confined;
mod docker;
mod endpoints;
mod kubelet;
mod load;
mod node;
mod objects;
mod probes;
mod quantity;
mod rolling;
mod spec;
mod stage;

use std::{
    thread,
    time::{Duration, Instant},
};

use self::{docker::done, kubelet::Running, node::Node, objects::Objects, probes::port, stage::Stage};
use super::{
    harness::{PATIENCE, is_real, say},
    http::ask,
};

const ONE: &str = "tf-serving-1cpu";
const EIGHT: &str = "tf-serving-8cpu";
const AUTO: &str = "tf-serving-auto";
const APP: &str = "tf-image-resizer";
const MODEL: &str = "tf-serving-model";
/// Times that a liveness probe is made.
const ALIVE: u32 = 3;

#[test]
fn rendered_pods_run_as_they_say_and_pass_their_own_probes() {
    if !is_real() {
        return;
    }
    let stage = Stage::new(&["auto", "cpu-optimized", "resizer"]);
    servers_and_web_app_with_the_model_on_a_claim(&stage);
    the_model_comes_to_the_node_after_its_server(&stage);
    the_model_in_an_image_volume(&stage);
}

fn servers_and_web_app_with_the_model_on_a_claim(stage: &Stage) {
    let overlays = ["--overlay", "1cpu", "--overlay", "8cpu", "--overlay", "resizer"];
    let objects = stage.rendered(&[&overlays[..], &["--component", "rest", "--component", "model-pvc"]].concat());
    let node = Node::new();
    let app = start(&node, &objects, APP);
    app.probed().until_ready();
    assert_eq!(readyz(&app), 503, "no server is there");
    let said = Running::completed(&node, "job", objects.pod("Job", MODEL));
    assert!(said.contains("is placed, every sum is right"), "{said}");
    let servers = [ONE, EIGHT].map(|name| start(&node, &objects, name));
    pass(&[(ONE, &servers[0]), (EIGHT, &servers[1]), (APP, &app)]);
    servers.iter().for_each(has_threads_by_its_limit);
    let begin = Instant::now();
    while readyz(&app) != 200 {
        assert!(begin.elapsed() < PATIENCE, "{}", app.log());
        thread::sleep(Duration::from_millis(100));
    }
    let ended = app.terminate();
    assert_eq!(ended.code, 0, "{}", app.log());
    say(&format!("{APP}: ready with its servers, ended by itself after {:.1} s", ended.after.as_secs_f64()));
}

fn the_model_comes_to_the_node_after_its_server(stage: &Stage) {
    let objects = stage.rendered(&["--overlay", "auto", "--component", "rest", "--component", "model-hostpath"]);
    let node = Node::new();
    let server = start(&node, &objects, AUTO);
    assert!(server.probed().is_not_ready(ALIVE), "it has no model: {}", server.log());
    let placing = Running::start(&node, "daemon-set", objects.pod("DaemonSet", MODEL), &[]);
    pass(&[(AUTO, &server)]);
    has_threads_by_its_limit(&server);
    assert!(placing.log().contains("was there, every sum is right"), "{}", placing.log());
}

fn the_model_in_an_image_volume(stage: &Stage) {
    let objects = stage.rendered(&["--overlay", "1cpu", "--component", "rest"]);
    let node = Node::new();
    let server = start(&node, &objects, ONE);
    server.probed().until_ready();
}

fn start<'n>(node: &'n Node, objects: &Objects, deployment: &str) -> Running<'n> {
    let services = objects.services("Deployment", deployment);
    Running::start(node, deployment, objects.pod("Deployment", deployment), &services)
}

/// All probes, side by side.
fn pass(pods: &[(&str, &Running)]) {
    thread::scope(|scope| {
        for (name, pod) in pods {
            let probed = pod.probed();
            scope.spawn(move || {
                let passed = probed.until_ready();
                probed.stays_alive(ALIVE);
                let [startup, readiness] = [passed.startup, passed.readiness].map(|after| after.as_secs_f64());
                say(&format!(
                    "{name}: started after {startup:.1} s, ready after {readiness:.1} s, alive {ALIVE} times"
                ));
            });
        }
    });
}

/// `TF_SERVING_CPUS` is the limit, and the entrypoint heard of it.
fn has_threads_by_its_limit(server: &Running) {
    let container = &server.spec.containers[0];
    let processes = done(&["top", &server.container(container), "-eo", "pid,args"]);
    let flag = format!("--tensorflow_intra_op_parallelism={} ", container.resources.limits.cpu);
    assert!(processes.contains(&flag), "no {flag}: {processes}");
}

fn readyz(app: &Running) -> u16 {
    let address = format!("{}:{}", app.address, port(&app.spec.containers[0].ports, "http"));
    ask(&address, "GET", "/readyz", "").map_or(0, |answer| answer.status)
}
