package main

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ottla/compat/tell"
)

// adminStories are about what kadm does.
func adminStories() []tell.Story {
	claims := []struct {
		key string
		run func(context.Context, *kadm.Client)
	}{
		{"admin-create", createTopics},
		{"admin-describe", describeTopics},
		{"admin-grow", growTopic},
		{"admin-alter-configs", alterConfigs},
		{"admin-delete", deleteTopic},
		{"admin-list-groups", listGroups},
		{"admin-describe-groups", describeGroups},
		{"admin-delete-records", deleteRecords},
		{"admin-offsets-by-time", offsetsByTime},
	}
	var stories []tell.Story
	for _, claim := range claims {
		stories = append(stories, tell.Story{Key: claim.key, Run: func(ctx context.Context) {
			one := kadm.NewClient(client())
			defer one.Close()
			claim.run(ctx, one)
		}})
	}
	return stories
}

func createTopics(ctx context.Context, one *kadm.Client) {
	name := tell.Unused("t")
	short, wrong := "60000", "soon"
	_, err := one.ValidateCreateTopics(ctx, 3, 1, nil, name)
	tell.Must(err)
	tell.Refused(tell.Got(one.ListTopics(ctx, name))[name].Err, kerr.UnknownTopicOrPartition)
	answer := tell.Got(one.CreateTopic(ctx, 3, 1, map[string]*string{"retention.ms": &short}, name))
	tell.Equal(answer.NumPartitions, int32(3))
	known(ctx, one, name, 3)
	_, err = one.CreateTopic(ctx, 3, 1, nil, name)
	tell.Refused(err, kerr.TopicAlreadyExists)
	_, err = one.CreateTopic(ctx, 1, 1, nil, "spaces are bad")
	tell.Refused(err, kerr.InvalidTopicException)
	_, err = one.CreateTopic(ctx, 1, 4, nil, tell.Unused("t"))
	tell.Refused(err, kerr.InvalidReplicationFactor)
	_, err = one.CreateTopic(ctx, 1, 1, map[string]*string{"retention.ms": &wrong}, tell.Unused("t"))
	tell.Refused(err, kerr.InvalidConfig)
}

func describeTopics(ctx context.Context, one *kadm.Client) {
	name := created(ctx, 2, nil)
	topic := tell.Got(one.ListTopics(ctx, name))[name]
	tell.Must(topic.Err)
	tell.Equal(topic.Partitions.Numbers(), []int32{0, 1})
	for _, partition := range topic.Partitions {
		tell.Equal([]any{tell.Sorted(partition.Replicas), tell.Sorted(partition.ISR)}, []any{tell.Nodes, tell.Nodes})
		tell.Check(slices.Contains(tell.Nodes, partition.Leader), "leader %d", partition.Leader)
	}
	tell.Check(topic.ID != kadm.TopicID{} && !topic.IsInternal, "id %v, internal %v", topic.ID, topic.IsInternal)
	cluster := tell.Got(one.BrokerMetadata(ctx))
	tell.Check(cluster.Cluster != "" && slices.Contains(tell.Nodes, cluster.Controller), "cluster %q, controller %d", cluster.Cluster, cluster.Controller)
	tell.Equal(tell.Sorted(cluster.Brokers.NodeIDs()), tell.Nodes)
	configs := tell.Got(one.DescribeBrokerConfigs(ctx, 1))
	tell.Equal(valueOf(configs, "1", "num.partitions").MaybeValue(), "1")
}

func growTopic(ctx context.Context, one *kadm.Client) {
	name := created(ctx, 3, nil)
	tell.Must(tell.Got(one.UpdatePartitions(ctx, 5, name)).Error())
	known(ctx, one, name, 5)
	tell.Refused(tell.Got(one.UpdatePartitions(ctx, 4, name)).Error(), kerr.InvalidPartitions)
	produce(ctx, values(name, 4, "in the new one"))
	tell.Equal(texts(read(ctx, name, 4, kgo.NewOffset().AtStart())), []string{"in the new one"})
}

// valueOf is one config of a described resource.
func valueOf(configs kadm.ResourceConfigs, resource, key string) *kadm.Config {
	described := tell.Got(configs.On(resource, nil))
	tell.Must(described.Err)
	for number := range described.Configs {
		if described.Configs[number].Key == key {
			return &described.Configs[number]
		}
	}
	tell.Fail("%s has no %s", resource, key)
	panic("unreachable")
}

func alterConfigs(ctx context.Context, one *kadm.Client) {
	short, large, never := "60000", "2000000", "never"
	name := created(ctx, 1, map[string]*string{"retention.ms": &short})
	config := func(key string) *kadm.Config {
		return valueOf(tell.Got(one.DescribeTopicConfigs(ctx, name)), name, key)
	}
	tell.Equal([]any{config("retention.ms").MaybeValue(), config("retention.ms").Source}, []any{"60000", kmsg.ConfigSourceDynamicTopicConfig})
	tell.Equal([]any{config("cleanup.policy").MaybeValue(), config("cleanup.policy").Source}, []any{"delete", kmsg.ConfigSourceDefaultConfig})
	compact := "compact"
	changes := []kadm.AlterConfig{
		{Op: kadm.DeleteConfig, Name: "retention.ms"},
		{Op: kadm.AppendConfig, Name: "cleanup.policy", Value: &compact},
		{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &large},
	}
	tell.Must(alterError(one.AlterTopicConfigs(ctx, changes, name)))
	tell.WaitFor("the altered config", settles, func() bool { return config("max.message.bytes").MaybeValue() == large })
	tell.Equal(config("cleanup.policy").MaybeValue(), "delete,compact")
	tell.Equal(config("retention.ms").MaybeValue(), "604800000")
	bad := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &never}}
	tell.Refused(alterError(one.AlterTopicConfigs(ctx, bad, name)), kerr.InvalidConfig)
	tell.Must(alterError(one.AlterTopicConfigsState(ctx, []kadm.AlterConfig{{Name: "retention.ms", Value: &short}}, name)))
	tell.WaitFor("the replaced configs", settles, func() bool { return config("max.message.bytes").Source == kmsg.ConfigSourceDefaultConfig })
}

