package main

import (
	"context"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"ottla/compat/tell"
)

// client is a kgo client of the broker, with short waits where the defaults suit wider networks.
func client(options ...kgo.Opt) *kgo.Client {
	common := []kgo.Opt{kgo.SeedBrokers(strings.Split(tell.Bootstrap, ",")...), kgo.MetadataMinAge(50 * time.Millisecond), kgo.FetchMaxWait(100 * time.Millisecond)}
	return tell.Got(kgo.NewClient(append(common, options...)...))
}

// admin runs what an administrator does and closes the client.
func admin[T any](run func(*kadm.Client) T) T {
	one := kadm.NewClient(client())
	defer one.Close()
	return run(one)
}

// created is a new topic.
func created(ctx context.Context, partitions int32, configs map[string]*string) string {
	name := tell.Unused("t")
	one := kadm.NewClient(client())
	defer one.Close()
	tell.Got(one.CreateTopic(ctx, partitions, int16(len(tell.Nodes)), configs, name))
	known(ctx, one, name, partitions)
	return name
}

// known waits until the broker tells of the topic's partitions: Kafka says that a topic is created before it does.
func known(ctx context.Context, one *kadm.Client, topic string, partitions int32) {
	tell.WaitFor("the topic's partitions", settles, func() bool {
		return len(tell.Got(one.ListTopics(ctx, topic))[topic].Partitions) == int(partitions)
	})
}

// produce sends records through a producer of their own and returns them with their offsets.
func produce(ctx context.Context, records []*kgo.Record, options ...kgo.Opt) []*kgo.Record {
	producer := client(append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	defer producer.Close()
	results := producer.ProduceSync(ctx, records...)
	tell.Must(results.FirstErr())
	return records
}

// values are records of one partition without keys.
func values(topic string, partition int32, texts ...string) []*kgo.Record {
	var records []*kgo.Record
	for _, text := range texts {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(text)})
	}
	return records
}

// read is every record of a partition from a position to what is its end when it is called.
func read(ctx context.Context, topic string, partition int32, from kgo.Offset, options ...kgo.Opt) []*kgo.Record {
	ends := admin(func(one *kadm.Client) kadm.ListedOffsets { return tell.Got(one.ListEndOffsets(ctx, topic)) })
	end, _ := ends.Lookup(topic, partition)
	tell.Must(end.Err)
	return readTo(ctx, topic, partition, from, end.Offset, options...)
}

func readTo(ctx context.Context, topic string, partition int32, from kgo.Offset, end int64, options ...kgo.Opt) []*kgo.Record {
	one := client(append(options, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: from}}))...)
	defer one.Close()
	var found []*kgo.Record
	for len(found) == 0 || found[len(found)-1].Offset < end-1 {
		fetches := one.PollFetches(ctx)
		tell.Must(fetches.Err())
		found = append(found, fetches.Records()...)
	}
	return found
}

// texts are the values of records.
func texts(records []*kgo.Record) []string {
	var found []string
	for _, record := range records {
		found = append(found, string(record.Value))
	}
	return found
}
