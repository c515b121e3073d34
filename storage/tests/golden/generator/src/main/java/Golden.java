import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.metadata.properties.MetaProperties;
import org.apache.kafka.metadata.properties.MetaPropertiesVersion;
import org.apache.kafka.metadata.properties.PropertiesUtils;
import org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile;
import org.apache.kafka.storage.internals.checkpoint.OffsetCheckpointFile;
import org.apache.kafka.storage.internals.checkpoint.PartitionMetadataFile;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.EpochEntry;
import org.apache.kafka.storage.internals.log.ProducerStateEntry;
import org.apache.kafka.storage.internals.log.ProducerStateManager;

/** Writes what Kafka's own classes write (`write DIR`), or reads what ottla wrote (`read DIR`) and says what is in it. */
public class Golden {
    private static final long TIME = 1_700_000_000_000L;
    private static final long PRODUCER = 4711L;

    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[1]);
        Files.createDirectories(directory);
        if (arguments[0].equals("write")) {
            batches(directory);
            files(directory);
        } else {
            read(directory);
        }
    }

    private static void batches(Path to) throws IOException {
        for (Map.Entry<String, Compression> codec : codecs().entrySet()) {
            MemoryRecordsBuilder builder = builder(codec.getValue(), TimestampType.CREATE_TIME, 100, -1, (short) -1, -1, false, false);
            for (SimpleRecord record : someRecords()) builder.append(record);
            batch(to, "codec-" + codec.getKey(), builder.build());
            builder = builder(codec.getValue(), TimestampType.CREATE_TIME, 0, -1, (short) -1, -1, false, false);
            for (int i = 0; i < 300; i++) builder.append(TIME + i, ("key-" + i % 17).getBytes(), repeated(i).getBytes());
            batch(to, "large-" + codec.getKey(), builder.build());
        }
        MemoryRecordsBuilder builder = builder(Compression.NONE, TimestampType.LOG_APPEND_TIME, 7, -1, (short) -1, -1, false, false);
        for (SimpleRecord record : someRecords()) builder.append(record);
        batch(to, "append-time", builder.build());
        builder = builder(Compression.lz4().build(), TimestampType.CREATE_TIME, 3, PRODUCER, (short) 2, 2147483646, true, false);
        for (SimpleRecord record : someRecords()) builder.append(record);
        batch(to, "transactional", builder.build());
        for (ControlRecordType type : List.of(ControlRecordType.ABORT, ControlRecordType.COMMIT)) {
            MemoryRecords marker = MemoryRecords.withEndTransactionMarker(55, TIME, 9, PRODUCER, (short) 2, new EndTransactionMarker(type, 31));
            batch(to, "marker-" + type.name().toLowerCase(), marker);
        }
        builder = new MemoryRecordsBuilder(new ByteBufferOutputStream(1024), (byte) 2, Compression.NONE, TimestampType.CREATE_TIME, 3, -1, -1,
            (short) -1, -1, false, false, 4, 4096, TIME + 86_400_000L);
        builder.append(TIME + 1, "tombstone".getBytes(), null);
        batch(to, "delete-horizon", builder.build());
        ByteBuffer empty = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(empty, (byte) 2, PRODUCER, (short) 1, 10, 20, 25, 4, TimestampType.CREATE_TIME, TIME, true, false);
        empty.flip();
        batch(to, "compacted-away", MemoryRecords.readableRecords(empty));
        for (byte magic : new byte[] {0, 1}) {
            for (Map.Entry<String, Compression> codec : Map.of("none", (Compression) Compression.NONE, "gzip", Compression.gzip().build()).entrySet()) {
                MemoryRecords records = MemoryRecords.withRecords(magic, 10, codec.getValue(), TimestampType.CREATE_TIME,
                    new SimpleRecord(TIME, "a".getBytes(), "1".getBytes()), new SimpleRecord(TIME + 5, null, "2".getBytes()), new SimpleRecord(TIME + 2, "c".getBytes(), null));
                batch(to, "legacy-" + magic + "-" + codec.getKey(), records);
            }
        }
    }

    private static Map<String, Compression> codecs() {
        Map<String, Compression> codecs = new LinkedHashMap<>();
        codecs.put("none", Compression.NONE);
        codecs.put("gzip", Compression.gzip().build());
        codecs.put("gzip9", Compression.gzip().level(9).build());
        codecs.put("snappy", Compression.snappy().build());
        codecs.put("lz4", Compression.lz4().build());
        codecs.put("lz4hc", Compression.lz4().level(17).build());
        codecs.put("zstd", Compression.zstd().build());
        codecs.put("zstd22", Compression.zstd().level(22).build());
        return codecs;
    }

    private static List<SimpleRecord> someRecords() {
        return List.of(
            new SimpleRecord(TIME, "key".getBytes(), "value".getBytes()),
            new SimpleRecord(TIME - 70_000, null, "no key".getBytes()),
            new SimpleRecord(TIME + 1_000_000, "no value".getBytes(), (byte[]) null),
            new SimpleRecord(TIME, new byte[0], new byte[0], new Header[] {
                new RecordHeader("h", "1".getBytes()), new RecordHeader("h", null), new RecordHeader("", new byte[0]), new RecordHeader("ü", new byte[300])
            }),
            new SimpleRecord(-1, null, (byte[]) null)
        );
    }

    private static String repeated(int i) {
        return ("the quick brown fox " + i + " ").repeat(1 + i % 12);
    }

    private static MemoryRecordsBuilder builder(Compression compression, TimestampType type, long base, long producer, short epoch, int sequence,
                                                boolean transactional, boolean control) {
        return new MemoryRecordsBuilder(new ByteBufferOutputStream(1024), (byte) 2, compression, type, base, TIME + 12345, producer, epoch, sequence,
            transactional, control, 4, 1 << 30);
    }

    private static void batch(Path to, String name, MemoryRecords records) throws IOException {
        ByteBuffer bytes = records.buffer().duplicate();
        byte[] array = new byte[bytes.remaining()];
        bytes.get(array);
        Files.write(to.resolve(name + ".batch"), array);
        Files.writeString(to.resolve(name + ".txt"), described(records));
    }

    static String described(MemoryRecords records) {
        StringBuilder text = new StringBuilder();
        for (RecordBatch batch : records.batches()) {
            text.append(String.format("batch magic=%d base=%s last=%d epoch=%d codec=%s type=%s max=%d producer=%d/%d/%d-%d transactional=%b control=%b horizon=%s%n",
                batch.magic(), batch.magic() < 2 ? "-" : "" + batch.baseOffset(), batch.lastOffset(), batch.partitionLeaderEpoch(), batch.compressionType().name,
                batch.timestampType(), batch.maxTimestamp(), batch.producerId(), batch.producerEpoch(), batch.baseSequence(), batch.lastSequence(),
                batch.isTransactional(), batch.isControlBatch(), batch.deleteHorizonMs()));
            for (Record record : batch) {
                text.append(String.format("%d %d %s %s", record.offset(), record.timestamp(), hex(record.key()), hex(record.value())));
                for (Header header : record.headers())
                    text.append(" ").append(HexFormat.of().formatHex(header.key().getBytes(StandardCharsets.UTF_8))).append("=").append(hex(header.value() == null ? null : ByteBuffer.wrap(header.value())));
                text.append("\n");
            }
        }
        return text.toString();
    }

    /** Long fields as their size and Java hash. */
    private static String hex(ByteBuffer bytes) {
        if (bytes == null) return "null";
        byte[] array = new byte[bytes.remaining()];
        bytes.duplicate().get(array);
        return array.length > 40 ? array.length + "#" + Arrays.hashCode(array) : "x" + HexFormat.of().formatHex(array);
    }

    private static void files(Path to) throws Exception {
        LogDirFailureChannel failures = new LogDirFailureChannel(1);
        Map<Long, ProducerStateEntry> producers = new HashMap<>();
        producers.put(1L, entry(1, (short) 0, -1, TIME, OptionalLong.empty(), 9, 99, 9));
        producers.put(2L, entry(2, (short) 5, 3, TIME + 1, OptionalLong.of(150), 2147483647, 160, 4));
        producers.put(3L, entry(3, (short) 1, 8, TIME + 2, OptionalLong.empty(), -1, -1, 0));
        ProducerStateManager.writeSnapshot(to.resolve("00000000000000000200.snapshot").toFile(), producers, false);
        new LeaderEpochCheckpointFile(to.resolve("leader-epoch-checkpoint").toFile(), failures).write(List.of(new EpochEntry(0, 0), new EpochEntry(3, 1500), new EpochEntry(7, 90_000_000_000L)));
        Map<TopicPartition, Long> offsets = new LinkedHashMap<>();
        offsets.put(new TopicPartition("orders.v1-x_y", 0), 1500L);
        offsets.put(new TopicPartition("__consumer_offsets", 49), 90_000_000_000L);
        new OffsetCheckpointFile(to.resolve("recovery-point-offset-checkpoint").toFile(), failures).write(offsets);
        PartitionMetadataFile metadata = new PartitionMetadataFile(to.resolve("partition.metadata").toFile(), failures);
        metadata.record(Uuid.fromString("xtzWWN4bTjitpL3kfd9s5g"));
        metadata.maybeFlush();
        MetaProperties properties = new MetaProperties.Builder().setVersion(MetaPropertiesVersion.V1).setClusterId("a:b=c #d!").setNodeId(7)
            .setDirectoryId(Uuid.fromString("BB6ZIlTHT-uiKNo2oTmHpw")).build();
        PropertiesUtils.writePropertiesFile(properties.toProperties(), to.resolve("meta.properties").toString(), false);
        ByteBuffer aborted = ByteBuffer.allocate(34);
        aborted.putShort((short) 0).putLong(PRODUCER).putLong(10).putLong(20).putLong(21);
        Files.write(to.resolve("00000000000000000000.txnindex"), aborted.array());
    }

    private static ProducerStateEntry entry(long id, short epoch, int coordinator, long time, OptionalLong transaction, int sequence, long offset, int delta) throws Exception {
        ProducerStateEntry entry = new ProducerStateEntry(id, epoch, coordinator, time, transaction);
        if (offset >= 0) {
            Method addBatch = ProducerStateEntry.class.getDeclaredMethod("addBatch", short.class, int.class, long.class, int.class, long.class);
            addBatch.setAccessible(true);
            addBatch.invoke(entry, epoch, sequence, offset, delta, time);
        }
        return entry;
    }

    private static void read(Path from) throws Exception {
        try (Stream<Path> paths = Files.list(from)) {
            for (Path path : paths.sorted().toList()) {
                String name = path.getFileName().toString();
                System.out.println("== " + name);
                if (name.endsWith(".batch")) {
                    MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(path)));
                    records.batches().forEach(RecordBatch::ensureValid);
                    System.out.print(described(records));
                } else if (name.endsWith(".snapshot")) {
                    ProducerStateManager.readSnapshot(path.toFile()).forEach(System.out::println);
                } else if (name.equals("leader-epoch-checkpoint")) {
                    System.out.println(new LeaderEpochCheckpointFile(path.toFile(), new LogDirFailureChannel(1)).read());
                } else if (name.equals("recovery-point-offset-checkpoint")) {
                    System.out.println(new OffsetCheckpointFile(path.toFile(), new LogDirFailureChannel(1)).read());
                } else if (name.equals("partition.metadata")) {
                    System.out.println(new PartitionMetadataFile(path.toFile(), new LogDirFailureChannel(1)).read().topicId());
                } else if (name.equals("meta.properties")) {
                    System.out.println(new MetaProperties.Builder(PropertiesUtils.readPropertiesFile(path.toString())).build());
                }
            }
        }
    }
}
