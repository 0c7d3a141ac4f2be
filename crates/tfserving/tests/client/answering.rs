//! Servers that answer: both interfaces give the same values and the same errors.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use tfserving::{
    Api, Classify, Code, DataType, Model, Options, Origin, Server, State, Tensor,
    stand_in::{Behaviour, Reply, StandIn},
};

use super::{hasty, picture, server};

const BOTH: [Api; 2] = [Api::Grpc, Api::Rest];

#[tokio::test]
async fn classes_and_scores_arrive_in_their_order() {
    for api in BOTH {
        let mut behaviour =
            Behaviour::always(Reply::classes(&[("tabby, tabby cat", 9.5), ("crane", 1.25), ("crane", 1.0)]));
        behaviour.timing = Some("queue;dur=1, total;dur=0.001".into());
        let stand_in = StandIn::start(api, behaviour.clone()).expect("start");
        let server = server(stand_in.address("a"));
        let answer = server.predict(&picture(&b"\xff\xd8\x00"[..])).await.expect("an answer");
        let labels = answer.value.output("classes").and_then(Tensor::as_strings).expect("strings");
        assert_eq!(labels, ["tabby, tabby cat", "crane", "crane"].map(Bytes::from), "{api}");
        let scores = answer.value.output("scores").expect("scores");
        assert_eq!((scores.shape(), scores.to_f64()), (&[1, 3][..], Some(vec![9.5, 1.25, 1.0])), "{api}");
        assert_eq!(answer.timing.server, Some(Duration::from_micros(1)), "{api}");
        assert!(answer.timing.serialize > Duration::ZERO && answer.timing.total > answer.timing.serialize, "{api}");
        assert!(answer.timing.network().is_some(), "{api}");
        assert_eq!((behaviour.calls(), server.connections()), (1, 1), "{api}");
    }
}

