//! One fetcher: follows some of the partitions of one leader, over one connection, one fetch at a time.
//!
//! ```text
//!   orders ─▶ Tracked ─▶ Fetch (long poll) ─▶ answer ─▶ append · cut back · pause ─▶ again
//!                              └─ a new partition to follow ─▶ abandoned: it must not wait for the poll to end
//! ```
//! Guarantees: a partition that fails pauses and the others go on; an answer is carried out only where the role and the log are those that
//! were asked for (the partition's writer checks). Source: `AbstractFetcherThread.processFetchRequest`.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use ottla_controller::ids::BrokerId;
use ottla_protocol::messages::fetch::{FetchResponse, PartitionData};
use ottla_protocol::{ErrorCode, Records};
use ottla_storage::batch::batches;
use ottla_storage::broken::{Rule, is_broken};
use ottla_storage::offset::{LeaderEpoch, Offset};

use super::assignment::Key;
use super::inbox::{Inbox, Order};
use super::leaders::Leader;
use super::request::{self, Me};
use super::tracked::{Asked, Plan, Planned, Tracked};
use super::{FollowersOptions, truncation};
use crate::config::ReplicationValues;
use crate::partition::{Cut, FollowError, FromLeader, Partition, Table};
use crate::quota::is_listed;

/// A poll that has just begun is not given up for a new partition: many topics in a row would otherwise open a session for each. More
/// partitions make a session dearer.
const POLL_SHIELDED: Duration = Duration::from_millis(20);
const POLL_SHIELDED_PER_PARTITION: Duration = Duration::from_micros(50);

/// See the module.
pub(super) struct Fetcher {
    pub options: Arc<FollowersOptions>,
    pub leader: BrokerId,
    pub number: usize,
    pub inbox: Arc<Inbox>,
    partitions: BTreeMap<Key, Arc<Partition>>,
    tracked: Tracked,
    /// What takes long to write, and of which partitions that is.
    writing: FuturesUnordered<BoxFuture<'static, Written>>,
    unwritten: BTreeMap<Key, LeaderEpoch>,
    /// The last fetch had no answer.
    is_lost: bool,
    /// Counts polls that were given up, each of which leaves a connection behind.
    given_up: u32,
}

/// How long a throttled replica is held back before it is looked at again: the rate may have been changed.
const HELD_BACK_MAX: Duration = Duration::from_millis(500);

/// How long a fetcher waits for a slow write before it goes on without that partition.
const WRITE_WAIT: Duration = Duration::from_millis(20);

/// What is to be cut back, in which epoch, and to where.
type Cutting = (Key, Arc<Partition>, LeaderEpoch, Cut);

/// An answer that was written, or not, in the epoch it was fetched in.
type Written = (Key, LeaderEpoch, Result<(), FollowError>);

/// How a fetch ended.
enum Ended {
    Answered(FetchResponse),
    Failed(String),
    GivenUp,
    Stopped,
}

impl Fetcher {
    pub fn new(
        options: Arc<FollowersOptions>,
        leader: BrokerId,
        number: usize,
        inbox: Arc<Inbox>,
    ) -> Self {
        Self {
            options,
            leader,
            number,
            inbox,
            partitions: BTreeMap::new(),
            tracked: Tracked::default(),
            writing: FuturesUnordered::new(),
            unwritten: BTreeMap::new(),
            is_lost: false,
            given_up: 0,
        }
    }

    /// Runs until its inbox is closed.
    pub async fn run(mut self) {
        while let Some(orders) = self.inbox.take() {
            let values = (self.options.values)();
            let cuts = orders.into_iter().filter_map(|order| self.obey(order));
            let cuts = cuts.collect();
            self.cut_back(cuts, &values).await;
            self.hold_back();
            let partitions = &self.partitions;
            let plan = self.tracked.plan(self.now(), |key, epoch| {
                Some(position(partitions.get(&key)?, epoch))
            });
            match plan {
                Plan::Wait(pause) => self.wait(pause, &values).await,
                Plan::Fetch(planned) => self.round(&planned, &values).await,
            }
        }
    }

    fn now(&self) -> Duration {
        self.options.clock.elapsed()
    }

    /// Answers what to cut first: a log whose records say no epoch is believed as far as it is known to be committed.
    fn obey(&mut self, order: Order) -> Option<Cutting> {
        match order {
            Order::Follow(key, partition, epoch) => {
                let position = partition.follower_position();
                self.partitions.insert(key, partition.clone());
                self.tracked.add(key, epoch);
                let vouching = partition.clone();
                let vouches = async move { vouching.vouches(epoch).await };
                if self.start_writing(key, epoch, vouches).is_none() {
                    self.tracked.hold(key);
                }
                let is_unsure =
                    position.last_epoch.is_none() && position.end > position.high_watermark;
                is_unsure.then_some((key, partition, epoch, Cut::To(position.high_watermark)))
            }
            Order::Leave(key) => {
                self.leave(key);
                None
            }
        }
    }

