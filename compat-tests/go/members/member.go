package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	pause    = 200 * time.Millisecond
	patience = 5 * time.Second
)

// A member commits a number for each partition that it owns, one more each time, beginning with one more than what is stored. After a
// failed call it looks up again what is stored, since a commit may have been carried out unanswered. Rebalances wait while it works
// (BlockRebalanceOnPoll), so callbacks and the loop never meet.
type member struct {
	name, group, topic string
	client             *kgo.Client
	owned              map[int32]bool
	next               map[int32]int64
	leaving            chan struct{}
}

func join(name string, settings map[string]string) *member {
	one := &member{name: name, group: settings["group"], topic: settings["topic"], owned: map[int32]bool{}, next: map[int32]int64{}, leaving: make(chan struct{})}
	balancer := kgo.RangeBalancer()
	if settings["strategy"] == "cooperative-sticky" {
		balancer = kgo.CooperativeStickyBalancer()
	}
	client, problem := kgo.NewClient(
		kgo.SeedBrokers(settings["bootstrap"]), kgo.ClientID(name), kgo.ConsumerGroup(one.group), kgo.ConsumeTopics(one.topic),
		kgo.Balancers(balancer), kgo.SessionTimeout(milliseconds(settings["session_ms"])), kgo.HeartbeatInterval(milliseconds(settings["heartbeat_ms"])),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(one.assigned), kgo.OnPartitionsRevoked(one.revoked), kgo.OnPartitionsLost(one.revoked),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }), kgo.MetadataMinAge(250*time.Millisecond),
	)
	if problem != nil {
		panic(problem)
	}
	one.client = client
	go one.run()
	return one
}

func milliseconds(text string) time.Duration {
	number, problem := strconv.Atoi(text)
	if problem != nil {
		panic(problem)
	}
	return time.Duration(number) * time.Millisecond
}

func (m *member) run() {
	for {
		select {
		case <-m.leaving:
			m.client.CloseAllowingRebalance()
			say("left %s", m.name)
			return
		default:
		}
		polling, done := context.WithTimeout(context.Background(), pause)
		m.client.PollFetches(polling)
		done()
		working, done := context.WithTimeout(context.Background(), patience)
		if m.adopt(working) != nil || m.commit(working) != nil { // the broker is away, or another generation has begun
			clear(m.next)
		}
		done()
		m.client.AllowRebalance()
	}
}

func (m *member) adopt(working context.Context) error {
	adopted := map[int32]bool{}
	for partition := range m.owned {
		if _, known := m.next[partition]; !known {
			adopted[partition] = true
		}
	}
	if len(adopted) == 0 {
		return nil
	}
	began := micros()
	answer, problem := kadm.NewClient(m.client).FetchOffsets(working, m.group)
	if problem != nil {
		return problem
	}
	if problem := answer.Error(); problem != nil {
		return problem
	}
	stored := map[int32]int64{}
	for partition := range adopted {
		found, _ := answer.Lookup(m.topic, partition)
		stored[partition] = max(found.At, 0)
		m.next[partition] = stored[partition] + 1
	}
	say("stored %s %d %s", m.name, began, numbers(stored))
	return nil
}

func (m *member) commit(working context.Context) error {
	if len(m.next) == 0 {
		return nil
	}
	_, generation := m.client.GroupMetadata()
	began := micros()
	wanted := map[int32]kgo.EpochOffset{}
	for partition, number := range m.next {
		wanted[partition] = kgo.EpochOffset{Epoch: -1, Offset: number}
	}
	var failed error
	m.client.CommitOffsetsSync(working, map[string]map[int32]kgo.EpochOffset{m.topic: wanted},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, problem error) {
			failed = errors.Join(problem, refusal(answer))
		})
	if failed != nil {
		return failed
	}
	say("committed %s %d %d %s", m.name, began, generation, numbers(m.next))
	for partition := range m.next {
		m.next[partition]++
	}
	return nil
}

// refusal is the first error that an answer carries.
func refusal(answer *kmsg.OffsetCommitResponse) error {
	if answer == nil {
		return nil
	}
	for _, topic := range answer.Topics {
		for _, partition := range topic.Partitions {
			if problem := kerr.ErrorForCode(partition.ErrorCode); problem != nil {
				return problem
			}
		}
	}
	return nil
}

func (m *member) assigned(_ context.Context, client *kgo.Client, added map[string][]int32) {
	for _, partition := range added[m.topic] {
		m.owned[partition] = true
	}
	client.PauseFetchPartitions(added)
	_, generation := client.GroupMetadata()
	say("assigned %s %d %s", m.name, generation, partitions(m.owned))
}

func (m *member) revoked(_ context.Context, client *kgo.Client, gone map[string][]int32) {
	given := map[int32]bool{}
	for _, partition := range gone[m.topic] {
		given[partition] = true
		delete(m.owned, partition)
		delete(m.next, partition)
	}
	client.ResumeFetchPartitions(gone)
	say("revoked %s %s", m.name, partitions(given))
}
