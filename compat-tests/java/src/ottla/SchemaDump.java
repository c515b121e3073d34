package ottla;

import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.ArrayOf;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.CompactArrayOf;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

import java.util.Map;
import java.util.TreeMap;

/**
 * Prints every request and response of the protocol as JSON: {"Produce": {"key": 0, "request": {"3": FIELDS, ...}, "response": ...}}.
 * FIELDS is a list of [name, TYPE]; TYPE is a primitive's name, {"array": TYPE, "compact": bool, "null": bool}, {"struct": FIELDS} or
 * {"tags": {"0": [name, TYPE]}}. The schemas come from the kafka-clients jar, so the differential suite's codec shares nothing with ottla's.
 */
public final class SchemaDump {
    public static void main(String[] arguments) {
        StringBuilder out = new StringBuilder("{");
        String separator = "\n";
        for (ApiKeys api : ApiKeys.values()) {
            if (!api.hasValidVersion()) {
                continue;
            }
            out.append(separator).append('"').append(api.name).append("\":{\"key\":").append(api.id);
            out.append(",\"request\":").append(versions(api.messageType.requestSchemas()));
            out.append(",\"response\":").append(versions(api.messageType.responseSchemas())).append('}');
            separator = ",\n";
        }
        System.out.println(out.append("\n}"));
    }

    private static String versions(Schema[] schemas) {
        StringBuilder out = new StringBuilder("{");
        for (int version = 0; version < schemas.length; version++) {
            if (schemas[version] != null) {
                out.append(out.length() > 1 ? "," : "").append('"').append(version).append("\":").append(fields(schemas[version]));
            }
        }
        return out.append('}').toString();
    }

    private static String fields(Schema schema) {
        StringBuilder out = new StringBuilder("[");
        for (BoundField field : schema.fields()) {
            out.append(out.length() > 1 ? "," : "").append(field(field.def));
        }
        return out.append(']').toString();
    }

    private static String field(Field field) {
        return "[\"" + field.name + "\"," + type(field.type) + "]";
    }

    private static String type(Type type) {
        if (type instanceof TaggedFields tagged) {
            StringBuilder out = new StringBuilder("{\"tags\":{");
            String separator = "";
            for (Map.Entry<Integer, Field> entry : new TreeMap<>(tagged.fields()).entrySet()) {
                out.append(separator).append('"').append(entry.getKey()).append("\":").append(field(entry.getValue()));
                separator = ",";
            }
            return out.append("}}").toString();
        }
        if (type instanceof ArrayOf || type instanceof CompactArrayOf) {
            boolean compact = type instanceof CompactArrayOf;
            return "{\"array\":" + type(type.arrayElementType().orElseThrow()) + ",\"compact\":" + compact + ",\"null\":" + type.isNullable() + "}";
        }
        if (type instanceof Schema schema) {
            return "{\"struct\":" + fields(schema) + ",\"null\":" + type.isNullable() + "}";
        }
        return '"' + type.toString() + '"';
    }
}
