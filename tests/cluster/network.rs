//! A network whose wires can be cut: each node in a network namespace, a router between them that loses packets on demand.
//!
//! ```text
//!    test ──┐
//!    node 1 ┤ router      A cut is a rule of the router (`ip rule … blackhole`): packets from one address to another are lost without a
//!    node 2 ┤             word, as on a broken switch. Connections stay open and time out. `compat-tests/run/network.py` does the same.
//!    node 3 ┘
//! ```
//! A test that wants one runs again as a process in a namespace of its own ([`is_inside`]). Namespaces are anonymous and held by processes
//! that die with the test, so that nothing is left behind, and the machine's own network is never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Set for a test that runs in a namespace of its own.
const INSIDE: &str = "OTTLA_INSIDE_A_NETWORK";
const ROUTER: i32 = 0;
/// The test's place, beside the nodes' ids.
const CLIENT: i32 = 100;
const PROBE: &str = "ip link set lo up && ip link add one type veth peer name two && ip rule add from 10.80.1.2 to 10.80.2.2 blackhole \
    && echo 1 >/proc/sys/net/ipv4/ip_forward";

/// Whether this is the test in its namespace. If not, the test of this name (`partitions::…`) is run there, and its verdict is this one's.
/// Where the machine does not permit that, the test is skipped with the reason, or fails under `CI=true`.
pub fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if let Some(reason) = refusal() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "no network partitions: {reason}"
        );
        println!("skipped: {reason}");
        return false;
    }
    let program = std::env::current_exe().expect("this program has a path");
    let output = unshared()
        .arg(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .expect("unshare starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let has_passed = output.status.success() && said.contains("1 passed");
    assert!(
        has_passed,
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    false
}

/// Why this machine lets nobody make namespaces.
fn refusal() -> Option<String> {
    match unshared().args(["sh", "-c", PROBE]).output() {
        Err(error) => Some(format!("setpriv or unshare: {error}")),
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr);
            Some(format!(
                "network namespaces are not permitted: {}",
                why.trim()
            ))
        }
    }
}

/// The beginning of a command that runs in a new namespace and dies with this thread.
fn unshared() -> Command {
    let mut command = dying_together();
    command.args(["unshare", "--net"]);
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.arg("--");
    command
}

fn dying_together() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]);
    command
}

/// The router and a place for each node; the test's is the namespace it runs in.
pub struct Network {
    holders: BTreeMap<i32, Child>,
    nodes: Vec<i32>,
    cuts: Mutex<BTreeSet<(i32, i32)>>,
}

impl Network {
    pub fn of(count: i32) -> Self {
        assert!(
            std::env::var_os(INSIDE).is_some(),
            "the machine's own network is left alone"
        );
        let nodes: Vec<i32> = (1..=count).collect();
        let places = std::iter::once(ROUTER).chain(nodes.iter().copied());
        let network = Self {
            holders: places.map(|place| (place, hold())).collect(),
            nodes: nodes.clone(),
            cuts: Mutex::default(),
        };
        for setting in [
            "ip_forward=1",
            "conf/all/rp_filter=0",
            "conf/default/rp_filter=0",
        ] {
            let (name, value) = setting.split_once('=').expect("a name and a value");
            let write = format!("echo {value} > /proc/sys/net/ipv4/{name}");
            run(network.command(ROUTER, "sh").args(["-c", &write]));
        }
        for place in nodes.into_iter().chain([CLIENT]) {
            network.connect(place);
        }
        network
    }

    pub fn address(place: i32) -> String {
        format!("10.80.{place}.2")
    }

    /// A program that is to run in this place.
    pub fn command(&self, place: i32, program: &str) -> Command {
        let Some(holder) = self.holders.get(&place) else {
            return Command::new(program);
        };
        let mut command = dying_together();
        command
            .arg("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", holder.id()))
            .args(["--", program]);
        command
    }

    fn connect(&self, place: i32) {
        let (peer, gateway) = (format!("to{place}"), format!("10.80.{place}.1"));
        let router = self.holders[&ROUTER].id().to_string();
        let ip = |at: i32, arguments: &str| {
            run(self.command(at, "ip").args(arguments.split(' ')));
        };
        ip(place, "link set lo up");
        ip(
            place,
            &format!("link add out type veth peer name {peer} netns {router}"),
        );
        ip(ROUTER, &format!("addr add {gateway}/24 dev {peer}"));
        ip(ROUTER, &format!("link set {peer} up"));
        ip(
            place,
            &format!("addr add {}/24 dev out", Self::address(place)),
        );
        ip(place, "link set out up");
        ip(place, &format!("route add default via {gateway}"));
    }

    pub fn silence(&self, node: i32) {
        for other in self.nodes.iter().filter(|other| **other != node) {
            self.cut(node, *other);
        }
    }

    pub fn deafen(&self, node: i32) {
        for other in self.nodes.iter().filter(|other| **other != node) {
            self.cut(*other, node);
        }
    }

    pub fn heal(&self, node: i32) {
        self.cuts.lock().expect("not poisoned").retain(|way| {
            let stays = way.0 != node && way.1 != node;
            if !stays {
                self.rule("del", *way);
            }
            stays
        });
    }

    fn cut(&self, from: i32, to: i32) {
        let mut cuts = self.cuts.lock().expect("not poisoned");
        if cuts.insert((from, to)) {
            self.rule("add", (from, to));
        }
    }

    fn rule(&self, verb: &str, (from, to): (i32, i32)) {
        let (from, to) = (Self::address(from), Self::address(to));
        let arguments = ["rule", verb, "from", &from, "to", &to, "blackhole"];
        run(self.command(ROUTER, "ip").args(arguments));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for holder in self.holders.values_mut() {
            // It dies with the test anyway.
            let _ = holder.kill();
            let _ = holder.wait();
        }
    }
}

/// A process that keeps a new namespace.
fn hold() -> Child {
    let mut holder = dying_together()
        .args(["unshare", "--net", "--", "sleep", "infinity"])
        .stdin(Stdio::null())
        .spawn()
        .expect("setpriv starts");
    let deadline = Instant::now() + Duration::from_secs(10);
    let own = fs::read_link("/proc/self/ns/net").expect("a namespace");
    while fs::read_link(format!("/proc/{}/ns/net", holder.id())).is_ok_and(|its| its == own) {
        let has_ended = holder.try_wait().expect("a child").is_some();
        assert!(!has_ended && Instant::now() < deadline, "no namespace");
        std::thread::sleep(Duration::from_millis(2));
    }
    holder
}

fn run(command: &mut Command) {
    let output = command.output().expect("it starts");
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {why}");
}
