//! A connection over an in-memory stream, with handlers that do as the frame says.

use super::*;
use crate::api::dispatch::{Encoded, Refusal};
use crate::api::{self, ConnectionId, Endpoint, Listener, Peer, Principal};
use crate::metrics::Metrics;
use crate::net::settings::Settings;
use crate::world::{Clock, Workers};
use bytes::{BufMut, Bytes, BytesMut};
use ottla_protocol::{ApiKey, Chunk, DecodeError, Decoder};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

/// What the stand-in handler does, the first byte of a frame.
#[derive(Clone, Copy)]
enum Does {
    /// Answers after a time in the handler.
    Now = 0,
    /// Answers after a time outside the handler.
    Later = 1,
    Never = 2,
    Close = 3,
    Unserved = 4,
    /// Answers at once with as many bytes as the number says.
    Long = 5,
    /// Answers at once, and asks to be left alone for so many milliseconds.
    Rest = 6,
}

fn stand_in(_: &Session, frame: Bytes, received: Duration) -> Result<Running, Refusal> {
    let mut from = Decoder::new(frame);
    let mut read = || Ok((from.i8()?, from.i32()?, from.i32()?));
    let (does, id, number) = read().map_err(|error: DecodeError| Refusal::Header(error))?;
    if does == Does::Unserved as i8 {
        return Err(Refusal::NotServed(ApiKey(4)));
    }
    let rest = Duration::from_millis(number as u64);
    let length = if does == Does::Long as i8 {
        number as usize
    } else {
        0
    };
    let answer = Answer::Send(Encoded {
        chunks: answer(id, length),
        is_not_controller: false,
        receipt: Receipt::new(0, 8, received),
        rest: match does {
            6 => Duration::from_millis(number as u64),
            _ => Duration::ZERO,
        },
    });
    Ok(Box::pin(async move {
        match does {
            0 => {
                tokio::time::sleep(rest).await;
                Outcome::Now(answer)
            }
            1 => Outcome::Later(Box::pin(async move {
                tokio::time::sleep(rest).await;
                answer
            })),
            2 => Outcome::Now(Answer::Nothing),
            3 => Outcome::Now(Answer::Close("asked to")),
            _ => Outcome::Now(answer),
        }
    }))
}

fn answer(id: i32, length: usize) -> Vec<Chunk> {
    let mut frame = BytesMut::new();
    frame.put_i32(4 + length as i32);
    frame.put_i32(id);
    frame.put_bytes(7, length);
    vec![Chunk::Bytes(frame.freeze())]
}

struct Client {
    stream: DuplexStream,
    served: JoinHandle<CloseReason>,
    stop: watch::Sender<bool>,
    metrics: Arc<Metrics>,
    /// Handlers that ran to their end.
    finished: Arc<AtomicUsize>,
    started: Instant,
}

fn connect() -> Client {
    connect_with(Settings::default(), 64 * 1024)
}

fn connect_with(settings: Settings, pipe_bytes: usize) -> Client {
    Node::new(settings).connect(1, pipe_bytes)
}

/// What connections share.
struct Node {
    serving: Arc<Serving>,
    finished: Arc<AtomicUsize>,
}

impl Node {
    fn new(settings: Settings) -> Self {
        let metrics = Arc::new(Metrics::new(api::labels()));
        let (clock, workers) = (Clock::simulated(0), Workers::tasks());
        let finished = Arc::new(AtomicUsize::new(0));
        let count = finished.clone();
        let dispatch = Arc::new(move |session: &Session, frame, received| {
            let (running, count) = (stand_in(session, frame, received)?, count.clone());
            let counted: Running = Box::pin(async move {
                let outcome = running.await;
                count.fetch_add(1, Ordering::Relaxed);
                outcome
            });
            Ok(counted)
        });
        let serving = Serving::new(clock, metrics, dispatch, settings, workers);
        Self {
            serving: Arc::new(serving),
            finished,
        }
    }