    /// Throttled replicas that are not in sync wait while they are over their rate (`shouldFollowerThrottle`).
    fn hold_back(&mut self) {
        let throttle = &self.options.throttles.follower;
        if !throttle.is_limited() {
            return;
        }
        let now = self.now();
        let wait = throttle.wait(now).min(HELD_BACK_MAX);
        if wait.is_zero() {
            return;
        }
        for (key, partition) in &self.partitions {
            if is_throttled(partition, self.options.me)
                && !partition.role().isr.contains(&self.options.me)
            {
                self.tracked.rest(*key, now + wait);
            }
        }
    }

    fn leave(&mut self, key: Key) {
        self.partitions.remove(&key);
        self.tracked.remove(key);
    }

    async fn wait(&mut self, pause: Option<Duration>, values: &ReplicationValues) {
        let inbox = self.inbox.clone();
        let arrived = async {
            match pause {
                None => inbox.arrived().await,
                Some(pause) => drop(tokio::time::timeout(pause, inbox.arrived()).await),
            }
        };
        tokio::select! {
            biased;
            () = arrived => {}
            Some(written) = self.writing.next() => self.written(written, values),
        }
    }

    async fn round(&mut self, planned: &Planned, values: &ReplicationValues) {
        let lane = self.lane();
        let Some(leader) = self.options.leaders.find(self.leader, lane) else {
            return self.lost("its address is not known", values);
        };
        match self.fetch(&*leader, planned, values).await {
            Ended::Stopped => {}
            Ended::GivenUp => {
                self.given_up = self.given_up.wrapping_add(1);
                self.tracked.start_over();
            }
            Ended::Failed(why) => self.lost(&why, values),
            Ended::Answered(response) if response.error_code.is_error() => {
                let error = response.error_code;
                if !self.tracked.refused(Some(error)) {
                    tracing::warn!(leader = %self.leader, error = error.name(), "a leader refused a fetch");
                    self.tracked.pause_all(self.now(), values.fetch_backoff);
                }
            }
            Ended::Answered(response) => {
                self.tracked.answered(response.session_id);
                if std::mem::take(&mut self.is_lost) {
                    tracing::info!(leader = %self.leader, "a leader can be fetched from again");
                }
                self.carry_out(response, &*leader, values).await;
            }
        }
    }

    /// Connections of one leader: fetchers side by side, and a new one for each poll given up.
    fn lane(&self) -> u32 {
        let number = u32::try_from(self.number).unwrap_or(0);
        number.wrapping_add(self.given_up.wrapping_shl(8))
    }

    async fn fetch(
        &mut self,
        leader: &dyn Leader,
        planned: &Planned,
        values: &ReplicationValues,
    ) -> Ended {
        let request = request::fetch(planned, self.me(), values);
        let mut answer = leader.fetch(request, values.socket_timeout);
        let shielded = POLL_SHIELDED
            + POLL_SHIELDED_PER_PARTITION
                .saturating_mul(u32::try_from(self.tracked.len()).unwrap_or(u32::MAX));
        let inbox = self.inbox.clone();
        let mut pressing = pin!(async {
            tokio::time::sleep(shielded).await;
            inbox.pressing().await;
        });
        let mut closed = pin!(inbox.closed());
        loop {
            tokio::select! {
                biased;
                () = &mut closed => return Ended::Stopped,
                answer = &mut answer => return answer.map_or_else(Ended::Failed, Ended::Answered),
                Some(written) = self.writing.next() => self.written(written, values),
                () = &mut pressing => return Ended::GivenUp,
            }
        }
    }

    fn me(&self) -> Me {
        Me {
            broker: self.options.me,
            epoch: (self.options.broker_epoch)(),
        }
    }

    /// The leader cannot be reached.
    fn lost(&mut self, why: &str, values: &ReplicationValues) {
        if !std::mem::replace(&mut self.is_lost, true) {
            tracing::info!(leader = %self.leader, why, partitions = self.partitions.len(), "a leader cannot be fetched from");
        }
        self.tracked.refused(None);
        self.tracked.pause_all(self.now(), values.fetch_backoff);
    }

