// A destination that is never the bottleneck: answers every event with 201 after a fixed delay,
// on one thread, and checks that each browser's numbered events arrive in order.
//
// Usage: java Destination.java PORT DELAY_MS [--tls KEYSTORE PASSWORD] [--limit PER_S BURST]
//
// With a limit it has a bucket of tokens; without one left it answers 429 with Retry-After, and
// counts what comes again before that time. It reads "browser_id":"…", "number":N and "sentAt":µs
// of each body. GET /stats answers what it has counted, GET /ages from sending to arrival, of what
// has come since the last time it was asked. GET /v1.2/browser/create.json issues an id.

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;

public final class Destination {
    private static final byte[] TAKEN = answer("201 Created", "",
            "{\"status\":\"OK\",\"version\":\"1.2\",\"ref\":\"8d5d274e-9f34-4925-a38b-230c11eb4cf9\"}");

    private final long delayNanos;
    private final SSLContext tls;
    private final Limit limit;
    private final Order order = new Order();
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

    private record Waiting(Connection connection, byte[] answer, long dueNanos) {}

    private Destination(long delayMillis, SSLContext tls, Limit limit) {
        this.delayNanos = delayMillis * 1_000_000;
        this.tls = tls;
        this.limit = limit;
    }

    public static void main(String[] arguments) throws Exception {
        List<String> given = List.of(arguments);
        int tls = given.indexOf("--tls");
        int limit = given.indexOf("--limit");
        new Destination(
                        Long.parseLong(arguments[1]),
                        tls < 0 ? null : context(Path.of(arguments[tls + 1]), arguments[tls + 2]),
                        limit < 0 ? null : new Limit(
                                Double.parseDouble(arguments[limit + 1]), Double.parseDouble(arguments[limit + 2])))
                .serve(Integer.parseInt(arguments[0]));
    }