#[tokio::test]
async fn the_picture_arrives_byte_by_byte() {
    let sent: Vec<u8> = (0..5_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for api in BOTH {
        let wanted = sent.clone();
        let behaviour = Behaviour::new(move |asked| {
            let same = asked.picture() == wanted && asked.model == "inception" && asked.signature == "predict_images";
            std::future::ready(Reply::classes(&[(if same { "same" } else { "another" }, 1.0)]))
        });
        let stand_in = StandIn::start(api, behaviour).expect("start");
        let answer = server(stand_in.address("a")).predict(&picture(sent.clone())).await.expect("an answer");
        let labels = answer.value.output("classes").and_then(Tensor::as_strings).expect("strings");
        assert_eq!(labels, [Bytes::from("same")], "{api}");
    }
}

#[tokio::test]
async fn answers_may_be_larger_than_four_mebibytes() {
    for api in BOTH {
        let text = Bytes::from(vec![b'x'; 6 << 20]);
        let outputs = BTreeMap::from([("text".to_owned(), Tensor::strings([text.clone()]))]);
        let stand_in = StandIn::start(api, Behaviour::always(Reply::Outputs(outputs))).expect("start");
        let answer = server(stand_in.address("a")).predict(&picture("x")).await.expect("an answer");
        assert!(answer.value.output("text").and_then(Tensor::as_strings).expect("strings") == [text], "{api}");
    }
}

#[tokio::test]
async fn limits_hold_in_both_directions() {
    for api in BOTH {
        let outputs = BTreeMap::from([("scores".to_owned(), Tensor::floats(vec![0.5; 10_000]))]);
        let behaviour = Behaviour::always(Reply::Outputs(outputs));
        let stand_in = StandIn::start(api, behaviour.clone()).expect("start");
        let options = Options { send_limit: 20_000, receive_limit: 5_000, ..Options::default() };
        let server = Server::new(stand_in.address("a"), options).expect("a client");
        let error = server.predict(&picture(vec![0; 30_000])).await.expect_err("too large a request");
        assert_eq!(
            (error.code, error.origin, behaviour.calls()),
            (Code::ResourceExhausted, Origin::Here, 0),
            "{error}"
        );
        let error = server.predict(&picture("x")).await.expect_err("too large an answer");
        assert!(matches!(error.code, Code::ResourceExhausted | Code::OutOfRange), "{error}");
        assert!(!error.may_be_retried(), "{error}");
    }
}

#[tokio::test]
async fn refusals_say_server_method_code_and_words() {
    for (api, method) in BOTH.into_iter().zip(["Predict", "POST /v1/models/inception:predict"]) {
        for code in
            [Code::InvalidArgument, Code::NotFound, Code::ResourceExhausted, Code::Unavailable, Code::Unimplemented]
        {
            let behaviour = Behaviour::always(Reply::Refusal(code, "no, thank you".into()));
            let stand_in = StandIn::start(api, behaviour).expect("start");
            let error = server(stand_in.address("my server")).predict(&picture("x")).await.expect_err("refused");
            assert_eq!(error.to_string(), format!("my server: {method}: {code}: no, thank you"));
            assert_eq!((error.origin, error.may_be_retried()), (Origin::Server, false));
        }
    }
}

#[tokio::test]
async fn a_slow_server_is_a_deadline_and_the_next_call_is_made_anew() {
    for api in BOTH {
        let behaviour = Behaviour::new(|asked| async move {
            if asked.picture() == b"slow" {
                std::future::pending::<()>().await;
            }
            Reply::classes(&[("quick", 1.0)])
        });
        let stand_in = StandIn::start(api, behaviour).expect("start");
        let server = hasty(stand_in.address("a"));
        let error = server.predict(&picture("slow")).await.expect_err("late");
        assert_eq!((error.code, error.origin), (Code::DeadlineExceeded, Origin::Way), "{error}");
        assert!(error.message.contains("300ms") || error.message.contains("imeout"), "{error}");
        server.predict(&picture("x")).await.expect("an answer");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    for api in BOTH {
        let stand_in = StandIn::start(api, Behaviour::always(Reply::classes(&[]))).expect("start");
        let address = stand_in.address("gone");
        drop(stand_in);
        let server = server(address);
        loop {
            // The port is let go a moment after the stand-in.
            let error = match server.predict(&picture("x")).await {
                Ok(_) => continue,
                Err(error) => error,
            };
            assert_eq!(error.code, Code::Unavailable, "{error}");
            assert!(error.may_be_retried(), "{error}");
            if error.message.contains("refused") {
                break;
            }
        }
        assert!(server.is_live(&Model::newest("inception")).await.is_err());
    }
}

#[tokio::test]
async fn a_server_that_was_started_anew_is_found_again() {
    for api in BOTH {
        let stand_in = StandIn::start(api, Behaviour::always(Reply::classes(&[("first", 1.0)]))).expect("start");
        let (at, server) = (stand_in.at(), server(stand_in.address("a")));
        server.predict(&picture("x")).await.expect("an answer");
        let before = server.connections();
        drop(stand_in);
        let _second =
            StandIn::start_at(at, api, Behaviour::always(Reply::classes(&[("second", 1.0)]))).expect("start again");
        let labels = loop {
            match server.predict(&picture("x")).await {
                Ok(answer) => {
                    break answer.value.output("classes").and_then(Tensor::as_strings).expect("strings").to_vec();
                }
                Err(error) => assert!(error.may_be_retried(), "{error}"),
            }
        };
        assert_eq!(labels, [Bytes::from("second")], "{api}");
        assert!(server.connections() > before, "{api}");
    }
}

#[tokio::test]
async fn a_connection_is_kept() {
    for api in BOTH {
        let stand_in = StandIn::start(api, Behaviour::always(Reply::classes(&[("x", 1.0)]))).expect("start");
        let server = server(stand_in.address("a"));
        for _ in 0..20 {
            server.predict(&picture("x")).await.expect("an answer");
        }
        assert_eq!(server.connections(), 1, "{api}");
    }
}

#[tokio::test]
async fn status_and_metadata_tell_what_the_model_takes() {
    for api in BOTH {
        let stand_in = StandIn::start(api, Behaviour::always(Reply::classes(&[]))).expect("start");
        let (server, model) = (server(stand_in.address("a")), Model::newest("inception"));
        let status = server.status(&model).await.expect("a status").value;
        assert_eq!((status[0].version, status[0].state, &status[0].error), (7, State::Available, &None), "{api}");
        assert_eq!(server.is_live(&model).await.expect("live"), Some(7), "{api}");
        let metadata = server.metadata(&model).await.expect("metadata").value;
        let signature = &metadata.signatures["predict_images"];
        assert_eq!((metadata.name.as_str(), metadata.version), ("inception", Some(7)), "{api}");
        assert_eq!(signature.inputs["images"].dtype, DataType::String, "{api}");
        assert_eq!(signature.outputs["scores"].shape, Some(vec![-1, 5]), "{api}");
    }
}

#[tokio::test]
async fn a_grpc_server_that_knows_no_status_is_asked_for_its_health() {
    let mut behaviour = Behaviour::always(Reply::classes(&[]));
    behaviour.tells_of_models = false;
    let grpc = StandIn::start(Api::Grpc, behaviour.clone()).expect("start");
    assert_eq!(server(grpc.address("a")).is_live(&Model::newest("inception")).await.expect("live"), None);
    let rest = StandIn::start(Api::Rest, behaviour).expect("start");
    assert!(server(rest.address("a")).is_live(&Model::newest("inception")).await.is_err());
}

#[tokio::test]
async fn classify_is_answered_over_grpc() {
    let stand_in = StandIn::start(Api::Grpc, Behaviour::always(Reply::classes(&[]))).expect("start");
    let call = Classify {
        model: Model::newest("inception"),
        signature: String::new(),
        feature: "image/encoded".into(),
        value: Bytes::from_static(b"\xff\xd8"),
    };
    let classes = server(stand_in.address("a")).classify(&call).await.expect("classes").value;
    assert_eq!((classes.0.len(), classes.0[0].0.as_str()), (1, "bytes"));
}
