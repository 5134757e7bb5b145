package peer;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/**
 * Assembles commerce events with Kafka Streams, as a measure for the assemble worker.
 *
 * <p>Reads {@code --input}, keeps a guest for each key, writes what is owed to {@code --output}, all
 * exactly once, on one thread. Says {@code running} once its state is restored. Ends with SIGTERM.
 */
public final class Peer {
    private Peer() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = options(arguments);
        Schemas schemas = new Schemas(Path.of(options.get("--schemas")));
        KafkaStreams streams = new KafkaStreams(topology(options, schemas), properties(options));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setStateListener((now, before) -> {
            System.out.println(now.name().toLowerCase(Locale.ROOT));
            if (now == KafkaStreams.State.ERROR) {
                Runtime.getRuntime().halt(1);
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(15))));
        streams.start();
        Thread.currentThread().join();
    }

    private static Topology topology(Map<String, String> options, Schemas schemas) {
        boolean inMemory = options.get("--store").equals("memory");
        boolean tellsCarts = !options.get("--protocol").equals("single");
        String application = options.get("--application-id");
        Serde<GenericRecord> guest = Serdes.serdeFrom(
                (topic, value) -> value == null ? null : schemas.encode(value),
                (topic, bytes) -> bytes == null ? null : schemas.decode(bytes));
        var supplier = inMemory
                ? Stores.inMemoryKeyValueStore(Assembler.STORE)
                : Stores.persistentKeyValueStore(Assembler.STORE);
        var store = Stores.keyValueStoreBuilder(supplier, Serdes.Bytes(), guest);
        var bytes = Serdes.ByteArray();
        Topology topology = new Topology();
        topology.addSource("events", Serdes.Bytes().deserializer(), bytes.deserializer(), options.get("--input"));
        topology.addProcessor("assemble", () -> new Assembler(schemas, application, tellsCarts), "events");
        boolean caches = Long.parseLong(options.get("--cache-bytes")) > 0;
        topology.addStateStore(caches ? store.withCachingEnabled() : store, "assemble");
        topology.addSink(
                "owed", options.get("--output"), Serdes.Bytes().serializer(), bytes.serializer(), "assemble");
        return topology;
    }

    private static Properties properties(Map<String, String> options) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("--bootstrap"));
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("--application-id"));
        properties.put(StreamsConfig.STATE_DIR_CONFIG, options.get("--state-dir"));
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, options.get("--commit-interval-ms"));
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, options.get("--cache-bytes"));
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        // Streams does not leave its group when it closes: as a static member it is known again at once.
        properties.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, "peer");
        return properties;
    }

    private static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new HashMap<>(Map.of(
                "--input", "commerce-events",
                "--output", "stream-events",
                "--protocol", "single",
                "--store", "rocksdb",
                "--commit-interval-ms", "100",
                "--cache-bytes", "0"));
        for (int index = 0; index + 1 < arguments.length; index += 2) {
            options.put(arguments[index], arguments[index + 1]);
        }
        return options;
    }
}