    fn connect(&self, id: u64, pipe_bytes: usize) -> Client {
        let metrics = self.serving.metrics.clone();
        let advertised = Endpoint {
            host: "localhost".into(),
            port: 9092,
        };
        let peer = Peer {
            connection_id: ConnectionId(id),
            address: "127.0.0.1:1".parse().unwrap(),
            listener: Arc::new(Listener {
                name: "PLAINTEXT".to_owned(),
                protocol: crate::config::SecurityProtocol::Plaintext,
                advertised,
                serves: crate::api::Serves::CLIENTS,
            }),
            software: OnceLock::new(),
        };
        let (near, stream) = tokio::io::duplex(pipe_bytes);
        let connection = Connection::new(
            near,
            Session::begin(Arc::new(peer), Principal::anonymous()),
            metrics.connections.listener("PLAINTEXT"),
            self.serving.clone(),
        );
        let (stop, stopping) = watch::channel(false);
        Client {
            stream,
            served: tokio::spawn(connection.run(stopping)),
            stop,
            metrics,
            finished: self.finished.clone(),
            started: Instant::now(),
        }
    }

    fn held_bytes(&self) -> i64 {
        self.serving.metrics.connections.response_memory_bytes.get()
    }
}

impl Client {
    async fn send(&mut self, does: Does, id: i32, number: i32) {
        let mut frame = BytesMut::new();
        frame.put_i32(9);
        frame.put_i8(does as i8);
        frame.put_i32(id);
        frame.put_i32(number);
        self.stream.write_all(&frame).await.unwrap();
    }

    /// The id of the next answer, and when it came.
    async fn next(&mut self) -> (i32, u128) {
        let length = self.stream.read_i32().await.unwrap();
        let id = self.stream.read_i32().await.unwrap();
        let mut rest = vec![0; length as usize - 4];
        self.stream.read_exact(&mut rest).await.unwrap();
        assert!(rest.iter().all(|byte| *byte == 7));
        (id, self.started.elapsed().as_millis())
    }

    async fn reason(self) -> CloseReason {
        self.served.await.unwrap()
    }

    async fn is_closed(&mut self) -> bool {
        self.stream.read(&mut [0]).await.unwrap() == 0
    }
}

#[tokio::test(start_paused = true)]
async fn answers_leave_in_request_order_while_their_waits_overlap() {
    let mut client = connect();
    client.send(Does::Later, 1, 300).await;
    client.send(Does::Later, 2, 100).await;
    client.send(Does::Never, 3, 0).await;
    client.send(Does::Now, 4, 50).await;
    assert_eq!(client.next().await, (1, 300));
    assert_eq!(client.next().await, (2, 300));
    assert_eq!(client.next().await, (4, 300));
}

#[tokio::test(start_paused = true)]
async fn a_finished_answer_is_written_while_a_later_handler_still_runs() {
    let mut client = connect();
    client.send(Does::Later, 1, 10).await;
    client.send(Does::Now, 2, 1_000).await;
    assert_eq!(client.next().await, (1, 10));
    assert_eq!(client.next().await, (2, 1_000));
}

