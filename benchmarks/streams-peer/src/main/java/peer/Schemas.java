package peer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.SchemaParser;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** The schemas, read when the program starts, and Avro's single-object encoding by them. One thread. */
final class Schemas {
    private static final int HEADER = 10;
    private static final short MARKER = (short) 0xC301;

    private final Map<String, Codec> byName = new HashMap<>();
    private final Map<Long, Codec> byFingerprint = new HashMap<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(4096);
    private BinaryEncoder encoder;
    private BinaryDecoder decoder;

    private record Codec(
            Schema schema,
            byte[] header,
            GenericDatumReader<GenericRecord> reader,
            GenericDatumWriter<GenericRecord> writer) {}

    /** Reads every schema in {@code commerce} and {@code stream} of the folder, and the guest's own. */
    Schemas(Path folder) throws IOException {
        SchemaParser parser = new SchemaParser();
        List<SchemaParser.ParseResult> parsed = new ArrayList<>();
        for (String namespace : List.of("commerce", "stream")) {
            for (Path file : files(folder.resolve(namespace))) {
                parsed.add(parser.parse(file));
            }
        }
        try (InputStream own = Schemas.class.getResourceAsStream("/Guest.avsc")) {
            parsed.add(parser.parse(own));
        }
        parser.getParsedNamedSchemas().forEach(this::add);
    }

    Schema schema(String name) {
        return byName.get(name).schema;
    }

    /** Decodes a single-object encoding by the schema that its fingerprint names. */
    GenericRecord decode(byte[] value) {
        ByteBuffer header = ByteBuffer.wrap(value);
        if (value.length < HEADER || header.getShort() != MARKER) {
            throw new IllegalArgumentException("not a single-object encoding");
        }
        Codec codec = byFingerprint.get(header.order(ByteOrder.LITTLE_ENDIAN).getLong());
        if (codec == null) {
            throw new IllegalArgumentException("written by an unknown schema");
        }
        try {
            decoder = DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, decoder);
            return codec.reader.read(null, decoder);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    byte[] encode(GenericRecord record) {
        Codec codec = byName.get(record.getSchema().getFullName());
        bytes.reset();
        bytes.writeBytes(codec.header);
        encoder = EncoderFactory.get().binaryEncoder(bytes, encoder);
        try {
            codec.writer.write(record, encoder);
            encoder.flush();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return bytes.toByteArray();
    }

    private void add(Schema schema) {
        long fingerprint = SchemaNormalization.parsingFingerprint64(schema);
        byte[] header = ByteBuffer.allocate(HEADER)
                .putShort(MARKER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(fingerprint)
                .array();
        Codec codec = new Codec(schema, header, new GenericDatumReader<>(schema), new GenericDatumWriter<>(schema));
        byName.put(schema.getFullName(), codec);
        byFingerprint.put(fingerprint, codec);
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> found = Files.list(folder)) {
            return found.filter(file -> file.toString().endsWith(".avsc")).sorted().toList();
        }
    }
}
