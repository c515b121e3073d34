//! Links over pipes: order, limits, failures and what they prove.

use super::*;
use crate::world::{Clock, Rng};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use ottla_protocol::ErrorCode;
use ottla_protocol::Records;
use ottla_protocol::messages::fetch::{
    FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use ottla_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use ottla_protocol::{Chunk, Message, Request, frame, header::HeaderForm};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

const SOON: Duration = Duration::from_secs(5);

/// Gives the other end of every connection to the test, or fails as told.
struct Pipes {
    made: mpsc::UnboundedSender<DuplexStream>,
    failures: Mutex<VecDeque<io::ErrorKind>>,
    dialled: Mutex<Vec<String>>,
}

impl Dial for Pipes {
    fn dial(&self, to: &Destination) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> {
        self.dialled.lock().push(to.to_string());
        let failure = self.failures.lock().pop_front();
        if let Some(kind) = failure {
            return std::future::ready(Err(kind.into())).boxed();
        }
        let (near, far) = tokio::io::duplex(1024 * 1024);
        self.made.send(far).unwrap();
        std::future::ready(Ok(Box::new(near) as Box<dyn Stream>)).boxed()
    }
}

struct Stage {
    pipes: Arc<Pipes>,
    peers: Peers,
    made: mpsc::UnboundedReceiver<DuplexStream>,
}

fn stage(settings: LinkSettings) -> Stage {
    let (made, connections) = mpsc::unbounded_channel();
    let pipes = Arc::new(Pipes {
        made,
        failures: Mutex::default(),
        dialled: Mutex::default(),
    });
    let (clock, rng) = (Clock::simulated(0), Rng::seeded(1));
    Stage {
        peers: Peers::new(pipes.clone(), clock, rng, settings),
        pipes,
        made: connections,
    }
}

impl Stage {
    fn link(&self) -> Link {
        self.peers.link(peer(), Lane::of("test"))
    }

    async fn accepted(&mut self) -> DuplexStream {
        self.made.recv().await.unwrap()
    }
}

fn peer() -> Destination {
    Destination::new("INTERNAL", "peer", 9092)
}

fn beat(member: &str) -> HeartbeatRequest {
    HeartbeatRequest {
        member_id: member.into(),
        ..Default::default()
    }
}

/// Sends one in the background.
fn ask(link: &Link, timeout: Duration) -> tokio::task::JoinHandle<Result<ErrorCode, LinkError>> {
    let link = link.clone();
    tokio::spawn(async move {
        let answer = link.request(0, &beat("m"), timeout).await?;
        Ok(answer.error_code)
    })
}

/// The correlation id of the next request.
async fn received(stream: &mut DuplexStream) -> i32 {
    let size = stream.read_i32().await.unwrap();
    let mut frame = vec![0; size as usize];
    stream.read_exact(&mut frame).await.unwrap();
    i32::from_be_bytes(frame[4..8].try_into().unwrap())
}

async fn answer<M: Message>(
    stream: &mut DuplexStream,
    form: HeaderForm,
    version: i16,
    id: i32,
    body: &M,
) {
    for chunk in frame::response(form, version, id, body).unwrap() {
        let Chunk::Bytes(bytes) = chunk else {
            panic!("all in memory")
        };
        stream.write_all(&bytes).await.unwrap();
    }
}

async fn answer_beat(stream: &mut DuplexStream, id: i32, error_code: ErrorCode) {
    let body = HeartbeatResponse {
        error_code,
        ..Default::default()
    };
    answer(stream, HeaderForm::Plain, 0, id, &body).await;
}

#[tokio::test(start_paused = true)]
async fn requests_are_under_way_together_and_each_gets_its_answer() {
    let mut stage = stage(LinkSettings::default());
    let link = stage.link();
    let first = ask(&link, SOON);
    let mut stream = stage.accepted().await;
    let one = received(&mut stream).await;
    let second = ask(&link, SOON);
    let two = received(&mut stream).await;
    answer_beat(&mut stream, one, ErrorCode::NONE).await;
    answer_beat(&mut stream, two, ErrorCode::UNKNOWN_MEMBER_ID).await;
    assert_eq!(first.await.unwrap(), Ok(ErrorCode::NONE));
    assert_eq!(second.await.unwrap(), Ok(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_too_late_is_passed_over() {
    let mut stage = stage(LinkSettings::default());
    let link = stage.link();
    let abandoned = ask(&link, Duration::from_millis(100));
    let mut stream = stage.accepted().await;
    let late = received(&mut stream).await;
    assert_eq!(abandoned.await.unwrap(), Err(LinkError::TimedOut));
    let second = ask(&link, SOON);
    let next = received(&mut stream).await;
    answer_beat(&mut stream, late, ErrorCode::UNKNOWN_MEMBER_ID).await;
    answer_beat(&mut stream, next, ErrorCode::NONE).await;
    assert_eq!(second.await.unwrap(), Ok(ErrorCode::NONE));
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_is_heard_is_given_up_and_dialled_anew() {
    let mut stage = stage(LinkSettings::default());
    let link = stage.link();
    let unanswered = ask(&link, Duration::from_millis(100));
    let mut dead = stage.accepted().await;
    received(&mut dead).await;
    assert_eq!(unanswered.await.unwrap(), Err(LinkError::TimedOut));
    let mut end = Vec::new();
    assert_eq!(dead.read_to_end(&mut end).await.unwrap(), 0, "given up");
    let again = ask(&link, SOON);
    let mut stream = stage.accepted().await;
    let id = received(&mut stream).await;
    answer_beat(&mut stream, id, ErrorCode::NONE).await;
    assert_eq!(again.await.unwrap(), Ok(ErrorCode::NONE));
    let dialled = stage.pipes.dialled.lock().clone();
    assert_eq!(dialled, ["peer:9092", "peer:9092"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_dial_is_told_apart_and_the_next_one_waits() {
    let stage = stage(LinkSettings::default());
    let failures = [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::HostUnreachable,
    ];
    stage.pipes.failures.lock().extend(failures);
    let link = stage.link();
    assert_eq!(ask(&link, SOON).await.unwrap(), Err(LinkError::Refused));
    // Whoever cannot wait as long as the pause learns at once what happened.
    let hurried = ask(&link, Duration::from_millis(1));
    assert_eq!(hurried.await.unwrap(), Err(LinkError::Refused));
    assert_eq!(stage.pipes.dialled.lock().len(), 1);
    let patient = ask(&link, SOON).await.unwrap();
    assert!(matches!(patient, Err(LinkError::Unreachable(_))));
}

#[tokio::test(start_paused = true)]
async fn pauses_between_dials_grow_to_their_limit() {
    let backoff = LinkSettings::default().backoff;
    let pauses: Vec<u64> = (1..8)
        .map(|failures| backoff.after(failures, 0).as_millis() as u64)
        .collect();
    assert_eq!(pauses, [50, 100, 200, 400, 800, 1_000, 1_000]);
    assert!(backoff.after(u32::MAX, 999) >= Duration::from_millis(800));
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_fails_what_was_sent_on_it() {
    let mut stage = stage(LinkSettings::default());
    let link = stage.link();
    let (first, second) = (ask(&link, SOON), ask(&link, SOON));
    let mut stream = stage.accepted().await;
    received(&mut stream).await;
    drop(stream);
    assert_eq!(first.await.unwrap(), Err(LinkError::Closed));
    assert_eq!(second.await.unwrap(), Err(LinkError::Closed));
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_another_request_or_of_forbidden_length_is_malformed() {
    let mut stage = stage(LinkSettings {
        answer_max_bytes: 1_000,
        ..Default::default()
    });
    let link = stage.link();
    let first = ask(&link, SOON);
    let mut stream = stage.accepted().await;
    let id = received(&mut stream).await;
    answer_beat(&mut stream, id + 1, ErrorCode::NONE).await;
    assert!(matches!(first.await.unwrap(), Err(LinkError::Malformed(_))));
    let second = ask(&link, SOON);
    let mut stream = stage.accepted().await;
    received(&mut stream).await;
    stream.write_i32(1_001).await.unwrap();
    assert!(matches!(
        second.await.unwrap(),
        Err(LinkError::Malformed(_))
    ));
}

#[tokio::test(start_paused = true)]
async fn lanes_do_not_wait_for_each_other_and_one_lane_is_one_connection() {
    let mut stage = stage(LinkSettings::default());
    let (slow, quick) = (stage.link(), stage.peers.link(peer(), Lane::of("other")));
    assert!(slow.is_same(&stage.link()) && !slow.is_same(&quick));
    let waiting = ask(&slow, SOON);
    let mut held = stage.accepted().await;
    received(&mut held).await;
    let answered = ask(&quick, SOON);
    let mut stream = stage.accepted().await;
    let id = received(&mut stream).await;
    answer_beat(&mut stream, id, ErrorCode::NONE).await;
    assert_eq!(answered.await.unwrap(), Ok(ErrorCode::NONE));
    assert!(!waiting.is_finished());
}

#[tokio::test(start_paused = true)]
async fn connections_live_as_long_as_their_pool() {
    let mut stage = stage(LinkSettings::default());
    let mut stream = None;
    for _ in 0..2 {
        let asked = ask(&stage.link(), SOON);
        let mut used = match stream.take() {
            Some(stream) => stream,
            None => stage.accepted().await,
        };
        let id = received(&mut used).await;
        answer_beat(&mut used, id, ErrorCode::NONE).await;
        assert_eq!(asked.await.unwrap(), Ok(ErrorCode::NONE));
        stream = Some(used);
    }
    drop(stage.peers);
    let mut stream = stream.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_records_of_a_large_fetch_are_slices_of_what_was_read() {
    const VERSION: i16 = 17;
    let mut stage = stage(LinkSettings::default());
    let link = stage.link();
    let fetching = tokio::spawn(async move {
        let request = FetchRequest::default();
        link.request(VERSION, &request, SOON).await
    });
    let mut stream = stage.accepted().await;
    let id = received(&mut stream).await;
    let partition = |fill: u8| PartitionData {
        records: Records::Bytes(Bytes::from(vec![fill; 3_000_000])),
        ..Default::default()
    };
    let response = FetchResponse {
        responses: vec![FetchableTopicResponse {
            partitions: vec![partition(1), partition(2)],
            ..Default::default()
        }],
        ..Default::default()
    };
    answer(&mut stream, HeaderForm::Tagged, VERSION, id, &response).await;
    let fetched = fetching.await.unwrap().unwrap();
    assert_eq!(fetched.responses, response.responses);
    let records: Vec<&Bytes> = fetched.responses[0]
        .partitions
        .iter()
        .map(|partition| match &partition.records {
            Records::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        })
        .collect();
    let between = records[1].as_ptr() as usize - records[0].as_ptr() as usize;
    assert!((3_000_000..3_001_000).contains(&between), "one buffer");
}

#[tokio::test(start_paused = true)]
async fn what_is_bytes_already_goes_and_comes_as_bytes() {
    let mut stage = stage(LinkSettings::default());
    let link = stage.link();
    let asked = tokio::spawn(async move {
        let ask = Ask {
            key: HeartbeatRequest::KEY,
            version: 0,
            request_form: HeaderForm::Plain,
            response_form: HeaderForm::Plain,
            body: Bytes::from_static(b"body"),
        };
        link.call(&ask, SOON).await
    });
    let mut stream = stage.accepted().await;
    let id = received(&mut stream).await;
    answer_beat(&mut stream, id, ErrorCode(7)).await;
    assert_eq!(&asked.await.unwrap().unwrap()[..], [0, 7]);
}