#[tokio::test(start_paused = true)]
async fn handlers_of_one_connection_run_one_at_a_time() {
    let mut client = connect();
    client.send(Does::Now, 1, 100).await;
    client.send(Does::Now, 2, 100).await;
    assert_eq!(client.next().await, (1, 100));
    assert_eq!(client.next().await, (2, 200));
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_is_under_way() {
    let mut client = connect();
    for id in 0..=IN_FLIGHT_MAX as i32 {
        client.send(Does::Later, id, 100).await;
    }
    for id in 0..IN_FLIGHT_MAX as i32 {
        assert_eq!(client.next().await, (id, 100));
    }
    let (id, at) = client.next().await;
    assert_eq!(
        (id, at),
        (IN_FLIGHT_MAX as i32, 200),
        "started when the first was answered"
    );
}

#[tokio::test(start_paused = true)]
async fn a_close_comes_after_the_answers_before_it_and_instead_of_those_behind() {
    let mut client = connect();
    client.send(Does::Later, 1, 100).await;
    client.send(Does::Close, 2, 0).await;
    client.send(Does::Now, 3, 0).await;
    assert_eq!(client.next().await, (1, 100));
    assert!(client.is_closed().await);
    assert_eq!(client.reason().await, CloseReason::Handler);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_served_closes_the_connection_once_earlier_requests_are_answered() {
    let mut client = connect();
    client.send(Does::Later, 1, 100).await;
    client.send(Does::Unserved, 2, 0).await;
    assert_eq!(client.next().await, (1, 100));
    assert!(client.is_closed().await);
    assert_eq!(client.reason().await, CloseReason::Protocol);
}

#[tokio::test(start_paused = true)]
async fn garbage_closes_the_connection_and_takes_no_memory() {
    for prefix in [i32::MAX, -1, 100 * 1024 * 1024 + 1, 0] {
        let mut client = connect();
        client.stream.write_i32(prefix).await.unwrap();
        assert!(client.is_closed().await, "{prefix}");
        assert_eq!(client.metrics.connections.request_memory_bytes.get(), 0);
        assert_eq!(client.reason().await, CloseReason::Protocol);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_sending_still_gets_its_answers() {
    let mut client = connect();
    client.send(Does::Later, 1, 100).await;
    client.send(Does::Now, 2, 100).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.next().await, (1, 100));
    assert_eq!(client.next().await, (2, 100));
    assert_eq!(client.reason().await, CloseReason::Client);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_counting_from_the_last_answer() {
    let mut client = connect();
    client.send(Does::Now, 1, 30_000).await;
    assert_eq!(client.next().await, (1, 30_000));
    assert!(client.is_closed().await);
    assert_eq!(client.started.elapsed(), Duration::from_secs(630));
    assert_eq!(client.reason().await, CloseReason::Idle);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_broker_is_not_idleness() {
    let mut client = connect();
    client.send(Does::Later, 1, 2_000_000).await;
    assert_eq!(client.next().await, (1, 2_000_000));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_byte_by_byte_is_idle() {
    let mut client = connect();
    client.stream.write_i32(10_000).await.unwrap();
    let mut sent = 0;
    while client.stream.write_u8(0).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sent += 1;
        assert!(sent < 1_000, "still open");
    }
    assert_eq!(client.reason().await, CloseReason::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_its_answers_is_idle() {
    let mut client = connect_with(Settings::default(), 1_024);
    client.send(Does::Long, 1, 1_000_000).await;
    let stream = client.stream;
    assert_eq!(client.served.await.unwrap(), CloseReason::Idle);
    drop(stream);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_starts_no_more_requests() {
    let mut client = connect();
    for id in 0..20 {
        client.send(Does::Long, id, 512 * 1024).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let text = client.metrics.text();
    let sent = client
        .metrics
        .connections
        .listener("PLAINTEXT")
        .sent_bytes
        .get();
    assert!(sent <= 64 * 1024, "{text}");
    for id in 0..20 {
        assert_eq!(client.next().await.0, id);
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_finishes_what_is_in_flight_and_starts_nothing() {
    let mut client = connect();
    client.send(Does::Now, 1, 1_000).await;
    client.send(Does::Now, 2, 1_000).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.stop.send_replace(true);
    assert_eq!(client.next().await, (1, 1_000));
    assert!(client.is_closed().await);
    assert_eq!(client.reason().await, CloseReason::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_for_ever() {
    let mut client = connect();
    client.send(Does::Now, 1, 3_600_000).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.stop.send_replace(true);
    assert!(client.is_closed().await);
    assert_eq!(
        client.started.elapsed(),
        Duration::from_millis(10) + Settings::default().drain
    );
}

#[tokio::test(start_paused = true)]
async fn bytes_and_reasons_are_counted() {
    let mut client = connect();
    client.send(Does::Now, 1, 0).await;
    client.next().await;
    client.stream.shutdown().await.unwrap();
    assert!(client.is_closed().await);
    let text = client.metrics.text();
    for line in [
        r#"ottla_network_received_bytes_total{listener="PLAINTEXT"} 13"#,
        r#"ottla_network_sent_bytes_total{listener="PLAINTEXT"} 8"#,
        r#"ottla_connections_closed_total{listener="PLAINTEXT",reason="client"} 1"#,
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_finished_though_its_client_has_gone() {
    let mut client = connect_with(Settings::default(), 1_000);
    client.send(Does::Long, 1, 100_000).await;
    client.send(Does::Now, 2, 60_000).await;
    client.send(Does::Now, 3, 0).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    drop(client.stream);
    assert_eq!(client.served.await.unwrap(), CloseReason::Network);
    assert_eq!(client.started.elapsed(), Duration::from_secs(60));
    assert_eq!(
        client.finished.load(Ordering::Relaxed),
        2,
        "and the next is not begun"
    );
}

#[test]
fn a_resting_connection_is_small() {
    let connection = size_of::<Connection<tokio::net::TcpStream>>();
    assert!(connection <= 1024, "{connection} bytes");
    fn running<F: Future>(
        _: fn(Connection<tokio::net::TcpStream>, watch::Receiver<bool>) -> F,
    ) -> usize {
        size_of::<F>()
    }
    let task = running(Connection::run);
    assert!(task <= 2048, "{task} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_client_over_its_quota_is_answered_at_once_and_then_left_unread() {
    let mut client = connect();
    client.send(Does::Rest, 1, 700).await;
    client.send(Does::Now, 2, 0).await;
    assert_eq!(client.next().await, (1, 0));
    assert_eq!(client.next().await, (2, 700));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_put_out_once_memory_for_answers_is_short() {
    let settings = Settings {
        response_memory_bytes: 100_000,
        ..Settings::default()
    };
    let mut idle = connect_with(settings.clone(), 1_024);
    idle.send(Does::Long, 1, 50_000).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!idle.served.is_finished(), "there is memory for others");
    let mut greedy = connect_with(settings, 1_024);
    greedy.send(Does::Long, 1, 200_000).await;
    let began = Instant::now();
    assert_eq!(greedy.reason().await, CloseReason::Unread);
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn unread_answers_are_bounded_however_many_clients_do_not_read_them() {
    let node = Node::new(Settings {
        response_memory_bytes: 100_000,
        ..Settings::default()
    });
    let mut crowd = Vec::new();
    for id in 0..50 {
        let mut greedy = node.connect(id, 1_024);
        greedy.send(Does::Long, 1, 50_000).await;
        greedy.send(Does::Long, 2, 50_000).await;
        crowd.push(greedy);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(node.held_bytes() <= 200_100, "{}", node.held_bytes());
        let mut decent = node.connect(1_000 + id, 1_024);
        decent.send(Does::Long, 3, 60_000).await;
        assert_eq!(decent.next().await.0, 3);
    }
    assert!(!crowd.pop().unwrap().served.is_finished(), "the last one");
    assert_eq!(crowd.remove(0).reason().await, CloseReason::Unread);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_ready_and_not_due_are_counted_and_bounded() {
    let node = Node::new(Settings {
        response_memory_bytes: 100_000,
        ..Settings::default()
    });
    let mut client = node.connect(1, 1_024);
    client.send(Does::Later, 0, 2_000).await;
    for id in 1..10 {
        client.send(Does::Long, id, 40_000).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!((100_000..160_000).contains(&node.held_bytes()));
    for id in 0..10 {
        assert_eq!(client.next().await, (id, 2_000));
    }
    assert_eq!(node.held_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_a_client_that_takes_nothing_no_more_is_read_once_memory_is_short() {
    let node = Node::new(Settings {
        response_memory_bytes: 10_000,
        ..Settings::default()
    });
    let mut client = node.connect(1, 1_024);
    client.send(Does::Long, 1, 20_000).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut frame = BytesMut::new();
    frame.put_i32(200_000);
    frame.put_bytes(Does::Never as u8, 200_000);
    let sending = tokio::time::timeout(Duration::from_secs(1), client.stream.write_all(&frame));
    assert!(sending.await.is_err(), "it was read ahead");
    assert_eq!(client.metrics.connections.request_memory_bytes.get(), 0);
}