    async fn carry_out(
        &mut self,
        response: FetchResponse,
        leader: &dyn Leader,
        values: &ReplicationValues,
    ) {
        let mut pieces = Vec::new();
        let mut cuts = Vec::new();
        for (key, data) in request::fetched(response) {
            let (Some(asked), Some(partition)) =
                (self.tracked.asked(key), self.partitions.get(&key).cloned())
            else {
                continue;
            };
            match data.error_code {
                ErrorCode::NONE => match diverging(&partition, &data) {
                    Some(cut) => cuts.push((key, partition, asked.epoch, cut)),
                    None => {
                        match fitting(&self.options.table, &partition, piece(asked, data)).await {
                            Ok(piece) => pieces.push((key, partition, piece)),
                            Err(error) => self.stumbled(key, error, values),
                        }
                    }
                },
                ErrorCode::OFFSET_OUT_OF_RANGE => {
                    match out_of_range(self.me(), &partition, asked, leader, values).await {
                        Ok(Some(cut)) => cuts.push((key, partition, asked.epoch, cut)),
                        Ok(None) => self.tracked.pause(key, self.now(), values.fetch_backoff),
                        Err(error) => self.refused(key, &partition, error, values),
                    }
                }
                error => self.refused(key, &partition, error, values),
            }
        }
        self.append(pieces, values).await;
        self.cut_back(cuts, values).await;
    }

    /// Writes, and waits a little for what is not written at once: a slow directory must not hold up the others.
    async fn append(
        &mut self,
        pieces: Vec<(Key, Arc<Partition>, FromLeader)>,
        values: &ReplicationValues,
    ) {
        let options = self.options.clone();
        let throttle = &options.throttles.follower;
        for (key, partition, piece) in pieces {
            if throttle.is_limited() && is_throttled(&partition, options.me) {
                throttle.record(piece.records.len(), options.clock.elapsed());
            }
            let epoch = piece.epoch;
            let following = async move { partition.follow(piece).await };
            if let Some(written) = self.start_writing(key, epoch, following) {
                self.written((key, epoch, written), values);
            }
        }
        let deadline = self.options.clock.deadline(WRITE_WAIT);
        while let Ok(Some(written)) = tokio::time::timeout_at(deadline, self.writing.next()).await {
            self.written(written, values);
        }
        for (key, epoch) in &self.unwritten {
            if self.tracked.epoch(*key) == Some(*epoch) {
                self.tracked.hold(*key);
            }
        }
    }

    /// Answers the outcome, if it is there at once.
    fn start_writing(
        &mut self,
        key: Key,
        epoch: LeaderEpoch,
        writing: impl Future<Output = Result<(), FollowError>> + Send + 'static,
    ) -> Option<Result<(), FollowError>> {
        let mut writing = writing.boxed();
        let written = (&mut writing).now_or_never();
        if written.is_none() {
            self.unwritten.insert(key, epoch);
            let writing = writing.map(move |written| (key, epoch, written));
            self.writing.push(writing.boxed());
        }
        written
    }

    fn written(&mut self, (key, epoch, written): Written, values: &ReplicationValues) {
        if self.unwritten.get(&key) == Some(&epoch) {
            self.unwritten.remove(&key);
        }
        if self.tracked.epoch(key) != Some(epoch) {
            return;
        }
        self.tracked.release(key);
        match written {
            Ok(()) => self.tracked.went_on(key),
            Err(error) => self.stumbled(key, error, values),
        }
    }

    async fn cut_back(&mut self, cuts: Vec<Cutting>, values: &ReplicationValues) {
        if cuts.is_empty() {
            return;
        }
        if is_broken(Rule::Truncation) {
            let keys = cuts.iter().map(|(key, ..)| *key);
            return keys.for_each(|key| self.tracked.pause(key, self.now(), values.fetch_backoff));
        }
        let (keys, cuts): (Vec<_>, Vec<_>) = cuts
            .into_iter()
            .map(|(key, partition, epoch, cut)| (key, (partition, epoch, cut)))
            .unzip();
        let answers = self.options.table.cut_back(&cuts).await;
        for (key, answer) in keys.into_iter().zip(answers) {
            match answer {
                Ok(()) if self.has_moved(key) => self.tracked.look_again(key),
                // Asking the same again would get the same answer, at once.
                Ok(()) => self.tracked.pause(key, self.now(), values.fetch_backoff),
                Err(error) => self.stumbled(key, error, values),
            }
        }
    }

    /// Whether it is to be asked for otherwise than it was.
    fn has_moved(&self, key: Key) -> bool {
        let asked = self.tracked.asked(key);
        self.partitions.get(&key).is_some_and(|partition| {
            asked.is_none_or(|asked| asked != position(partition, asked.epoch))
        })
    }

    /// A partition did not do what the leader's answer asks.
    fn stumbled(&mut self, key: Key, error: FollowError, values: &ReplicationValues) {
        match error {
            // An order about it is on its way, if the role is another. If the log is, its position is asked for again.
            FollowError::Superseded => self.tracked.pause(key, self.now(), values.fetch_backoff),
            FollowError::Invalid(why) => {
                tracing::error!(partition = self.name(key), leader = %self.leader, why, "what a leader sent cannot be appended");
                self.tracked.pause(key, self.now(), values.fetch_backoff);
            }
            FollowError::Full => {
                tracing::warn!(
                    partition = self.name(key),
                    "no room to follow: the log directory is full"
                );
                self.tracked.pause(key, self.now(), values.fetch_backoff);
            }
            FollowError::Failed => {
                tracing::error!(
                    partition = self.name(key),
                    "a follower's log has failed; it is followed no longer"
                );
                self.leave(key);
            }
        }
    }

