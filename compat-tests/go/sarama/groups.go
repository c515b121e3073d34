package main

import (
	"context"
	"errors"
	"time"

	"github.com/IBM/sarama"

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
		{Key: "group-eager", Run: func(ctx context.Context) { shared(ctx, sarama.NewBalanceStrategyRange) }},
		{Key: "group-cooperative", Run: func(ctx context.Context) { shared(ctx, sarama.NewBalanceStrategyCooperativeSticky) }},
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

func gathered(partitions int32) party {
	return party{created(partitions, nil), tell.Unused("g"), tell.NewOwners(), tell.NewSeen()}
}

// membership is what a member of a group is configured with.
func membership(one *sarama.Config) {
	one.Consumer.Group.Session.Timeout = sessionTimeout
	one.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	one.Consumer.Group.Rebalance.Retry.Backoff = 100 * time.Millisecond
	one.Consumer.Offsets.Initial = sarama.OffsetOldest
	one.Consumer.Offsets.AutoCommit.Interval = 100 * time.Millisecond
	one.Consumer.Return.Errors = false
}

// member is one consumer of a party; Sarama calls it with its claims.
type member struct {
	party
	name string
	sarama.ConsumerGroup
}

// join adds a member that reads until it is closed.
func (party party) join(name string, changes ...func(*sarama.Config)) member {
	group := tell.Got(sarama.NewConsumerGroup(bootstrap, party.group, config(append([]func(*sarama.Config){membership}, changes...)...)))
	one := member{party, name, group}
	go func() {
		for !errors.Is(group.Consume(context.Background(), []string{party.topic}, one), sarama.ErrClosedConsumerGroup) {
		}
	}()
	return one
}

// leave closes the member.
func (member member) leave() {
	member.Close()
	member.owners.Forget(member.name)
}

// Setup begins a generation.
func (member) Setup(sarama.ConsumerGroupSession) error { return nil }

// Cleanup ends a generation.
func (member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim reads one partition until it is taken away.
func (member member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	member.owners.Add(member.name, []int32{claim.Partition()})
	defer member.owners.Remove(member.name, []int32{claim.Partition()})
	for {
		select {
		case message, more := <-claim.Messages():
			if !more {
				return nil
			}
			member.seen.Add(message.Value)
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

// produce writes the numbers from `from` to before `to`, over all partitions.
func (party party) produce(from, to int) {
	var messages []*sarama.ProducerMessage
	for number, text := range numbers(from, to) {
		messages = append(messages, values(party.topic, int32(number%6), text)...)
	}
	produce(messages)
}

// shared has members join one by one, one leave and one crash, while messages are written.
func shared(_ context.Context, strategy func() sarama.BalanceStrategy) {
	party, cable := gathered(6), &tell.Cable{}
	balancing := func(one *sarama.Config) {
		one.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy()}
	}
	wired := func(one *sarama.Config) { one.Net.Proxy.Enable, one.Net.Proxy.Dialer = true, cable }
	party.produce(0, 60)
	first := party.join("first", balancing)
	defer first.leave()
	party.owners.Settled(settles, 6, 6)
	second := party.join("second", balancing)
	party.owners.Settled(settles, 6, 3, 3)
	third := party.join("third", balancing, wired)
	party.owners.Settled(settles, 6, 2, 2, 2)
	administering(func(one sarama.ClusterAdmin) {
		described := tell.Got(one.DescribeConsumerGroups([]string{party.group}))[0]
		tell.Equal([]any{described.State, described.Protocol, len(described.Members)}, []any{"Stable", strategy().Name(), 3})
	})
	party.produce(60, 120)
	second.leave()
	party.owners.Settled(settles, 6, 3, 3)
	party.produce(120, 180)
	cable.Cut()
	cut := time.Now()
	party.owners.Forget("third")
	party.produce(180, 240)
	party.owners.Settled(sessionTimeout+settles, 6, 6)
	tell.Check(time.Since(cut) > sessionTimeout/2, "replaced after %v, before its session ended", time.Since(cut))
	go third.leave() // says goodbye to nobody
	party.seen.All(settles, 240)
}

// static has a member of fixed identity go and return within its session.
func static(context.Context) {
	party := gathered(2)
	identified := func(id string) func(*sarama.Config) {
		return func(one *sarama.Config) { one.Consumer.Group.InstanceId = id }
	}
	first := party.join("first", identified("one"))
	defer first.leave()
	second := party.join("second", identified("two"))
	party.owners.Settled(settles, 2, 1, 1)
	before, changes := party.owners.Of("second"), party.owners.Changes("first")
	second.leave() // a static member that closes does not leave the group
	returned := party.join("returned", identified("two"))
	defer returned.leave()
	party.owners.Settled(sessionTimeout-time.Second, 2, 1, 1)
	tell.Equal(party.owners.Of("returned"), before)
	tell.Equal(party.owners.Changes("first"), changes)
}

// taker reads a given number of messages of a group, commits them and ends.
type taker struct {
	wanted int
	taken  []string
}

// Setup begins a generation.
func (*taker) Setup(sarama.ConsumerGroupSession) error { return nil }

// Cleanup ends a generation.
func (*taker) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim takes what is wanted.
func (taker *taker) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		taker.taken = append(taker.taken, string(message.Value))
		session.MarkMessage(message, "read")
		if len(taker.taken) == taker.wanted {
			session.Commit()
			return nil
		}
	}
	return nil
}

// resumed commits, has the broker restarted and goes on; first politely, then with SIGKILL.
func resumed(ctx context.Context) {
	topic, group := created(1, nil), tell.Unused("g")
	produce(values(topic, 0, numbers(0, 10)...))
	manual := func(one *sarama.Config) { one.Consumer.Offsets.AutoCommit.Enable = false }
	for round, restart := range []func(){func() {}, tell.Restart, tell.Kill} {
		restart()
		one := tell.Got(sarama.NewConsumerGroup(bootstrap, group, config(membership, manual)))
		taking := &taker{wanted: 3}
		tell.WaitFor("three messages", settles, func() bool { // a coordinator that starts may ask for patience
			err := one.Consume(ctx, []string{topic}, taking)
			return err == nil && len(taking.taken) > 0
		})
		tell.Equal(taking.taken, numbers(3*round, 3*round+3))
		one.Close()
	}
	administering(func(one sarama.ClusterAdmin) {
		committed := tell.Got(one.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0}})).GetBlock(topic, 0)
		tell.Equal([]any{committed.Offset, committed.Metadata}, []any{int64(9), "read"})
	})
	tell.Equal(texts(read(ctx, topic, 0, sarama.OffsetOldest)), numbers(0, 10))
}
