package main

import (
	"context"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"ottla/compat/tell"
)

// adminStories are about what ClusterAdmin does.
func adminStories() []tell.Story {
	claims := []struct {
		key string
		run func(context.Context, sarama.ClusterAdmin)
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
			administering(func(one sarama.ClusterAdmin) { claim.run(ctx, one) })
		}})
	}
	return stories
}

func createTopics(_ context.Context, one sarama.ClusterAdmin) {
	name, short, wrong := tell.Unused("t"), "60000", "soon"
	plain := &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: int16(len(tell.Nodes)), ConfigEntries: map[string]*string{"retention.ms": &short}}
	tell.Must(one.CreateTopic(name, plain, true))
	tell.Refused(tell.Got(one.DescribeTopics([]string{name}))[0].Err, sarama.ErrUnknownTopicOrPartition)
	tell.Must(one.CreateTopic(name, plain, false))
	known(one, name, 3)
	tell.Refused(one.CreateTopic(name, plain, false), sarama.ErrTopicAlreadyExists)
	tell.Refused(one.CreateTopic("spaces are bad", plain, false), sarama.ErrInvalidTopic)
	tell.Refused(one.CreateTopic(tell.Unused("t"), &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 4}, false), sarama.ErrInvalidReplicationFactor)
	bad := &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: int16(len(tell.Nodes)), ConfigEntries: map[string]*string{"retention.ms": &wrong}}
	tell.Refused(one.CreateTopic(tell.Unused("t"), bad, false), sarama.ErrInvalidConfig)
}

func describeTopics(_ context.Context, one sarama.ClusterAdmin) {
	name := created(2, nil)
	topic := tell.Got(one.DescribeTopics([]string{name}))[0]
	tell.Equal([]any{topic.Err, topic.Name, topic.IsInternal, len(topic.Partitions)}, []any{sarama.ErrNoError, name, false, 2})
	tell.Check(topic.Uuid != sarama.Uuid{}, "the topic has no id")
	for _, partition := range topic.Partitions {
		tell.Equal([]any{tell.Sorted(partition.Replicas), tell.Sorted(partition.Isr)}, []any{tell.Nodes, tell.Nodes})
		tell.Check(slices.Contains(tell.Nodes, partition.Leader), "leader %d", partition.Leader)
	}
	listed := tell.Got(one.ListTopics())[name]
	tell.Equal([]any{listed.NumPartitions, listed.ReplicationFactor}, []any{int32(2), int16(len(tell.Nodes))})
	brokers, controller, err := one.DescribeCluster()
	tell.Must(err)
	var ids []int32
	for _, broker := range brokers {
		ids = append(ids, broker.ID())
	}
	tell.Equal(tell.Sorted(ids), tell.Nodes)
	tell.Check(slices.Contains(tell.Nodes, controller), "controller %d", controller)
	directories := tell.Got(one.DescribeLogDirs([]int32{1}))[1]
	tell.Check(len(directories) == 1 && directories[0].ErrorCode == sarama.ErrNoError, "log directories %v", directories)
}

func growTopic(ctx context.Context, one sarama.ClusterAdmin) {
	name := created(3, nil)
	tell.Must(one.CreatePartitions(name, 5, nil, false))
	known(one, name, 5)
	tell.Refused(one.CreatePartitions(name, 4, nil, false), sarama.ErrInvalidPartitions)
	produce(values(name, 4, "in the new one"))
	tell.Equal(texts(read(ctx, name, 4, sarama.OffsetOldest)), []string{"in the new one"})
}

func alterConfigs(_ context.Context, one sarama.ClusterAdmin) {
	short, large, never := "60000", "2000000", "never"
	name := created(1, map[string]*string{"retention.ms": &short})
	config := func(key string) sarama.ConfigEntry {
		described := tell.Got(one.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: name, ConfigNames: []string{key}}))
		tell.Equal(len(described), 1)
		return described[0]
	}
	change := func(entries map[string]sarama.IncrementalAlterConfigsEntry) error {
		return one.IncrementalAlterConfig(sarama.TopicResource, name, entries, false)
	}
	tell.Equal([]any{config("retention.ms").Value, config("retention.ms").Source}, []any{"60000", sarama.SourceTopic})
	tell.Equal([]any{config("cleanup.policy").Value, config("cleanup.policy").Source}, []any{"delete", sarama.SourceDefault})
	tell.Must(change(map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms":      {Operation: sarama.IncrementalAlterConfigsOperationDelete},
		"max.message.bytes": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &large},
	}))
	tell.WaitFor("the altered config", settles, func() bool { return config("max.message.bytes").Value == large })
	tell.Equal([]any{config("retention.ms").Value, config("retention.ms").Source}, []any{"604800000", sarama.SourceDefault})
	bad := map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &never}}
	tell.Refused(change(bad), sarama.ErrInvalidConfig)
	tell.Must(one.AlterConfig(sarama.TopicResource, name, map[string]*string{"retention.ms": &short}, false)) // replaces all
	tell.WaitFor("the replaced configs", settles, func() bool { return config("max.message.bytes").Source == sarama.SourceDefault })
	tell.Equal(config("retention.ms").Value, short)
}