    /// The leader answered with an error for this partition.
    fn refused(
        &mut self,
        key: Key,
        partition: &Partition,
        error: ErrorCode,
        values: &ReplicationValues,
    ) {
        if error == ErrorCode::FENCED_LEADER_EPOCH {
            // The metadata names a later epoch, and will here: then it is followed again.
            tracing::info!(%partition, leader = %self.leader, "waiting to hear of a newer leader epoch");
            return self.leave(key);
        }
        tracing::debug!(%partition, leader = %self.leader, error = error.name(), "a partition could not be fetched");
        self.tracked.pause(key, self.now(), values.fetch_backoff);
    }

    fn name(&self, key: Key) -> String {
        self.partitions
            .get(&key)
            .map_or_else(String::new, |partition| partition.to_string())
    }
}

/// Whether this broker's replica of the partition is throttled, in sync or not.
fn is_throttled(partition: &Partition, me: BrokerId) -> bool {
    let in_force = partition.topic().in_force();
    is_listed(
        &in_force.config.follower_throttled_replicas,
        partition.index(),
        me.0,
    )
}

/// What to cut when the leader does not have what was asked for.
async fn out_of_range(
    me: Me,
    partition: &Partition,
    asked: Asked,
    leader: &dyn Leader,
    values: &ReplicationValues,
) -> Result<Option<Cut>, ErrorCode> {
    let (topic, index) = (partition.topic().name(), partition.index());
    let mut found = [Offset::NONE; 2];
    let requests = request::bounds(topic, index, asked.epoch, me);
    for (offset, request) in found.iter_mut().zip(requests) {
        let listing = leader.list_offsets(request, values.socket_timeout);
        let listed = listing.await.map_err(|_| ErrorCode::NETWORK_EXCEPTION)?;
        *offset = request::listed(&listed)?;
    }
    let [start, end] = found;
    let cut = truncation::out_of_range(asked.offset, start, end);
    tracing::info!(%partition, asked = %asked.offset, leader_start = %start, leader_end = %end, ?cut, "the leader does not have what comes next");
    Ok(cut)
}

/// What to ask for a partition.
fn position(partition: &Partition, epoch: LeaderEpoch) -> Asked {
    let position = partition.follower_position();
    Asked {
        epoch,
        offset: position.end,
        log_start: position.log_start,
        // A leader that is not told of it does not compare histories.
        last_epoch: position.last_epoch.filter(|_| !is_broken(Rule::Truncation)),
    }
}

fn diverging(partition: &Partition, data: &PartitionData) -> Option<Cut> {
    let leaders = (
        LeaderEpoch(data.diverging_epoch.epoch),
        Offset(data.diverging_epoch.end_offset),
    );
    if leaders.0 < LeaderEpoch(0) || leaders.1 < Offset::ZERO {
        return None;
    }
    let own = partition.own_end_of_epoch(leaders.0);
    let own_end = partition.follower_position().end;
    Some(truncation::diverging(leaders, own, own_end))
}

/// A piece that the log can take: one that is empty begins anew where the piece does, should the leader's log start within a batch.
async fn fitting(
    table: &Arc<Table>,
    partition: &Arc<Partition>,
    piece: FromLeader,
) -> Result<FromLeader, FollowError> {
    let position = partition.follower_position();
    if position.log_start != position.end || position.end != piece.fetch_offset {
        return Ok(piece);
    }
    let first = batches(piece.records.clone()).next().and_then(Result::ok);
    let Some(first) = first.map(|batch| batch.header) else {
        return Ok(piece);
    };
    let bounds = (first.base_offset, first.last_offset());
    let Some(base) = truncation::begins_within(position.end, bounds) else {
        return Ok(piece);
    };
    let cut = (partition.clone(), piece.epoch, Cut::RestartAt(base));
    for answer in table.cut_back(&[cut]).await {
        answer?;
    }
    Ok(FromLeader {
        fetch_offset: base,
        ..piece
    })
}

fn piece(asked: Asked, data: PartitionData) -> FromLeader {
    FromLeader {
        epoch: asked.epoch,
        fetch_offset: asked.offset,
        records: match data.records {
            Records::Bytes(records) => records,
            Records::Null | Records::Deferred(_) => Bytes::new(),
        },
        high_watermark: Offset(data.high_watermark),
        log_start: Offset(data.log_start_offset),
    }
}
