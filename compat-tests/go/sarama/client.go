package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"ottla/compat/tell"
)

var bootstrap = strings.Split(tell.Bootstrap, ",")

// config is Sarama's for the newest Kafka it knows, with short waits where the defaults suit wider networks.
func config(changes ...func(*sarama.Config)) *sarama.Config {
	one := sarama.NewConfig()
	one.Version = sarama.MaxVersion
	one.Producer.Return.Successes = true
	one.Producer.RequiredAcks = sarama.WaitForAll
	one.Producer.Partitioner = sarama.NewManualPartitioner
	one.Consumer.MaxWaitTime = 100 * time.Millisecond
	one.Consumer.Return.Errors = true
	one.Metadata.AllowAutoTopicCreation = false
	for _, change := range changes {
		change(one)
	}
	return one
}

// administering gives what follows an admin client and closes it.
func administering(run func(sarama.ClusterAdmin)) {
	one := tell.Got(sarama.NewClusterAdmin(bootstrap, config()))
	defer one.Close()
	run(one)
}

// created is a new topic.
func created(partitions int32, configs map[string]*string) string {
	name := tell.Unused("t")
	administering(func(one sarama.ClusterAdmin) {
		tell.Must(one.CreateTopic(name, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: int16(len(tell.Nodes)), ConfigEntries: configs}, false))
		known(one, name, int(partitions))
	})
	return name
}

// known waits until the broker tells of the topic's partitions: Kafka says that a topic is created before it does.
func known(one sarama.ClusterAdmin, topic string, partitions int) {
	tell.WaitFor("the topic's partitions", settles, func() bool {
		return len(tell.Got(one.DescribeTopics([]string{topic}))[0].Partitions) == partitions
	})
}

// produce sends messages through a producer of their own; they hold their offsets afterwards.
func produce(messages []*sarama.ProducerMessage, changes ...func(*sarama.Config)) {
	tell.Must(produceOrFail(messages, changes...))
}

func produceOrFail(messages []*sarama.ProducerMessage, changes ...func(*sarama.Config)) error {
	producer := tell.Got(sarama.NewSyncProducer(bootstrap, config(changes...)))
	defer producer.Close()
	return producer.SendMessages(messages)
}

// values are messages of one partition without keys.
func values(topic string, partition int32, texts ...string) []*sarama.ProducerMessage {
	var messages []*sarama.ProducerMessage
	for _, text := range texts {
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Partition: partition, Value: sarama.StringEncoder(text)})
	}
	return messages
}

// read is every message of a partition from an offset to what is its end when it is called.
func read(ctx context.Context, topic string, partition int32, from int64) []*sarama.ConsumerMessage {
	one := tell.Got(sarama.NewClient(bootstrap, config()))
	defer one.Close()
	return readTo(ctx, topic, partition, from, tell.Got(one.GetOffset(topic, partition, sarama.OffsetNewest)))
}

func readTo(ctx context.Context, topic string, partition int32, from, end int64) []*sarama.ConsumerMessage {
	consumer := tell.Got(sarama.NewConsumer(bootstrap, config()))
	defer consumer.Close()
	claim := tell.Got(consumer.ConsumePartition(topic, partition, from))
	defer claim.Close()
	var found []*sarama.ConsumerMessage
	for len(found) == 0 || found[len(found)-1].Offset < end-1 {
		found = append(found, next(ctx, claim))
	}
	return found
}

// next is the message that a consumer is handed next.
func next(ctx context.Context, claim sarama.PartitionConsumer) *sarama.ConsumerMessage {
	select {
	case message := <-claim.Messages():
		return message
	case problem := <-claim.Errors():
		tell.Must(problem)
	case <-ctx.Done():
		tell.Must(ctx.Err())
	}
	panic("unreachable")
}

// texts are the values of messages.
func texts(messages []*sarama.ConsumerMessage) []string {
	var found []string
	for _, message := range messages {
		found = append(found, string(message.Value))
	}
	return found
}

// numbers are the decimal numbers from `from` to before `to`.
func numbers(from, to int) []string {
	var found []string
	for number := from; number < to; number++ {
		found = append(found, fmt.Sprint(number))
	}
	return slices.Clip(found)
}
