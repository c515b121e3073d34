//! Members of groups, as bytes on sockets: what they wait for is the coordinator, not a client's timers.
//!
//! JoinGroup v3, SyncGroup v1, Heartbeat v1, LeaveGroup v1, OffsetCommit v2, without tagged fields. The broker's initial rebalance delay
//! has to be 0.

use crate::raw::{exchange, frame, metadata, send, string};
use std::io::{BufRead, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const REBALANCE_IN_PROGRESS: i64 = 27;
const SESSION_MS: i32 = 60_000;
/// What a consumer of one topic sends along, roughly.
const METADATA: [u8; 100] = [7; 100];
const ASSIGNMENT: [u8; 60] = [9; 60];

fn bytes(some: &[u8]) -> Vec<u8> {
    [&(some.len() as u32).to_be_bytes()[..], some].concat()
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let limit = Some(Duration::from_secs(60));
    stream.set_read_timeout(limit).expect("an option");
    stream
}

/// Waits until the coordinator of a group has been found and has loaded it: until it does not know a member, instead of nothing.
fn find_coordinator(stream: &mut TcpStream, group: &str) {
    const UNKNOWN_MEMBER: i64 = 25;
    let asked = Instant::now();
    let find = frame(10, 1, &[string(group), vec![0]].concat());
    let probe = [string(group), vec![0; 4], string("nobody")].concat();
    loop {
        exchange(stream, &find).expect("an answer");
        let answer = exchange(stream, &frame(12, 1, &probe)).expect("an answer");
        if Answer(answer, 8).number(2) == UNKNOWN_MEMBER {
            return;
        }
        assert!(asked.elapsed() < Duration::from_secs(30), "no coordinator");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Groups of these first numbers meet every partition of the offsets topic, with luck.
const PROBED: usize = 300;

/// Reads an answer from behind its correlation id.
struct Answer(Vec<u8>, usize);

impl Answer {
    fn number(&mut self, size: usize) -> i64 {
        let bytes = &self.0[self.1..self.1 + size];
        self.1 += size;
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | i64::from(*byte))
    }

    fn string(&mut self) -> String {
        let size = self.number(2) as usize;
        self.1 += size;
        String::from_utf8(self.0[self.1 - size..self.1].to_vec()).expect("text")
    }
}

struct Member {
    stream: TcpStream,
    id: String,
    generation: i32,
    /// The ids of all members, on the leader.
    members: Vec<String>,
}

impl Member {
    fn new(address: &str) -> Member {
        Member {
            stream: connect(address),
            id: String::new(),
            generation: 0,
            members: Vec::new(),
        }
    }

    fn join(&mut self, group: &str) {
        let body = [
            string(group),
            SESSION_MS.to_be_bytes().to_vec(),
            SESSION_MS.to_be_bytes().to_vec(),
            string(&self.id),
            string("consumer"),
            1u32.to_be_bytes().to_vec(),
            string("range"),
            bytes(&METADATA),
        ];
        send(&mut self.stream, &frame(11, 3, &body.concat())).expect("sent");
    }

    fn joined(&mut self) {
        let mut answer = self.answer();
        assert_eq!((answer.number(4), answer.number(2)), (0, 0), "joined");
        self.generation = answer.number(4) as i32;
        let (_, leader) = (answer.string(), answer.string());
        self.id = answer.string();
        let count = answer.number(4);
        let member = |_| {
            let id = answer.string();
            let size = answer.number(4) as usize;
            answer.1 += size;
            id
        };
        self.members = (0..count).map(member).collect();
        assert_eq!(leader == self.id, count > 0);
    }

    fn sync(&mut self, group: &str) {
        let mut body = string(group);
        body.extend(self.generation.to_be_bytes());
        body.extend(string(&self.id));
        body.extend((self.members.len() as u32).to_be_bytes());
        for member in &self.members {
            body.extend(string(member));
            body.extend(bytes(&ASSIGNMENT));
        }
        send(&mut self.stream, &frame(14, 1, &body)).expect("sent");
    }

    fn synced(&mut self) {
        let mut answer = self.answer();
        assert_eq!((answer.number(4), answer.number(2)), (0, 0), "synced");
        assert_eq!(answer.number(4), ASSIGNMENT.len() as i64);
    }

    /// The error it is answered.
    fn heartbeat(&mut self, group: &str) -> i64 {
        let mut body = string(group);
        body.extend(self.generation.to_be_bytes());
        body.extend(string(&self.id));
        self.ask(12, &body)
    }

    fn leave(&mut self, group: &str) {
        let body = [string(group), string(&self.id)].concat();
        assert_eq!(self.ask(13, &body), 0, "left");
    }

    fn ask(&mut self, key: i16, body: &[u8]) -> i64 {
        let answer = exchange(&mut self.stream, &frame(key, 1, body)).expect("an answer");
        Answer(answer, 8).number(2)
    }

    fn answer(&mut self) -> Answer {
        Answer(crate::raw::receive(&mut self.stream).expect("an answer"), 4)
    }
}

/// One rebalance. The first causes it, a heartbeat of the second hears of it, and all others join then. How long the first waited for its
/// assignment.
fn rebalance<'a>(group: &str, members: impl Iterator<Item = &'a mut Member>) -> Duration {
    let mut members: Vec<&mut Member> = members.collect();
    let started = Instant::now();
    members[0].join(group);
    if let Some(second) = members.get_mut(1) {
        while second.heartbeat(group) != REBALANCE_IN_PROGRESS {}
    }
    members[1..]
        .iter_mut()
        .for_each(|member| member.join(group));
    members.iter_mut().for_each(|member| member.joined());
    members.iter_mut().for_each(|member| member.sync(group));
    members[0].synced();
    let took = started.elapsed();
    members[1..].iter_mut().for_each(|member| member.synced());
    took
}

/// A group of `count` members whose last one joins, and leaves again, `rounds` times: how long that one waits for its assignment, and
/// how many rebalances there were in a second, those of its leaving included.
pub fn join(address: &str, count: usize, rounds: usize) -> String {
    let group = format!("join-{count}-{}", std::process::id());
    let mut others: Vec<Member> = (1..count).map(|_| Member::new(address)).collect();
    let mut newcomer = Member::new(address);
    find_coordinator(&mut newcomer.stream, &group);
    for ready in 1..count {
        rebalance(&group, others[..ready].iter_mut().rev());
    }
    let mut took_ms: Vec<f64> = Vec::new();
    let started = Instant::now();
    for _ in 0..rounds {
        newcomer.id.clear();
        let everybody = std::iter::once(&mut newcomer).chain(others.iter_mut());
        took_ms.push(rebalance(&group, everybody).as_secs_f64() * 1e3);
        newcomer.leave(&group);
        if count > 1 {
            rebalance(&group, others.iter_mut());
        }
    }
    let rebalances = if count > 1 { 2 * rounds } else { rounds };
    let per_second = rebalances as f64 / started.elapsed().as_secs_f64();
    took_ms.sort_by(f64::total_cmp);
    let at = |share: f64| took_ms[((took_ms.len() - 1) as f64 * share) as usize];
    format!(
        r#"{{"p50_ms": {:.3}, "p99_ms": {:.3}, "rebalances_per_second": {per_second:.1}}}"#,
        at(0.5),
        at(0.99)
    )
}

/// Groups without members that have committed one offset each.
pub fn idle_groups(address: &str, count: usize) -> String {
    let mut stream = connect(address);
    exchange(&mut stream, &metadata("idle")).expect("the topic is created");
    for number in 0..count {
        let group = format!("idle-group-{number}");
        if number < PROBED {
            find_coordinator(&mut stream, &group);
        }
        let body = [
            string(&group),
            (-1i32).to_be_bytes().to_vec(),
            string(""),
            (-1i64).to_be_bytes().to_vec(),
            1u32.to_be_bytes().to_vec(),
            string("idle"),
            1u32.to_be_bytes().to_vec(),
            0u32.to_be_bytes().to_vec(),
            42u64.to_be_bytes().to_vec(),
            string(""),
        ];
        let answer = exchange(&mut stream, &frame(8, 2, &body.concat())).expect("an answer");
        assert_eq!(answer[answer.len() - 2..], [0, 0], "committed");
    }
    format!(r#"{{"groups": {count}}}"#)
}

/// Members that heartbeat once a second: each the only one of its group, all on one connection. Says `ready` when all have
/// joined and had a heartbeat, goes on until standard input ends.
pub fn idle_members(address: &str, count: usize) -> String {
    let mut one = Member::new(address);
    let mut joined: Vec<(String, String, i32)> = Vec::new();
    for number in 0..count {
        let group = format!("idle-member-{number}");
        if number < PROBED {
            find_coordinator(&mut one.stream, &group);
        }
        one.id.clear();
        rebalance(&group, std::iter::once(&mut one));
        joined.push((group, one.id.clone(), one.generation));
    }
    let mut beat = || {
        for (group, id, generation) in &joined {
            (one.id, one.generation) = (id.clone(), *generation);
            assert_eq!(one.heartbeat(group), 0, "alive");
        }
    };
    beat();
    while_standard_input(&mut beat);
    format!(r#"{{"members": {count}}}"#)
}

/// The same with all members in one group and a connection each.
pub fn idle_group_of(address: &str, count: usize) -> String {
    let group = "idle-group-of-many";
    let mut members: Vec<Member> = (0..count).map(|_| Member::new(address)).collect();
    find_coordinator(&mut members[0].stream, group);
    for ready in 1..=count {
        rebalance(group, members[..ready].iter_mut().rev());
    }
    while_standard_input(&mut || {
        for member in &mut members {
            assert_eq!(member.heartbeat(group), 0, "alive");
        }
    });
    format!(r#"{{"members": {count}}}"#)
}

/// Connections that have asked for something once (metadata of no topic), to know what members' connections cost.
pub fn idle_connections(address: &str, count: usize) -> String {
    let mut streams: Vec<TcpStream> = (0..count).map(|_| connect(address)).collect();
    for stream in &mut streams {
        exchange(stream, &frame(3, 4, &[0, 0, 0, 0, 0])).expect("an answer");
    }
    while_standard_input(&mut || ());
    format!(r#"{{"connections": {count}}}"#)
}

fn while_standard_input(turn: &mut dyn FnMut()) {
    turn();
    println!("ready");
    std::io::stdout().flush().expect("written");
    let (sender, ended) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _ends_with_this_thread = sender;
        std::io::stdin().lock().lines().for_each(drop);
    });
    while ended.recv_timeout(Duration::from_secs(1))
        == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
    {
        turn();
    }
}
