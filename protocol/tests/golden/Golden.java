// Writes samples of every Kafka message, as Kafka's own classes encode them, to standard output.
//
// One line a sample: name, version, kind, bytes in hexadecimal, values. Kinds: "default" is the message as its constructor leaves it,
// "filled" has every field of the version set and every array holding one element, "mixed" has random nulls, lengths and tags.
// The values of a filled sample are name=value pairs of its plain fields, in no order, so that a swap of two fields is seen.
// Its argument is a pattern of the class files to sample; see regenerate.sh for it and for the class path.

import java.io.File;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.util.*;
import java.util.jar.JarFile;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.ArrayOf;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

public class Golden {
    static final Random random = new Random(4);
    static final List<String> values = new ArrayList<>();
    static boolean mixed;
    static long counter;

    public static void main(String[] arguments) throws Exception {
        SortedMap<String, Class<?>> messages = new TreeMap<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (!entry.endsWith(".jar") || !entry.contains("kafka")) continue;
            try (JarFile jar = new JarFile(entry)) {
                for (var file : Collections.list(jar.entries())) {
                    String name = file.getName();
                    boolean generated = name.matches(arguments[0]);
                    if (!generated) continue;
                    Class<?> type = Class.forName(name.replace('/', '.').replace(".class", ""));
                    if (Message.class.isAssignableFrom(type) && !type.isInterface()) messages.put(name(type), type);
                }
            }
        }
        for (var message : messages.entrySet()) {
            Schema[] schemas = schemas(message.getValue());
            for (short version = 0; version < schemas.length; version++) {
                if (schemas[version] == null) continue;
                String kind = "default";
                try {
                    print(message.getKey(), version, kind, (Message) message.getValue().getConstructor().newInstance());
                    for (String next : List.of("filled", "mixed")) {
                        kind = next;
                        mixed = next.equals("mixed");
                        values.clear();
                        print(message.getKey(), version, kind, (Message) fill(message.getValue(), version));
                    }
                } catch (Exception refused) {
                    if (!kind.equals("default")) throw new Exception(message.getKey() + " " + version + " " + kind, refused);
                }
                values.clear();
            }
        }
    }

    static String name(Class<?> type) {
        String name = type.getSimpleName();
        return name.matches(".*(Request|Response)Data") ? name.substring(0, name.length() - 4) : name;
    }

    static void print(String name, short version, String kind, Message message) {
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] array = new byte[bytes.remaining()];
        bytes.get(array);
        String pairs = kind.equals("filled") ? String.join(";", values) : "";
        System.out.println(String.join("\t", name, "" + version, kind, HexFormat.of().formatHex(array), pairs));
    }

    static Schema[] schemas(Class<?> type) throws Exception {
        return (Schema[]) type.getField("SCHEMAS").get(null);
    }

    static Object fill(Class<?> type, short version) throws Exception {
        Object message = type.getConstructor().newInstance();
        for (BoundField bound : schemas(type)[version].fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                for (Field field : tagged.fields().values()) {
                    if (!mixed || random.nextBoolean()) set(message, field.name, field.type, version);
                }
            } else {
                set(message, bound.def.name, bound.def.type, version);
            }
        }
        return message;
    }

    static void set(Object message, String name, Type type, short version) throws Exception {
        String wanted = "set" + name.replace("_", "");
        for (Method setter : message.getClass().getMethods()) {
            if (!setter.getName().equalsIgnoreCase(wanted) || setter.getParameterCount() != 1) continue;
            Class<?> kind = setter.getParameterTypes()[0];
            if (type.isNullable() && mixed && random.nextInt(3) == 0) {
                setter.invoke(message, (Object) null);
            } else {
                setter.invoke(message, type == Type.UINT16 ? number(name) : value(name, kind, setter, version));
            }
            return;
        }
        throw new Exception("no setter of " + name + " in " + message.getClass());
    }

    /** A number for a field of 16 bits without a sign, which Java keeps in an int. */
    static int number(String name) {
        int number = (int) (++counter % 30000 + 33000);
        values.add(name.replace("_", "") + "=" + number);
        return number;
    }

    static Object value(String name, Class<?> kind, Method setter, short version) throws Exception {
        if (Collection.class.isAssignableFrom(kind)) return collection(name, kind, setter, version);
        Object scalar = scalar(kind);
        if (scalar == null) return fill(kind, version);
        if (scalar instanceof Number || scalar instanceof Boolean || scalar instanceof String || scalar instanceof Uuid) {
            if (!(scalar instanceof Double)) values.add(name.replace("_", "") + "=" + scalar);
        }
        return scalar;
    }

    @SuppressWarnings("unchecked")
    static Object collection(String name, Class<?> kind, Method setter, short version) throws Exception {
        java.lang.reflect.Type generic = kind == List.class ? setter.getGenericParameterTypes()[0] : kind.getGenericSuperclass();
        Class<?> element = (Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0];
        Collection<Object> all = kind == List.class ? new ArrayList<>() : (Collection<Object>) kind.getConstructor().newInstance();
        int length = mixed ? random.nextInt(3) : 1;
        for (int index = 0; index < length; index++) {
            Object scalar = scalar(element);
            all.add(scalar != null ? scalar : fill(element, version));
        }
        return all;
    }

    /** A value of a scalar type, different from all before where its range allows; null for a struct. */
    static Object scalar(Class<?> kind) throws Exception {
        long next = ++counter;
        if (kind == boolean.class) return mixed ? random.nextBoolean() : Boolean.TRUE;
        if (kind == byte.class || kind == Byte.class) return (byte) (next % 100 + 2);
        if (kind == short.class || kind == Short.class) return (short) (next % 30000 + 200);
        if (kind == int.class || kind == Integer.class) return mixed ? random.nextInt() : (int) next + 1000;
        if (kind == long.class || kind == Long.class) return mixed ? random.nextLong() >>> 32 : next + 4000000000L;
        if (kind == double.class) return next + 0.25;
        if (kind == String.class) return mixed && random.nextInt(4) == 0 ? "" : "s" + next + (mixed ? "é" : "");
        if (kind == Uuid.class) return new Uuid(next, -next);
        byte[] bytes = ("b" + next).getBytes();
        if (kind == byte[].class) return bytes;
        if (kind == ByteBuffer.class) return ByteBuffer.wrap(bytes);
        if (kind.getSimpleName().equals("BaseRecords")) {
            return Class.forName(kind.getPackageName() + ".MemoryRecords")
                    .getMethod("readableRecords", ByteBuffer.class).invoke(null, ByteBuffer.wrap(bytes));
        }
        return null;
    }
}