    private static SSLContext context(Path store, String password) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(store)) {
            keys.load(in, password.toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, password.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    private void serve(int port) throws IOException {
        Selector selector = Selector.open();
        ServerSocketChannel server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress("127.0.0.1", port), 4096);
        server.configureBlocking(false);
        server.register(selector, SelectionKey.OP_ACCEPT);
        System.out.println("listening on " + ((InetSocketAddress) server.getLocalAddress()).getPort());
        while (true) {
            wait(selector);
            var keys = selector.selectedKeys().iterator();
            while (keys.hasNext()) {
                SelectionKey key = keys.next();
                keys.remove();
                if (key.isAcceptable()) {
                    accept(server, selector);
                } else {
                    serve((Connection) key.attachment());
                }
            }
            answerWhatIsDue();
        }
    }

    private void wait(Selector selector) throws IOException {
        Waiting first = waiting.peek();
        if (first == null) {
            selector.select();
            return;
        }
        long left = first.dueNanos - System.nanoTime();
        if (left <= 0) {
            selector.selectNow();
        } else {
            selector.select(Math.max(1, left / 1_000_000));
        }
    }

    private void accept(ServerSocketChannel server, Selector selector) throws IOException {
        SocketChannel channel;
        while ((channel = server.accept()) != null) {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.register(selector, SelectionKey.OP_READ, new Connection(channel, tls));
        }
    }

    private void serve(Connection connection) throws IOException {
        try {
            connection.read();
            String request;
            while ((request = connection.takeRequest()) != null) {
                reply(connection, request);
            }
        } catch (IOException gone) {
            connection.channel.close();
        }
    }

    private void reply(Connection connection, String request) throws IOException {
        if (request.startsWith("GET /stats")) {
            connection.write(answer("200 OK", "", order.stats()));
        } else if (request.startsWith("GET /ages")) {
            connection.write(answer("200 OK", "", order.ages()));
        } else if (request.startsWith("GET /v1.2/browser/create.json")) {
            String ids = "\"ref\":\"" + UUID.randomUUID() + "\",\"customer_ref\":\"" + UUID.randomUUID();
            connection.write(answer("201 Created", "", "{\"status\":\"OK\",\"version\":\"1.2\"," + ids + "\"}"));
        } else {
            later(connection, take(request));
        }
    }

    private void later(Connection connection, byte[] answer) throws IOException {
        if (delayNanos == 0) {
            connection.write(answer);
        } else {
            waiting.add(new Waiting(connection, answer, System.nanoTime() + delayNanos));
        }
    }

    private byte[] take(String request) {
        Event event = Event.of(request);
        long wait = limit == null ? 0 : limit.spend();
        if (wait > 0) {
            order.refuse(event, wait);
            return answer("429 Too Many Requests", "Retry-After: " + wait + "\r\n", "");
        }
        order.take(event);
        return TAKEN;
    }

    private void answerWhatIsDue() throws IOException {
        long now = System.nanoTime();
        while (!waiting.isEmpty() && waiting.peek().dueNanos <= now) {
            Waiting next = waiting.poll();
            try {
                next.connection.write(next.answer);
            } catch (IOException gone) {
                next.connection.channel.close();
            }
        }
    }

    private static byte[] answer(String status, String headers, String body) {
        return ("HTTP/1.1 " + status + "\r\n" + headers + "Content-Type: application/json\r\nContent-Length: "
                        + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    /** What an event says of itself; number is -1 where it has none. */
    private record Event(String browser, long number, long sentMicros, boolean marked) {
        static Event of(String request) {
            String browser = after(request, "\"browser_id\":\"", "\"");
            return new Event(
                    browser == null ? "" : browser,
                    number(request, "\"number\":"),
                    number(request, "\"sentAt\":"),
                    request.contains("X-Possible-Repeat: true"));
        }

        private static long number(String text, String name) {
            int start = text.indexOf(name);
            if (start < 0) {
                return -1;
            }
            long found = 0;
            for (int at = start + name.length(); at < text.length() && Character.isDigit(text.charAt(at)); at++) {
                found = 10 * found + text.charAt(at) - '0';
            }
            return found;
        }

        private static String after(String text, String name, String end) {
            int start = text.indexOf(name);
            int stop = start < 0 ? -1 : text.indexOf(end, start + name.length());
            return stop < 0 ? null : text.substring(start + name.length(), stop);
        }
    }

    /** What has come, in which order, when. */
    private static final class Order {
        private final Map<String, Long> last = new HashMap<>();
        private final Map<String, Long> refusedUntil = new HashMap<>();
        private long[] agesMicros = new long[1 << 16];
        private int ages;
        private long requests;
        private long outOfOrder;
        private long repeats;
        private long unmarked;
        private long refused;
        private long early;

        void take(Event event) {
            requests++;
            if (event.sentMicros >= 0) {
                noteAge(event.sentMicros);
            }
            if (event.number < 0) {
                return;
            }
            noteRetry(event);
            long expected = last.getOrDefault(event.browser, -1L) + 1;
            if (event.number < expected) {
                repeats++;
                unmarked += event.marked ? 0 : 1;
            } else if (event.number > expected) {
                outOfOrder++;
            }
            last.merge(event.browser, event.number, Math::max);
        }

        void refuse(Event event, long waitSeconds) {
            refused++;
            noteRetry(event);
            refusedUntil.put(event.browser, System.nanoTime() + waitSeconds * 1_000_000_000);
        }

        private void noteRetry(Event event) {
            Long until = refusedUntil.isEmpty() ? null : refusedUntil.remove(event.browser);
            if (until != null && System.nanoTime() < until) {
                early++;
            }
        }

        private void noteAge(long sentMicros) {
            if (ages == agesMicros.length) {
                agesMicros = Arrays.copyOf(agesMicros, 2 * ages);
            }
            Instant now = Instant.now();
            agesMicros[ages++] = now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000 - sentMicros;
        }

        String stats() {
            return "{\"requests\":" + requests + ",\"outOfOrder\":" + outOfOrder + ",\"repeats\":" + repeats
                    + ",\"unmarked\":" + unmarked + ",\"refused\":" + refused + ",\"early\":" + early
                    + ",\"guests\":" + last.size() + "}";
        }

        String ages() {
            long[] sorted = Arrays.copyOf(agesMicros, ages);
            Arrays.sort(sorted);
            int count = ages;
            ages = 0;
            return "{\"count\":" + count + ",\"p50\":" + at(sorted, 0.5) + ",\"p99\":" + at(sorted, 0.99) + "}";
        }

        private static long at(long[] sorted, double part) {
            return sorted.length == 0 ? 0 : sorted[(int) (part * (sorted.length - 1))];
        }
    }

    /** A bucket of tokens. */
    private static final class Limit {
        private final double perSecond;
        private final double burst;
        private double tokens;
        private long filledNanos = System.nanoTime();

        Limit(double perSecond, double burst) {
            this.perSecond = perSecond;
            this.burst = burst;
            this.tokens = burst;
        }

        /** Takes a token; or says after how many whole seconds there will be one. */
        long spend() {
            long now = System.nanoTime();
            tokens = Math.min(burst, tokens + (now - filledNanos) / 1e9 * perSecond);
            filledNanos = now;
            if (tokens >= 1) {
                tokens--;
                return 0;
            }
            return (long) Math.ceil((1 - tokens) / perSecond);
        }
    }

    /** A connection, with or without TLS; buffers that hold nothing between calls are shared. */
    private static final class Connection {
        private static final ByteBuffer PLAIN = ByteBuffer.allocate(1 << 15);
        private static final ByteBuffer SEALED = ByteBuffer.allocate(1 << 15);
        private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

        final SocketChannel channel;
        private final SSLEngine tls;
        private ByteBuffer in = ByteBuffer.allocate(2048);
        private ByteBuffer sealedIn = ByteBuffer.allocate(2048);

        Connection(SocketChannel channel, SSLContext context) {
            this.channel = channel;
            this.tls = context == null ? null : context.createSSLEngine();
            if (tls != null) {
                tls.setUseClientMode(false);
            }
        }

        void read() throws IOException {
            if (tls == null) {
                fill();
                return;
            }
            sealedIn = roomy(sealedIn);
            if (channel.read(sealedIn) < 0) {
                throw new IOException("closed");
            }
            sealedIn.flip();
            SSLEngineResult result;
            do {
                PLAIN.clear();
                result = tls.unwrap(sealedIn, PLAIN);
                append(PLAIN.flip());
                shake();
                if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                    throw new IOException("closed");
                }
            } while (result.getStatus() == SSLEngineResult.Status.OK && sealedIn.hasRemaining());
            sealedIn.compact();
        }

        void write(byte[] bytes) throws IOException {
            ByteBuffer plain = ByteBuffer.wrap(bytes);
            if (tls == null) {
                send(plain);
            }
            while (plain.hasRemaining()) {
                seal(plain);
            }
        }

        /** The next whole request; null when it has not come yet. */
        String takeRequest() {
            byte[] bytes = in.array();
            int end = in.position();
            int body = headerEnd(bytes, end);
            if (body < 0) {
                return null;
            }
            int length = body + contentLength(bytes, body);
            if (length > end) {
                return null;
            }
            String text = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
            in.flip().position(length);
            in.compact();
            return text;
        }

        private void fill() throws IOException {
            in = roomy(in);
            if (channel.read(in) < 0) {
                throw new IOException("closed");
            }
        }

        private void append(ByteBuffer plain) {
            while (in.remaining() < plain.remaining()) {
                in = larger(in);
            }
            in.put(plain);
        }

        private void shake() throws IOException {
            while (true) {
                switch (tls.getHandshakeStatus()) {
                    case NEED_TASK -> {
                        Runnable task;
                        while ((task = tls.getDelegatedTask()) != null) {
                            task.run();
                        }
                    }
                    case NEED_WRAP -> seal(NOTHING);
                    default -> {
                        return;
                    }
                }
            }
        }

        private void seal(ByteBuffer plain) throws IOException {
            SEALED.clear();
            tls.wrap(plain, SEALED);
            send(SEALED.flip());
        }

        private void send(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }

        private static ByteBuffer roomy(ByteBuffer buffer) {
            return buffer.hasRemaining() ? buffer : larger(buffer);
        }

        private static ByteBuffer larger(ByteBuffer buffer) {
            return ByteBuffer.allocate(2 * buffer.capacity()).put(buffer.flip());
        }

        private static int headerEnd(byte[] bytes, int end) {
            for (int i = 3; i < end; i++) {
                if (bytes[i] == '\n' && bytes[i - 1] == '\r' && bytes[i - 2] == '\n') {
                    return i + 1;
                }
            }
            return -1;
        }

        private static int contentLength(byte[] bytes, int headerEnd) {
            String head = new String(bytes, 0, headerEnd, StandardCharsets.ISO_8859_1).toLowerCase();
            int at = head.indexOf("\r\ncontent-length:");
            return at < 0 ? 0 : Integer.parseInt(head.substring(at + 17, head.indexOf('\r', at + 2)).trim());
        }
    }
}
