// A destination that is never the bottleneck: answers every event with 201 after a fixed delay,
// on one thread, and checks that each browser's numbered events arrive in order.
//
// Usage: java Destination.java PORT DELAY_MS
//
// It reads "browser_id":"…" and "number":N of each body. GET /stats answers
// {"requests":…,"outOfOrder":…,"repeats":…,"guests":…}. GET /v1.2/browser/create.json issues an id.

import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

public final class Destination {
    private static final byte[] TAKEN =
            answer("201 Created", "{\"status\":\"OK\",\"version\":\"1.2\",\"ref\":\"8d5d274e-9f34-4925-a38b-230c11eb4cf9\"}");
    private static final String BROWSER = "\"browser_id\":\"";
    private static final String NUMBER = "\"number\":";

    private final long delayNanos;
    private final Map<String, Long> last = new HashMap<>();
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long requests;
    private long outOfOrder;
    private long repeats;

    private record Waiting(Connection connection, byte[] answer, long dueNanos) {}

    private static final class Connection {
        final SocketChannel channel;
        ByteBuffer in = ByteBuffer.allocate(8192);

        Connection(SocketChannel channel) {
            this.channel = channel;
        }
    }

    private Destination(long delayMillis) {
        this.delayNanos = delayMillis * 1_000_000;
    }

    public static void main(String[] arguments) throws Exception {
        new Destination(Long.parseLong(arguments[1])).serve(Integer.parseInt(arguments[0]));
    }

    private void serve(int port) throws Exception {
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
                    read(key);
                }
            }
            answerWhatIsDue();
        }
    }

    private void wait(Selector selector) throws Exception {
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

    private static void accept(ServerSocketChannel server, Selector selector) throws Exception {
        SocketChannel channel;
        while ((channel = server.accept()) != null) {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.register(selector, SelectionKey.OP_READ, new Connection(channel));
        }
    }

    private void read(SelectionKey key) throws Exception {
        Connection connection = (Connection) key.attachment();
        try {
            if (connection.channel.read(connection.in) < 0) {
                connection.channel.close();
                return;
            }
        } catch (java.io.IOException gone) {
            connection.channel.close();
            return;
        }
        while (takeRequest(connection)) {
            // pipelined requests, one after another
        }
        if (!connection.in.hasRemaining()) {
            ByteBuffer larger = ByteBuffer.allocate(connection.in.capacity() * 2);
            connection.in.flip();
            connection.in = larger.put(connection.in);
        }
    }

    private boolean takeRequest(Connection connection) throws Exception {
        byte[] bytes = connection.in.array();
        int end = connection.in.position();
        int body = headerEnd(bytes, end);
        if (body < 0) {
            return false;
        }
        int length = contentLength(bytes, body);
        if (body + length > end) {
            return false;
        }
        String text = new String(bytes, 0, body + length, StandardCharsets.ISO_8859_1);
        connection.in.flip().position(body + length);
        connection.in.compact();
        reply(connection, text);
        return true;
    }

    private void reply(Connection connection, String request) throws Exception {
        if (request.startsWith("GET /stats")) {
            write(connection, answer("200 OK", "{\"requests\":" + requests + ",\"outOfOrder\":" + outOfOrder
                    + ",\"repeats\":" + repeats + ",\"guests\":" + last.size() + "}"));
        } else if (request.startsWith("GET /v1.2/browser/create.json")) {
            write(connection, answer("201 Created", "{\"status\":\"OK\",\"version\":\"1.2\",\"ref\":\"" + UUID.randomUUID()
                    + "\",\"customer_ref\":\"" + UUID.randomUUID() + "\"}"));
        } else {
            note(request);
            if (delayNanos == 0) {
                write(connection, TAKEN);
            } else {
                waiting.add(new Waiting(connection, TAKEN, System.nanoTime() + delayNanos));
            }
        }
    }

    private void note(String request) {
        requests++;
        String browser = after(request, BROWSER, '"');
        String number = after(request, NUMBER, '}');
        if (browser == null || number == null) {
            return;
        }
        long found = Long.parseLong(number.split("[,}]")[0].trim());
        long expected = last.getOrDefault(browser, -1L) + 1;
        if (found < expected) {
            repeats++;
        } else if (found > expected) {
            outOfOrder++;
        }
        last.merge(browser, found, Math::max);
    }

    private void answerWhatIsDue() throws Exception {
        long now = System.nanoTime();
        while (!waiting.isEmpty() && waiting.peek().dueNanos <= now) {
            Waiting next = waiting.poll();
            write(next.connection, next.answer);
        }
    }

    private static void write(Connection connection, byte[] bytes) throws Exception {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                connection.channel.write(buffer);
            }
        } catch (java.io.IOException gone) {
            connection.channel.close();
        }
    }

    private static String after(String text, String name, char end) {
        int start = text.indexOf(name);
        if (start < 0) {
            return null;
        }
        start += name.length();
        int stop = text.indexOf(end, start);
        return stop < 0 ? null : text.substring(start, stop);
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
        if (at < 0) {
            return 0;
        }
        return Integer.parseInt(head.substring(at + 17, head.indexOf('\r', at + 2)).trim());
    }

    private static byte[] answer(String status, String body) {
        return ("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body).getBytes(StandardCharsets.ISO_8859_1);
    }
}
