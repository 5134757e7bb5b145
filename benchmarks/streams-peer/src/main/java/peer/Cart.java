package peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/** A guest's cart: the latest fact of each line, and when it was last emptied. */
final class Cart {
    private final GenericRecord guest;
    private final List<GenericRecord> facts;
    private final Schema fact;

    @SuppressWarnings("unchecked")
    Cart(GenericRecord guest) {
        this.guest = guest;
        this.facts = (List<GenericRecord>) guest.get("facts");
        this.fact = guest.getSchema().getField("facts").schema().getElementType();
    }

    /** Sets a line, or removes it where it is null; true when the cart is another one now. */
    boolean set(Object itemId, GenericRecord line, long at) {
        if (at <= (long) guest.get("emptiedAt")) {
            return false;
        }
        int place = place(itemId);
        GenericRecord before = place < 0 ? null : facts.get(place);
        if (before != null) {
            if ((long) before.get("at") > at) {
                return false;
            }
            facts.remove(place);
        }
        GenericRecord after = new GenericData.Record(fact);
        after.put("at", at);
        after.put("itemId", itemId);
        after.put("line", line);
        facts.add(after);
        return !Objects.equals(before == null ? null : before.get("line"), line);
    }

    /** Takes out what was put in until then; true when the cart is another one now. */
    boolean empty(long at) {
        int lines = lines().size();
        if (at > (long) guest.get("emptiedAt")) {
            guest.put("emptiedAt", at);
            for (int place = facts.size() - 1; place >= 0; place--) {
                if ((long) facts.get(place).get("at") <= at) {
                    facts.remove(place);
                }
            }
        }
        return lines().size() != lines;
    }

    /** The lines as they now are, the one set last at the end. */
    List<GenericRecord> lines() {
        return linesUntil(Long.MAX_VALUE);
    }

    /** The lines of those facts that are not younger. */
    List<GenericRecord> linesUntil(long at) {
        List<GenericRecord> lines = new ArrayList<>();
        for (GenericRecord one : facts) {
            if (one.get("line") != null && (long) one.get("at") <= at) {
                lines.add((GenericRecord) one.get("line"));
            }
        }
        return lines;
    }

    private int place(Object itemId) {
        for (int place = 0; place < facts.size(); place++) {
            if (facts.get(place).get("itemId").equals(itemId)) {
                return place;
            }
        }
        return -1;
    }
}
