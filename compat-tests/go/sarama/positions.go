package main

import (
	"context"
	"time"

	"github.com/IBM/sarama"

	"ottla/compat/tell"
)

// positionStories are about where reading starts.
func positionStories() []tell.Story {
	return []tell.Story{
		{Key: "from-earliest", Run: func(ctx context.Context) {
			tell.Equal(texts(read(ctx, tenValues(), 0, sarama.OffsetOldest)), numbers(0, 10))
		}},
		{Key: "from-latest", Run: latest},
		{Key: "from-offset", Run: offset},
		{Key: "from-timestamp", Run: timestamp},
	}
}

// dawn is the time of the first message of tenValues; each that follows is a second later.
var dawn = time.UnixMilli(1_700_000_000_000)

// tenValues is a topic with the messages "0" to "9".
func tenValues() string {
	topic := created(1, nil)
	messages := values(topic, 0, numbers(0, 10)...)
	for number, message := range messages {
		message.Timestamp = dawn.Add(time.Duration(number) * time.Second)
	}
	produce(messages)
	return topic
}

// latest starts at the end, which Sarama finds before ConsumePartition returns.
func latest(ctx context.Context) {
	topic := tenValues()
	consumer := tell.Got(sarama.NewConsumer(bootstrap, config()))
	defer consumer.Close()
	claim := tell.Got(consumer.ConsumePartition(topic, 0, sarama.OffsetNewest))
	defer claim.Close()
	produce(values(topic, 0, "10"))
	message := next(ctx, claim)
	tell.Equal([]any{message.Offset, string(message.Value)}, []any{int64(10), "10"})
}

func offset(ctx context.Context) {
	topic := tenValues()
	tell.Equal(texts(read(ctx, topic, 0, 7)), numbers(7, 10))
	consumer := tell.Got(sarama.NewConsumer(bootstrap, config()))
	defer consumer.Close()
	_, err := consumer.ConsumePartition(topic, 0, 11)
	tell.Refused(err, sarama.ErrOffsetOutOfRange)
}

func timestamp(ctx context.Context) {
	topic := tenValues()
	one := tell.Got(sarama.NewClient(bootstrap, config()))
	defer one.Close()
	at := func(moment time.Time) int64 { return tell.Got(one.GetOffset(topic, 0, moment.UnixMilli())) }
	tell.Equal(texts(read(ctx, topic, 0, at(dawn.Add(5500*time.Millisecond)))), numbers(6, 10))
	tell.Equal(texts(read(ctx, topic, 0, at(dawn.Add(6*time.Second)))), numbers(6, 10))
	tell.Equal(at(dawn.Add(time.Hour)), int64(-1))
}
