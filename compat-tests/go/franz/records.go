package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"ottla/compat/tell"
)

// recordStories are about what is written and how it comes back.
func recordStories() []tell.Story {
	return []tell.Story{
		{Key: "codec-none", Run: comesBack(kgo.NoCompression())},
		{Key: "codec-gzip", Run: comesBack(kgo.GzipCompression())},
		{Key: "codec-snappy", Run: comesBack(kgo.SnappyCompression())},
		{Key: "codec-lz4", Run: comesBack(kgo.Lz4Compression())},
		{Key: "codec-zstd", Run: comesBack(kgo.ZstdCompression())},
		{Key: "keyed-ordering", Run: keyedOrdering},
		{Key: "headers", Run: headers},
		{Key: "null-and-empty", Run: nullAndEmpty},
		{Key: "one-mebibyte", Run: oneMebibyte},
		{Key: "too-large", Run: tooLarge},
		{Key: "auto-create", Run: autoCreate},
	}
}

// comesBack writes with one codec under every level of acknowledgement, and reads.
func comesBack(codec kgo.CompressionCodec) func(context.Context) {
	compressed := kgo.ProducerBatchCompression(codec)
	return func(ctx context.Context) {
		comeBack(ctx, -1, compressed, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
		comeBack(ctx, 0, compressed, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
		comeBack(ctx, 0, compressed, kgo.RequiredAcks(kgo.AllISRAcks()), kgo.DisableIdempotentWrite())
		comeBack(ctx, 0, compressed)
	}
}

// comeBack writes a thousand records and reads them. `first` is the offset that the first must be given, -1 when none is said.
func comeBack(ctx context.Context, first int64, options ...kgo.Opt) {
	const count = 1000
	topic := created(ctx, 1, nil)
	var records []*kgo.Record
	for number := range count {
		value := fmt.Sprintf("value %d%s", number, strings.Repeat(" ", number%200))
		records = append(records, &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "key %d", number), Value: []byte(value)})
	}
	for number, record := range produce(ctx, records, options...) {
		tell.Check(first < 0 || record.Offset == first+int64(number), "record %d was given offset %d", number, record.Offset)
	}
	found := readTo(ctx, topic, 0, kgo.NewOffset().AtStart(), count) // acks=0 says nothing about when
	tell.Equal(len(found), count)
	for number, record := range found {
		tell.Equal(record.Offset, int64(number))
		tell.Check(bytes.Equal(record.Key, records[number].Key) && bytes.Equal(record.Value, records[number].Value), "record %d differs: %q", number, record.Value)
	}
}

func keyedOrdering(ctx context.Context) {
	const keys, rounds, partitions = 50, 40, 6
	topic := created(ctx, partitions, nil)
	producer := client(kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	defer producer.Close()
	var records []*kgo.Record
	for number := range keys * rounds {
		records = append(records, &kgo.Record{Topic: topic, Key: fmt.Append(nil, number%keys), Value: fmt.Append(nil, number)})
	}
	tell.Must(producer.ProduceSync(ctx, records...).FirstErr())
	home := map[string]int32{}
	used := map[int32]bool{}
	total := 0
	for partition := range int32(partitions) {
		last := map[string]int{}
		for _, record := range read(ctx, topic, partition, kgo.NewOffset().AtStart()) {
			var number int
			tell.Got(fmt.Sscan(string(record.Value), &number))
			key := string(record.Key)
			before, seen := last[key]
			tell.Check(!seen || number == before+keys, "key %s: %d follows %d", key, number, before)
			owner, elsewhere := home[key]
			tell.Check(!elsewhere || owner == partition, "key %s is in partitions %d and %d", key, owner, partition)
			last[key], home[key], used[partition] = number, partition, true
			total++
		}
	}
	tell.Equal(total, keys*rounds)
	tell.Equal(len(used), partitions)
}

func headers(ctx context.Context) {
	topic := created(ctx, 1, nil)
	sent := []kgo.RecordHeader{
		{Key: "twice", Value: []byte("1")}, {Key: "twice", Value: []byte("2")}, {Key: "null"}, {Key: "empty", Value: []byte{}}, {Key: "binary", Value: []byte{0, 0xff, 0x80}},
	}
	produce(ctx, []*kgo.Record{{Topic: topic, Value: []byte("value"), Headers: sent}, {Topic: topic, Value: []byte("none")}})
	found := read(ctx, topic, 0, kgo.NewOffset().AtStart())
	tell.Equal(found[0].Headers, sent)
	tell.Equal(len(found[1].Headers), 0)
}

func nullAndEmpty(ctx context.Context) {
	topic, empty := created(ctx, 1, nil), []byte{}
	pairs := [][2][]byte{{[]byte("key"), []byte("value")}, {[]byte("tombstone"), nil}, {empty, empty}, {nil, []byte("no key")}, {nil, nil}}
	var records []*kgo.Record
	for _, pair := range pairs {
		records = append(records, &kgo.Record{Topic: topic, Key: pair[0], Value: pair[1]})
	}
	produce(ctx, records)
	found := read(ctx, topic, 0, kgo.NewOffset().AtStart())
	tell.Equal(len(found), len(pairs))
	for number, pair := range pairs {
		tell.Equal([2][]byte{found[number].Key, found[number].Value}, pair)
	}
}

// roomy lets the client send more than the broker takes.
var roomy = []kgo.Opt{kgo.ProducerBatchMaxBytes(8 << 20), kgo.ProducerBatchCompression(kgo.NoCompression())}

func oneMebibyte(ctx context.Context) {
	topic, almost := created(ctx, 1, nil), bytes.Repeat([]byte("m"), 1<<20-100)
	produce(ctx, []*kgo.Record{{Topic: topic, Value: almost}}, roomy...)
	found := read(ctx, topic, 0, kgo.NewOffset().AtStart())
	tell.Check(len(found) == 1 && bytes.Equal(found[0].Value, almost), "the mebibyte did not come back: %d records", len(found))
}

func tooLarge(ctx context.Context) {
	topic := created(ctx, 1, nil)
	producer := client(roomy...)
	defer producer.Close()
	err := producer.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: make([]byte, 2_000_000)}).FirstErr()
	tell.Refused(err, kerr.MessageTooLarge)
	tell.Must(producer.ProduceSync(ctx, values(topic, 0, "small")...).FirstErr())
	tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AtStart())), []string{"small"})
}

func autoCreate(ctx context.Context) {
	topic := tell.Unused("auto")
	produce(ctx, values(topic, 0, "first"), kgo.AllowAutoTopicCreation())
	tell.Equal(texts(read(ctx, topic, 0, kgo.NewOffset().AtStart())), []string{"first"})
}
