package peer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Folds each event into its guest, and forwards what is owed for it. */
final class Assembler implements Processor<Bytes, byte[], Bytes, byte[]> {
    static final String STORE = "guests";

    private final Schemas schemas;
    private final Owing owing;
    private final boolean tellsCarts;
    private ProcessorContext<Bytes, byte[]> context;
    private KeyValueStore<Bytes, GenericRecord> guests;
    private Record<Bytes, byte[]> record;
    private GenericRecord cause;

    Assembler(Schemas schemas, String application, boolean tellsCarts) {
        this.schemas = schemas;
        this.owing = new Owing(schemas, application);
        this.tellsCarts = tellsCarts;
    }

    @Override
    public void init(ProcessorContext<Bytes, byte[]> context) {
        this.context = context;
        this.guests = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<Bytes, byte[]> record) {
        GenericRecord event = schemas.decode(record.value());
        GenericRecord guest = guests.get(record.key());
        if (guest == null) {
            guest = unknown(record.timestamp());
        }
        if (!Seen.add(guest, event.get("eventId").toString(), record.timestamp())) {
            return;
        }
        this.record = record;
        this.cause = owing.cause(event, context.recordMetadata().orElseThrow(), record.timestamp());
        take(guest, event);
        guests.put(record.key(), guest);
    }

    private void take(GenericRecord guest, GenericRecord event) {
        switch (event.getSchema().getName()) {
            case "LineAdded", "LineChanged", "LineRemoved", "CartCleared" -> takeCartEvent(guest, event);
            case "GuestIdentified" -> takeIdentity(guest, event);
            case "OrderPlaced" -> takeOrder(guest, event);
            case "PaymentReceived" -> takePayment(guest, event);
            case "PageViewed" -> oweBehaviour(guest, event, "VIEW");
            case "ProductsSearched" -> oweBehaviour(guest, event, "SEARCH");
            case "CustomEventRaised" -> oweBehaviour(guest, event, upper(event.get("name")));
            default -> { }
        }
    }

    private void takeCartEvent(GenericRecord guest, GenericRecord event) {
        Cart cart = new Cart(guest);
        long at = (long) event.get("occurredAt");
        boolean changed = switch (event.getSchema().getName()) {
            case "LineRemoved" -> cart.set(event.get("itemId"), null, at);
            case "CartCleared" -> cart.empty(at);
            default -> {
                GenericRecord line = (GenericRecord) event.get("line");
                boolean remains = (long) line.get("quantity") > 0;
                yield cart.set(line.get("itemId"), remains ? line : null, at);
            }
        };
        if (changed && waiting(guest).isEmpty()) {
            oweCart(guest, event, cart.lines());
        }
    }

    @SuppressWarnings("unchecked")
    private void takeIdentity(GenericRecord guest, GenericRecord event) {
        GenericRecord identity = owing.identity(event);
        Object known = guest.get("identity");
        List<Object> browsers = (List<Object>) guest.get("browserIds");
        boolean newest = known == null || (long) event.get("occurredAt") > (long) guest.get("identifiedAt");
        boolean changed = newest && !identity.equals(known);
        if (newest) {
            guest.put("identity", identity);
            guest.put("identifiedAt", event.get("occurredAt"));
        }
        if (changed) {
            browsers.clear();
        }
        if (!browsers.contains(event.get("browserId"))) {
            browsers.add(event.get("browserId"));
            GenericRecord owed = owing.begin("OwedIdentity", guest, event, cause);
            owed.put("identity", guest.get("identity"));
            forward(owed);
        }
        if (!waiting(guest).isEmpty()) {
            waiting(guest).forEach(one -> oweOrder(guest, (GenericRecord) one.get("order")));
            waiting(guest).clear();
            oweCartAfterOrder(guest, event);
        }
    }