// alterError is the first error of an alteration.
func alterError(answers kadm.AlterConfigsResponses, err error) error {
	for _, answer := range answers {
		if err == nil {
			err = answer.Err
		}
	}
	return err
}

func deleteTopic(ctx context.Context, one *kadm.Client) {
	name := tell.Unused("t")
	for range 2 {
		tell.Got(one.CreateTopic(ctx, 1, 1, nil, name))
		tell.Equal(produce(ctx, values(name, 0, "x"))[0].Offset, int64(0))
		tell.Got(one.DeleteTopic(ctx, name))
		tell.WaitFor("the topic gone", settles, func() bool { return !tell.Got(one.ListTopics(ctx)).Has(name) })
	}
	_, err := one.DeleteTopic(ctx, name)
	tell.Refused(err, kerr.UnknownTopicOrPartition)
}

func listGroups(ctx context.Context, one *kadm.Client) {
	party := gathered(ctx, 2)
	only := party.join("only")
	party.owners.Settled(settles, 2, 2)
	listed := tell.Got(one.ListGroups(ctx))[party.group]
	tell.Equal([]any{listed.ProtocolType, listed.State}, []any{"consumer", "Stable"})
	tell.Check(!has(tell.Got(one.ListGroups(ctx, "Empty")), party.group), "a stable group is listed as empty")
	only.Close()
	tell.Check(has(tell.Got(one.ListGroups(ctx, "Empty")), party.group), "an empty group is not listed as empty")
	tell.Got(one.DeleteGroup(ctx, party.group))
	tell.Check(!has(tell.Got(one.ListGroups(ctx)), party.group), "a deleted group is listed")
}

func describeGroups(ctx context.Context, one *kadm.Client) {
	party := gathered(ctx, 2)
	only := party.join("only")
	party.owners.Settled(settles, 2, 2)
	described := tell.Got(one.DescribeGroups(ctx, party.group))[party.group]
	tell.Must(described.Err)
	tell.Equal([]any{described.State, described.Protocol}, []any{"Stable", "cooperative-sticky"})
	tell.Check(slices.Contains(tell.Nodes, described.Coordinator.NodeID), "coordinator %d", described.Coordinator.NodeID)
	assigned, _ := described.Members[0].Assigned.AsConsumer()
	tell.Equal(assigned.Topics[0].Partitions, []int32{0, 1})
	_, err := one.DeleteGroup(ctx, party.group)
	tell.Refused(err, kerr.NonEmptyGroup)
	only.Close()

	offsets := kadm.Offsets{}
	offsets.AddOffset(party.topic, 1, 7, -1)
	tell.Must(one.CommitAllOffsets(ctx, party.group, offsets)) // an administrator may, in a group without members
	committed, _ := tell.Got(one.FetchOffsets(ctx, party.group)).Lookup(party.topic, 1)
	tell.Equal(committed.At, int64(7))
	tell.Got(one.DeleteGroup(ctx, party.group))
	_, err = one.DeleteGroup(ctx, party.group)
	tell.Refused(err, kerr.GroupIDNotFound)
}

func has(listed kadm.ListedGroups, group string) bool {
	_, found := listed[group]
	return found
}

func deleteRecords(ctx context.Context, one *kadm.Client) {
	topic := tenValues(ctx)
	upTo := func(offset int64) (kadm.DeleteRecordsResponse, error) {
		offsets := kadm.Offsets{}
		offsets.AddOffset(topic, 0, offset, -1)
		answer := tell.Got(one.DeleteRecords(ctx, offsets))[topic][0]
		return answer, answer.Err
	}
	tell.Equal(tell.Got(upTo(4)).LowWatermark, int64(4))
	tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AtStart())), numbers(4, 10))
	_, err := upTo(50)
	tell.Refused(err, kerr.OffsetOutOfRange)
	tell.Equal(tell.Got(upTo(-1)).LowWatermark, int64(10))
	start, _ := tell.Got(one.ListStartOffsets(ctx, topic)).Lookup(topic, 0)
	tell.Equal(start.Offset, int64(10))
}

func offsetsByTime(ctx context.Context, one *kadm.Client) {
	topic := tenValues(ctx)
	at := func(listed kadm.ListedOffsets, err error) int64 {
		offset, _ := tell.Got(listed, err).Lookup(topic, 0)
		tell.Must(offset.Err)
		return offset.Offset
	}
	tell.Equal(at(one.ListStartOffsets(ctx, topic)), int64(0))
	tell.Equal(at(one.ListEndOffsets(ctx, topic)), int64(10))
	tell.Equal(at(one.ListOffsetsAfterMilli(ctx, dawn.UnixMilli()+3500, topic)), int64(4))
	tell.Equal(at(one.ListOffsetsAfterMilli(ctx, dawn.UnixMilli()-1, topic)), int64(0))
	tell.Equal(at(one.ListOffsetsAfterMilli(ctx, dawn.Add(time.Hour).UnixMilli(), topic)), int64(10)) // kadm says the end where the broker says none
	tell.Equal(at(one.ListMaxTimestampOffsets(ctx, topic)), int64(9))
}
