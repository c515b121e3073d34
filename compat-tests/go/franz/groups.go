package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"ottla/compat/tell"
)

// settles is how long a group may take to settle; sessionTimeout is the shortest the broker allows.
const (
	settles        = 20 * time.Second
	sessionTimeout = 6 * time.Second
)

// groupStories are about consumers that share a topic.
func groupStories() []tell.Story {
	return []tell.Story{
		{Key: "group-eager", Run: func(ctx context.Context) { shared(ctx, kgo.RangeBalancer()) }},
		{Key: "group-cooperative", Run: func(ctx context.Context) { shared(ctx, kgo.CooperativeStickyBalancer()) }},
		{Key: "static-membership", Run: static},
		{Key: "commit-restart-resume", Run: resumed},
	}
}

// party is a group whose members read one topic and commit what they read.
type party struct {
	topic, group string
	owners       *tell.Owners
	seen         *tell.Seen
}

func gathered(ctx context.Context, partitions int32) party {
	return party{created(ctx, partitions, nil), tell.Unused("g"), tell.NewOwners(), tell.NewSeen()}
}

// join adds a member that reads until it is closed.
func (party party) join(name string, options ...kgo.Opt) *kgo.Client {
	owners, topic := party.owners, party.topic
	common := []kgo.Opt{
		kgo.ConsumerGroup(party.group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) { owners.Add(name, added[topic]) }),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, removed map[string][]int32) {
			owners.Remove(name, removed[topic])
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { owners.Remove(name, lost[topic]) }),
	}
	member := client(append(common, options...)...)
	go func() {
		for {
			fetches := member.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			fetches.EachRecord(func(record *kgo.Record) { party.seen.Add(record.Value) })
			member.CommitUncommittedOffsets(context.Background()) // refused in the middle of a rebalance: then it is read again
		}
	}()
	return member
}

// produce writes the numbers from `from` to before `to`, over all partitions.
func (party party) produce(ctx context.Context, from, to int) {
	var records []*kgo.Record
	for number := from; number < to; number++ {
		records = append(records, values(party.topic, int32(number%6), fmt.Sprint(number))...)
	}
	produce(ctx, records)
}

// shared has members join one by one, one leave and one crash, while records are written.
func shared(ctx context.Context, balancer kgo.GroupBalancer) {
	party, balancing, cable := gathered(ctx, 6), kgo.Balancers(balancer), &tell.Cable{}
	party.produce(ctx, 0, 60)
	first := party.join("first", balancing)
	defer first.Close()
	party.owners.Settled(settles, 6, 6)
	second := party.join("second", balancing)
	party.owners.Settled(settles, 6, 3, 3)
	third := party.join("third", balancing, kgo.Dialer(cable.DialContext))
	party.owners.Settled(settles, 6, 2, 2, 2)
	described := admin(func(one *kadm.Client) kadm.DescribedGroups { return tell.Got(one.DescribeGroups(ctx, party.group)) })[party.group]
	tell.Equal([]any{described.State, described.Protocol, len(described.Members)}, []any{"Stable", balancer.ProtocolName(), 3})
	party.produce(ctx, 60, 120)
	second.Close() // leaves
	party.owners.Forget("second")
	party.owners.Settled(settles, 6, 3, 3)
	party.produce(ctx, 120, 180)
	cable.Cut()
	cut := time.Now()
	party.owners.Forget("third")
	party.produce(ctx, 180, 240)
	party.owners.Settled(sessionTimeout+settles, 6, 6)
	tell.Check(time.Since(cut) > sessionTimeout/2, "replaced after %v, before its session ended", time.Since(cut))
	go third.Close() // says goodbye to nobody
	party.seen.All(settles, 240)
}

// static has a member of fixed identity go and return within its session.
func static(ctx context.Context) {
	party := gathered(ctx, 2)
	first := party.join("first", kgo.InstanceID("one"))
	defer first.Close()
	second := party.join("second", kgo.InstanceID("two"))
	party.owners.Settled(settles, 2, 1, 1)
	before, changes := party.owners.Of("second"), party.owners.Changes("first")
	second.Close() // a static member that closes does not leave
	party.owners.Forget("second")
	returned := party.join("returned", kgo.InstanceID("two"))
	defer returned.Close()
	party.owners.Settled(sessionTimeout-time.Second, 2, 1, 1)
	tell.Equal(party.owners.Of("returned"), before)
	tell.Equal(party.owners.Changes("first"), changes)
}

// resumed commits, has the broker restarted and goes on; first politely, then with SIGKILL.
func resumed(ctx context.Context) {
	topic, group := created(ctx, 1, nil), tell.Unused("g")
	produce(ctx, values(topic, 0, numbers(0, 10)...))
	for round, restart := range []func(){func() {}, tell.Restart, tell.Kill} {
		restart()
		one := client(kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		var found []*kgo.Record
		for len(found) < 3 {
			fetches := one.PollRecords(ctx, 3-len(found))
			tell.Must(fetches.Err())
			found = append(found, fetches.Records()...)
		}
		tell.Equal(texts(found), numbers(3*round, 3*round+3))
		tell.Must(one.CommitRecords(ctx, found...))
		one.Close()
	}
	offsets := admin(func(one *kadm.Client) kadm.OffsetResponses { return tell.Got(one.FetchOffsets(ctx, group)) })
	committed, _ := offsets.Lookup(topic, 0)
	tell.Equal(committed.At, int64(9))
	tell.Check(slices.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AtStart())), numbers(0, 10)), "records were lost")
}