func deleteTopic(_ context.Context, one sarama.ClusterAdmin) {
	name := tell.Unused("t")
	for range 2 {
		tell.Must(one.CreateTopic(name, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: int16(len(tell.Nodes))}, false))
		known(one, name, 1)
		messages := values(name, 0, "x")
		produce(messages)
		tell.Equal(messages[0].Offset, int64(0))
		tell.Must(one.DeleteTopic(name))
		tell.WaitFor("the topic gone", settles, func() bool {
			_, found := tell.Got(one.ListTopics())[name]
			return !found
		})
	}
	tell.Refused(one.DeleteTopic(name), sarama.ErrUnknownTopicOrPartition)
}

func listGroups(_ context.Context, one sarama.ClusterAdmin) {
	party := gathered(2)
	only := party.join("only")
	party.owners.Settled(settles, 2, 2)
	tell.Equal(tell.Got(one.ListConsumerGroups())[party.group], "consumer")
	only.leave()
	tell.Must(one.DeleteConsumerGroup(party.group))
	_, found := tell.Got(one.ListConsumerGroups())[party.group]
	tell.Check(!found, "a deleted group is listed")
}

func describeGroups(_ context.Context, one sarama.ClusterAdmin) {
	party := gathered(2)
	only := party.join("only")
	party.owners.Settled(settles, 2, 2)
	described := tell.Got(one.DescribeConsumerGroups([]string{party.group}))[0]
	tell.Equal([]any{described.Err, described.State, described.Protocol}, []any{sarama.ErrNoError, "Stable", "range"})
	for _, member := range described.Members {
		assigned := tell.Got(member.GetMemberAssignment()).Topics[party.topic]
		slices.Sort(assigned)
		tell.Equal(assigned, []int32{0, 1})
	}
	tell.Refused(one.DeleteConsumerGroup(party.group), sarama.ErrNonEmptyGroup)
	only.leave()

	offsets := map[string]map[int32]sarama.OffsetAndMetadata{party.topic: {1: {Offset: 7, Metadata: "by hand", LeaderEpoch: -1}}}
	altered := tell.Got(one.AlterConsumerGroupOffsets(party.group, offsets, nil)) // an administrator may, in a group without members
	tell.Equal(altered.Errors[party.topic][1], sarama.ErrNoError)
	committed := tell.Got(one.ListConsumerGroupOffsets(party.group, map[string][]int32{party.topic: {1}})).GetBlock(party.topic, 1)
	tell.Equal([]any{committed.Offset, committed.Metadata}, []any{int64(7), "by hand"})
	tell.Must(one.DeleteConsumerGroupOffset(party.group, party.topic, 1))
	tell.Must(one.DeleteConsumerGroup(party.group))
	tell.Refused(one.DeleteConsumerGroup(party.group), sarama.ErrGroupIDNotFound)
}

func deleteRecords(ctx context.Context, one sarama.ClusterAdmin) {
	topic := tenValues()
	tell.Must(one.DeleteRecords(topic, map[int32]int64{0: 4}))
	tell.Equal(texts(read(ctx, topic, 0, sarama.OffsetOldest)), numbers(4, 10))
	tell.Refused(one.DeleteRecords(topic, map[int32]int64{0: 50}), sarama.ErrOffsetOutOfRange)
	tell.Must(one.DeleteRecords(topic, map[int32]int64{0: -1}))
	listed := tell.Got(one.ListOffsets(map[string]map[int32]int64{topic: {0: sarama.OffsetOldest}}, nil))[topic][0]
	tell.Equal(listed.Offset, int64(10))
}

func offsetsByTime(_ context.Context, one sarama.ClusterAdmin) {
	topic := tenValues()
	at := func(moment int64) int64 {
		listed := tell.Got(one.ListOffsets(map[string]map[int32]int64{topic: {0: moment}}, nil))[topic][0]
		tell.Equal(listed.Err, sarama.ErrNoError)
		return listed.Offset
	}
	tell.Equal(at(sarama.OffsetOldest), int64(0))
	tell.Equal(at(sarama.OffsetNewest), int64(10))
	tell.Equal(at(dawn.UnixMilli()+3500), int64(4))
	tell.Equal(at(dawn.UnixMilli()-1), int64(0))
	tell.Equal(at(dawn.Add(time.Hour).UnixMilli()), int64(-1))
}
