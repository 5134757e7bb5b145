package peer;

import java.nio.ByteBuffer;
import java.util.UUID;
import org.apache.avro.generic.GenericRecord;

/** Ids of events, remembered for at least a day and less than two. */
final class Seen {
    private static final int ID = 16;
    private static final int IDS_MAX = 2_000;
    private static final long HORIZON_MS = 86_400_000;

    private Seen() {}

    /** Remembers an event's id; false where it was known already. */
    static boolean add(GenericRecord guest, String eventId, long now) {
        UUID id = UUID.fromString(eventId);
        ByteBuffer current = (ByteBuffer) guest.get("seen");
        if (holds(current, id) || holds((ByteBuffer) guest.get("seenBefore"), id)) {
            return false;
        }
        if (now - (long) guest.get("turnedAt") >= HORIZON_MS || current.remaining() >= IDS_MAX * ID) {
            guest.put("seenBefore", current);
            guest.put("turnedAt", now);
            current = ByteBuffer.allocate(0);
        }
        ByteBuffer longer = ByteBuffer.allocate(current.remaining() + ID);
        longer.put(current.duplicate());
        longer.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        guest.put("seen", longer.flip());
        return true;
    }

    private static boolean holds(ByteBuffer ids, UUID id) {
        for (int at = ids.position(); at < ids.limit(); at += ID) {
            if (ids.getLong(at + 8) == id.getLeastSignificantBits()
                    && ids.getLong(at) == id.getMostSignificantBits()) {
                return true;
            }
        }
        return false;
    }
}
