package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.UUID;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** Makes what one event owes, each numbered and named. */
final class Owing {
    private static final List<String> CIRCUMSTANCES =
            List.of("browserId", "channel", "pointOfSale", "language", "currency", "page");

    private final Schemas schemas;
    private final byte[] application;
    private final MessageDigest sha1;

    Owing(Schemas schemas, String application) {
        this.schemas = schemas;
        this.application = application.getBytes(StandardCharsets.UTF_8);
        try {
            this.sha1 = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /**
     * Begins a message.
     *
     * @param kind name of its schema
     * @param guest whose number goes up
     * @param event gives the circumstances
     * @param cause the event at work, by {@link #cause}
     */
    GenericRecord begin(String kind, GenericRecord guest, GenericRecord event, GenericRecord cause) {
        long sequence = (long) guest.get("sequence");
        guest.put("sequence", sequence + 1);
        GenericRecord owed = new GenericData.Record(schemas.schema("stream." + kind));
        owed.put("deliveryId", name(cause.get("eventId") + ":" + sequence));
        owed.put("guestId", event.get("guestId"));
        owed.put("sequence", sequence);
        owed.put("occurredAt", event.get("occurredAt"));
        owed.put("context", context(event));
        owed.put("cause", cause);
        return owed;
    }

    GenericRecord cause(GenericRecord event, RecordMetadata place, long timestamp) {
        GenericRecord position = new GenericData.Record(schemas.schema("stream.Position"));
        position.put("topic", place.topic());
        position.put("partition", place.partition());
        position.put("offset", place.offset());
        GenericRecord cause = new GenericData.Record(schemas.schema("stream.Cause"));
        cause.put("eventId", event.get("eventId"));
        cause.put("positions", List.of(position));
        cause.put("timestamp", timestamp);
        return cause;
    }

    GenericRecord identity(GenericRecord event) {
        GenericRecord identity = new GenericData.Record(schemas.schema("stream.Identity"));
        identity.put("identifiers", event.get("identifiers"));
        Object contact = event.get("contact");
        identity.put("contact", contact == null ? nobody() : contact);
        return identity;
    }

    private GenericRecord nobody() {
        GenericRecord contact = new GenericData.Record(schemas.schema("commerce.Contact"));
        contact.put("street", List.of());
        return contact;
    }

    private GenericRecord context(GenericRecord event) {
        GenericRecord context = new GenericData.Record(schemas.schema("stream.Context"));
        for (String name : CIRCUMSTANCES) {
            context.put(name, event.get(name));
        }
        return context;
    }

    /** A UUID of version 5: the same whenever it is decided again. */
    private String name(String cause) {
        sha1.update(application);
        ByteBuffer digest = ByteBuffer.wrap(sha1.digest(cause.getBytes(StandardCharsets.UTF_8)));
        long high = digest.getLong() & ~0xF000L | 0x5000L;
        long low = digest.getLong() & 0x3FFFFFFFFFFFFFFFL | 0x8000000000000000L;
        return new UUID(high, low).toString();
    }
}
