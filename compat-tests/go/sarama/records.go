package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/IBM/sarama"

	"ottla/compat/tell"
)

// recordStories are about what is written and how it comes back.
func recordStories() []tell.Story {
	return []tell.Story{
		{Key: "codec-none", Run: comesBack(sarama.CompressionNone)},
		{Key: "codec-gzip", Run: comesBack(sarama.CompressionGZIP)},
		{Key: "codec-snappy", Run: comesBack(sarama.CompressionSnappy)},
		{Key: "codec-lz4", Run: comesBack(sarama.CompressionLZ4)},
		{Key: "codec-zstd", Run: comesBack(sarama.CompressionZSTD)},
		{Key: "keyed-ordering", Run: keyedOrdering},
		{Key: "headers", Run: headers},
		{Key: "null-and-empty", Run: nullAndEmpty},
		{Key: "one-mebibyte", Run: oneMebibyte},
		{Key: "too-large", Run: tooLarge},
		{Key: "auto-create", Run: autoCreate},
	}
}

// comesBack writes with one codec under every level of acknowledgement, and reads.
func comesBack(codec sarama.CompressionCodec) func(context.Context) {
	acknowledged := func(acks sarama.RequiredAcks) func(*sarama.Config) {
		return func(one *sarama.Config) { one.Producer.Compression, one.Producer.RequiredAcks = codec, acks }
	}
	idempotent := func(one *sarama.Config) { one.Producer.Idempotent, one.Net.MaxOpenRequests = true, 1 }
	return func(ctx context.Context) {
		comeBack(ctx, -1, acknowledged(sarama.NoResponse))
		comeBack(ctx, 0, acknowledged(sarama.WaitForLocal))
		comeBack(ctx, 0, acknowledged(sarama.WaitForAll))
		comeBack(ctx, 0, acknowledged(sarama.WaitForAll), idempotent)
	}
}

// comeBack writes a thousand messages and reads them. `first` is the offset that the first must be given, -1 when none is said.
func comeBack(ctx context.Context, first int64, changes ...func(*sarama.Config)) {
	const count = 1000
	topic := created(1, nil)
	var messages []*sarama.ProducerMessage
	for number, text := range numbers(0, count) {
		value := "value " + text + strings.Repeat(" ", number%200)
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder("key " + text), Value: sarama.StringEncoder(value)})
	}
	produce(messages, changes...)
	for number, message := range messages {
		tell.Check(first < 0 || message.Offset == first+int64(number), "message %d was given offset %d", number, message.Offset)
	}
	found := readTo(ctx, topic, 0, sarama.OffsetOldest, count) // acks=0 says nothing about when
	tell.Equal(len(found), count)
	for number, message := range found {
		tell.Equal(message.Offset, int64(number))
		tell.Equal(string(message.Key), fmt.Sprintf("key %d", number))
		tell.Equal(string(message.Value), fmt.Sprintf("value %d%s", number, strings.Repeat(" ", number%200)))
	}
}

func keyedOrdering(ctx context.Context) {
	const keys, rounds, partitions = 50, 40, 6
	topic := created(partitions, nil)
	var messages []*sarama.ProducerMessage
	for number, text := range numbers(0, keys*rounds) {
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(fmt.Sprint(number % keys)), Value: sarama.StringEncoder(text)})
	}
	produce(messages, func(one *sarama.Config) { one.Producer.Partitioner = sarama.NewMurmur2Partitioner })
	home := map[string]int32{}
	total := 0
	for partition := range int32(partitions) {
		last := map[string]int{}
		for _, message := range read(ctx, topic, partition, sarama.OffsetOldest) {
			var number int
			tell.Got(fmt.Sscan(string(message.Value), &number))
			key := string(message.Key)
			before, seen := last[key]
			tell.Check(!seen || number == before+keys, "key %s: %d follows %d", key, number, before)
			owner, elsewhere := home[key]
			tell.Check(!elsewhere || owner == partition, "key %s is in partitions %d and %d", key, owner, partition)
			last[key], home[key] = number, partition
			total++
		}
		tell.Check(len(last) > 0, "no key fell to partition %d", partition)
	}
	tell.Equal(total, keys*rounds)
}

func headers(ctx context.Context) {
	topic := created(1, nil)
	sent := []sarama.RecordHeader{
		{Key: []byte("twice"), Value: []byte("1")}, {Key: []byte("twice"), Value: []byte("2")}, {Key: []byte("null")},
		{Key: []byte("empty"), Value: []byte{}}, {Key: []byte("binary"), Value: []byte{0, 0xff, 0x80}},
	}
	messages := values(topic, 0, "value", "none")
	messages[0].Headers = sent
	produce(messages)
	found := read(ctx, topic, 0, sarama.OffsetOldest)
	tell.Equal(len(found[0].Headers), len(sent))
	for number, header := range found[0].Headers {
		tell.Equal(*header, sent[number])
	}
	tell.Equal(len(found[1].Headers), 0)
}

func nullAndEmpty(ctx context.Context) {
	topic, empty := created(1, nil), []byte{}
	pairs := [][2][]byte{{[]byte("key"), []byte("value")}, {[]byte("tombstone"), nil}, {empty, empty}, {nil, []byte("no key")}, {nil, nil}}
	var messages []*sarama.ProducerMessage
	for _, pair := range pairs {
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Key: sarama.ByteEncoder(pair[0]), Value: sarama.ByteEncoder(pair[1])})
	}
	produce(messages)
	found := read(ctx, topic, 0, sarama.OffsetOldest)
	tell.Equal(len(found), len(pairs))
	for number, pair := range pairs {
		tell.Equal([2][]byte{found[number].Key, found[number].Value}, pair)
	}
}

// roomy lets the client send more than the broker takes.
func roomy(one *sarama.Config) { one.Producer.MaxMessageBytes = 8 << 20 }

func oneMebibyte(ctx context.Context) {
	topic, almost := created(1, nil), bytes.Repeat([]byte("m"), 1<<20-100)
	produce([]*sarama.ProducerMessage{{Topic: topic, Value: sarama.ByteEncoder(almost)}}, roomy)
	found := read(ctx, topic, 0, sarama.OffsetOldest)
	tell.Check(len(found) == 1 && bytes.Equal(found[0].Value, almost), "the mebibyte did not come back: %d messages", len(found))
}

func tooLarge(ctx context.Context) {
	topic := created(1, nil)
	producer := tell.Got(sarama.NewSyncProducer(bootstrap, config(roomy)))
	defer producer.Close()
	_, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(make([]byte, 2_000_000))})
	tell.Refused(err, sarama.ErrMessageSizeTooLarge)
	tell.Must(producer.SendMessages(values(topic, 0, "small")))
	tell.Equal(texts(read(ctx, topic, 0, sarama.OffsetOldest)), []string{"small"})
}

func autoCreate(ctx context.Context) {
	topic := tell.Unused("auto")
	produce(values(topic, 0, "first"), func(one *sarama.Config) { one.Metadata.AllowAutoTopicCreation = true })
	tell.Equal(texts(read(ctx, topic, 0, sarama.OffsetOldest)), []string{"first"})
}
