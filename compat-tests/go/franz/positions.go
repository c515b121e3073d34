package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ottla/compat/tell"
)

// positionStories are about where reading starts.
func positionStories() []tell.Story {
	return []tell.Story{
		{Key: "from-earliest", Run: func(ctx context.Context) {
			topic := tenValues(ctx)
			tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AtStart())), numbers(0, 10))
		}},
		{Key: "from-latest", Run: latest},
		{Key: "from-offset", Run: func(ctx context.Context) {
			topic := tenValues(ctx)
			tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().At(7))), numbers(7, 10))
			tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AtStart().Relative(4))), numbers(4, 10))
			tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AtEnd().Relative(-2))), numbers(8, 10))
		}},
		{Key: "from-timestamp", Run: func(ctx context.Context) {
			topic := tenValues(ctx)
			tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AfterMilli(dawn.UnixMilli()+5500))), numbers(6, 10))
			tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AfterMilli(dawn.UnixMilli()+6000))), numbers(6, 10))
			first := readAfter(ctx, topic, kgo.NewOffset().AfterMilli(dawn.Add(time.Hour).UnixMilli()))
			tell.Check(first >= 10, "a time after the last record found the record %d", first)
		}},
	}
}

// dawn is the time of the first record of tenValues; each that follows is a second later.
var dawn = time.UnixMilli(1_700_000_000_000)

// tenValues is a topic with the records "0" to "9".
func tenValues(ctx context.Context) string {
	topic := created(ctx, 1, nil)
	records := values(topic, 0, numbers(0, 10)...)
	for number, record := range records {
		record.Timestamp = dawn.Add(time.Duration(number) * time.Second)
	}
	produce(ctx, records)
	return topic
}

// numbers are the decimal numbers from `from` to before `to`.
func numbers(from, to int) []string {
	var found []string
	for number := from; number < to; number++ {
		found = append(found, fmt.Sprint(number))
	}
	return found
}

func latest(ctx context.Context) {
	first := readAfter(ctx, tenValues(ctx), kgo.NewOffset().AtEnd())
	tell.Check(first >= 10, "read the record %d, which was there before", first)
}

// readAfter starts to read at a position where nothing is, and writes until something is read; its offset. When the
// consumer has found the end is nothing it would tell.
func readAfter(ctx context.Context, topic string, from kgo.Offset) int64 {
	one := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: from}}))
	defer one.Close()
	arrived := make(chan []*kgo.Record, 1)
	go func() { arrived <- one.PollFetches(ctx).Records() }()
	for {
		produce(ctx, values(topic, 0, "late"))
		select {
		case found := <-arrived:
			tell.Check(len(found) > 0, "nothing was read: %v", ctx.Err())
			return found[0].Offset
		case <-time.After(50 * time.Millisecond):
			tell.Must(ctx.Err())
		}
	}
}
