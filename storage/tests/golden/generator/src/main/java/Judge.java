import java.io.DataInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;

/** Says what Kafka's own validation says of every case in a file: `Judge CASES VERDICTS`. */
public class Judge {
    private static final long TIME = 1_700_000_000_000L;
    private static final int MAX_MESSAGE_BYTES = 1000;

    public static void main(String[] arguments) throws Exception {
        StringBuilder verdicts = new StringBuilder();
        try (DataInputStream cases = new DataInputStream(Files.newInputStream(Path.of(arguments[0])))) {
            int choice;
            while ((choice = cases.read()) >= 0) {
                byte[] sent = new byte[cases.readInt()];
                cases.readFully(sent);
                verdicts.append(verdict(choice, sent)).append("\n");
            }
        }
        Files.writeString(Path.of(arguments[1]), verdicts.toString());
    }

    private static String verdict(int choice, byte[] sent) {
        try {
            MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(sent));
            ProduceRequest.validateRecords((short) 11, records);
            // As UnifiedLog.analyzeAndValidateRecords, which is private.
            CompressionType source = CompressionType.NONE;
            int validBytes = 0;
            for (MutableRecordBatch batch : records.batches()) {
                if (batch.baseOffset() != 0) throw new InvalidRecordException("base offset");
                batch.lastOffset();
                if (batch.sizeInBytes() > MAX_MESSAGE_BYTES) throw new RecordTooLargeException("size");
                if (!batch.isValid()) throw new CorruptRecordException("CRC");
                source = CompressionType.forId(batch.compressionType().id);
                validBytes += batch.sizeInBytes();
            }
            ByteBuffer trimmed = records.buffer().duplicate();
            trimmed.limit(validBytes);
            records = MemoryRecords.readableRecords(trimmed.slice());
            boolean bounds = (choice & 32) != 0;
            LogValidator validator = new LogValidator(records, new TopicPartition("t", 0), fixedTime(), source, target(choice & 7, source), (choice & 16) != 0,
                (byte) 2, (choice & 8) != 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME, bounds ? 1000 : Long.MAX_VALUE, bounds ? 500 : 3_600_000,
                7, AppendOrigin.CLIENT);
            LogValidator.ValidationResult result = validator.validateMessagesAndAssignOffsets(PrimitiveRef.ofLong(1000), new Silent(), BufferSupplier.NO_CACHING);
            for (MutableRecordBatch batch : result.validatedRecords().batches())
                if (batch.sizeInBytes() > MAX_MESSAGE_BYTES) throw new RecordTooLargeException("size");
            String text;
            try {
                text = Golden.described(result.validatedRecords());
            } catch (Exception unreadable) {
                return "OK unreadable";
            }
            if (Boolean.getBoolean("verbose")) return text.replace("\n", " | ");
            return String.format("OK %08x", text.hashCode());
        } catch (RecordValidationException refused) {
            Errors error = Errors.forException(refused.invalidException());
            return error.name() + " " + refused.recordErrors().stream().map(e -> "" + e.batchIndex).collect(Collectors.joining(" "));
        } catch (Throwable error) {
            Errors code = Errors.forException(error);
            Throwable cause = error.getCause() == null ? error : error.getCause();
            return code == Errors.UNKNOWN_SERVER_ERROR ? code.name() + " " + cause.toString().replaceAll("\\s+", " ") : code.name();
        }
    }

    private static Compression target(int codec, CompressionType source) {
        return Compression.of(codec < 5 ? CompressionType.forId(codec) : source).build();
    }

    private static Time fixedTime() {
        return (Time) java.lang.reflect.Proxy.newProxyInstance(Judge.class.getClassLoader(), new Class<?>[] {Time.class},
            (proxy, method, values) -> method.getName().equals("milliseconds") ? (Object) TIME : method.invoke(Time.SYSTEM, values));
    }

    private static class Silent implements LogValidator.MetricsRecorder {
        public void recordInvalidMagic() { }

        public void recordInvalidOffset() { }

        public void recordInvalidSequence() { }

        public void recordInvalidChecksums() { }

        public void recordNoKeyCompactedTopic() { }
    }
}