    private void takeOrder(GenericRecord guest, GenericRecord event) {
        Object orderId = event.get("orderId");
        if (order(guest, orderId) != null) {
            return;
        }
        Cart cart = new Cart(guest);
        long at = (long) event.get("occurredAt");
        if (((List<?>) event.get("lines")).isEmpty()) {
            event.put("lines", cart.linesUntil(at));
        }
        cart.empty(at);
        if (guest.get("identity") == null) {
            GenericRecord waits = new GenericData.Record(schemas.schema("peer.Waiting"));
            waits.put("order", event);
            waiting(guest).add(waits);
            return;
        }
        oweOrder(guest, event);
        oweCartAfterOrder(guest, event);
    }

    private void takePayment(GenericRecord guest, GenericRecord event) {
        GenericRecord order = order(guest, event.get("orderId"));
        if (order != null && !(boolean) order.get("paid")) {
            order.put("paid", true);
            GenericRecord owed = owing.begin("OwedPayment", guest, event, cause);
            owed.put("orderId", event.get("orderId"));
            owed.put("payment", event.get("payment"));
            forward(owed);
        }
    }

    private void oweOrder(GenericRecord guest, GenericRecord event) {
        GenericRecord owed = owing.begin("OwedOrder", guest, event, cause);
        for (String name : List.of("orderId", "orderedAt", "status", "total", "lines", "payment", "attributes")) {
            owed.put(name, event.get(name));
        }
        owed.put("identity", guest.get("identity"));
        forward(owed);
        GenericRecord order = new GenericData.Record(schemas.schema("peer.Order"));
        order.put("orderId", event.get("orderId"));
        order.put("paid", event.get("payment") != null);
        orders(guest).add(order);
    }

    private void oweCartAfterOrder(GenericRecord guest, GenericRecord event) {
        List<GenericRecord> lines = new Cart(guest).lines();
        if (!lines.isEmpty()) {
            oweCart(guest, event, lines);
        }
    }

    private void oweCart(GenericRecord guest, GenericRecord event, List<GenericRecord> lines) {
        if (tellsCarts) {
            GenericRecord owed = owing.begin("OwedCart", guest, event, cause);
            owed.put("lines", lines);
            forward(owed);
        }
    }

    private void oweBehaviour(GenericRecord guest, GenericRecord event, String type) {
        GenericRecord owed = owing.begin("OwedBehaviour", guest, event, cause);
        owed.put("type", type);
        if (type.equals("SEARCH")) {
            owed.put("productName", event.get("productName"));
            owed.put("productType", event.get("productType"));
        }
        owed.put("attributes", event.get("attributes"));
        forward(owed);
    }

    private void forward(GenericRecord owed) {
        context.forward(record.withValue(schemas.encode(owed)));
    }

    private GenericRecord unknown(long now) {
        GenericRecord guest = new GenericData.Record(schemas.schema("peer.Guest"));
        guest.put("sequence", now);
        guest.put("identifiedAt", Long.MIN_VALUE);
        guest.put("emptiedAt", Long.MIN_VALUE);
        guest.put("turnedAt", now);
        for (String name : List.of("browserIds", "facts", "waiting", "orders")) {
            guest.put(name, new ArrayList<>());
        }
        guest.put("seen", ByteBuffer.allocate(0));
        guest.put("seenBefore", ByteBuffer.allocate(0));
        return guest;
    }

    private static String upper(Object name) {
        return name.toString().toUpperCase(Locale.ROOT);
    }

    private static GenericRecord order(GenericRecord guest, Object orderId) {
        for (GenericRecord order : orders(guest)) {
            if (order.get("orderId").equals(orderId)) {
                return order;
            }
        }
        return null;
    }

    @SuppressWarnings("unchecked")
    private static List<GenericRecord> orders(GenericRecord guest) {
        return (List<GenericRecord>) guest.get("orders");
    }

    @SuppressWarnings("unchecked")
    private static List<GenericRecord> waiting(GenericRecord guest) {
        return (List<GenericRecord>) guest.get("waiting");
    }
}
