//! A group on one topic, whose members are polled in turns, commit what they read, and never own a partition together.

use crate::book::wait_for;
use crate::cluster::{address, config, name, next, text};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const TURN: Duration = Duration::from_millis(20);

pub struct Group {
    pub id: String,
    pub values: BTreeSet<String>,
    topic: String,
    assignor: String,
    members: BTreeMap<&'static str, BaseConsumer>,
    children: Vec<Child>,
}

impl Group {
    pub fn new(topic: &str, assignor: &str) -> Group {
        Group {
            id: name("group"),
            values: BTreeSet::new(),
            topic: topic.to_owned(),
            assignor: assignor.to_owned(),
            members: BTreeMap::new(),
            children: Vec::new(),
        }
    }

    pub fn join(&mut self, name: &'static str, settings: &[(&str, &str)]) {
        let member = member(&address(), &self.id, &self.topic, &self.assignor, settings);
        self.members.insert(name, member);
    }

    pub fn commit(&self, name: &str, offsets: &TopicPartitionList) {
        self.members[name]
            .commit(offsets, CommitMode::Sync)
            .expect("committed");
    }

    /// A static member says nothing to the broker.
    pub fn leave(&mut self, name: &str) {
        self.members.remove(name);
    }

    pub fn owned(&self) -> BTreeMap<&'static str, BTreeSet<i32>> {
        let owned = |(name, member): (&&'static str, &BaseConsumer)| (*name, partitions(member));
        self.members.iter().map(owned).collect()
    }

    /// Polls until the members own these many partitions each, in any order.
    pub fn settle(&mut self, sizes: &[usize]) {
        let mut found = Vec::new();
        wait_for("the members share the partitions", || {
            self.turn();
            found = self.owned().values().map(BTreeSet::len).collect::<Vec<_>>();
            found.sort_unstable();
            (found == sizes).then_some(())
        });
    }

    /// Polls until so many different values have been read.
    pub fn read(&mut self, count: usize) {
        wait_for("the values", || {
            self.turn();
            (self.values.len() >= count).then_some(())
        });
    }

    fn turn(&mut self) {
        for member in self.members.values() {
            while let Some(message) = next(member, TURN) {
                self.values.insert(text(&message));
                let mut read = TopicPartitionList::new();
                read.add_partition_offset(
                    message.topic(),
                    message.partition(),
                    rdkafka::Offset::Offset(message.offset() + 1),
                )
                .expect("a valid offset");
                // In a rebalance it is refused; the next owner reads the record again.
                let _ = member.commit(&read, CommitMode::Sync);
            }
        }
        let owned: Vec<i32> = self.owned().into_values().flatten().collect();
        let different: BTreeSet<i32> = owned.iter().copied().collect();
        assert_eq!(
            owned.len(),
            different.len(),
            "owned twice: {:?}",
            self.owned()
        );
    }

    /// A member in a process of its own, killed once it owned so many partitions, while the others are polled.
    pub fn crash_one(&mut self, owning: usize, before: impl FnOnce(&mut Group)) {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args(["member", &address(), &self.id, &self.topic, &self.assignor])
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        self.children.push(child);
        let (sender, heard) = mpsc::channel();
        std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        wait_for("the other process owns its share", || {
            self.turn();
            let line = heard.try_recv().ok()?;
            (line == format!("owns {owning}")).then_some(())
        });
        before(self);
        self.end_children();
    }

    fn end_children(&mut self) {
        for mut child in self.children.drain(..) {
            child.kill().expect("killed");
            child.wait().expect("ended");
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end_children();
    }
}

fn partitions(member: &BaseConsumer) -> BTreeSet<i32> {
    let assignment = member.assignment().expect("an assignment");
    let partitions = assignment.elements();
    partitions.iter().map(|one| one.partition()).collect()
}

fn member(
    address: &str,
    group: &str,
    topic: &str,
    assignor: &str,
    settings: &[(&str, &str)],
) -> BaseConsumer {
    let mut config = config(&[
        ("bootstrap.servers", address),
        ("group.id", group),
        ("partition.assignment.strategy", assignor),
        ("enable.auto.commit", "false"),
        ("auto.offset.reset", "earliest"),
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "300"),
        ("fetch.wait.max.ms", "20"),
    ]);
    for (key, value) in settings {
        config.set(*key, *value);
    }
    let member: BaseConsumer = config.create().expect("a consumer");
    member.subscribe(&[topic]).expect("subscribed");
    member
}

/// Reads, never commits, says how many partitions it owns, and is going to be killed.
pub fn be_a_member(address: &str, group: &str, topic: &str, assignor: &str) -> ! {
    let member = member(address, group, topic, assignor, &[]);
    let mut said = 0;
    loop {
        let _ = next(&member, Duration::from_millis(100));
        let owned = partitions(&member).len();
        if owned != said {
            said = owned;
            println!("owns {owned}");
        }
    }
}
