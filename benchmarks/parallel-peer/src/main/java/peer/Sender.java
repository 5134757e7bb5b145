package peer;

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.vertx.VertxParallelEoSStreamProcessor;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Sends each record's value as a request, with Confluent Parallel Consumer over Vert.x, in the order
 * of each key, as a measure for the deliver worker. Whatever is not answered with 2xx it sends again.
 */
public final class Sender {
    private Sender() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int index = 0; index + 1 < arguments.length; index += 2) {
            options.put(arguments[index], arguments[index + 1]);
        }
        int inFlight = Integer.parseInt(options.get("--in-flight"));
        URI endpoint = URI.create(options.get("--endpoint"));
        Vertx vertx = Vertx.vertx();
        WebClient client = WebClient.create(vertx, new WebClientOptions()
                .setMaxPoolSize(inFlight)
                .setMaxWaitQueueSize(-1)
                .setDefaultHost(endpoint.getHost())
                .setDefaultPort(endpoint.getPort())
                .setSsl(endpoint.getScheme().equals("https"))
                .setTrustAll(true)
                .setVerifyHost(false));
        var settings = ParallelConsumerOptions.<String, byte[]>builder()
                .ordering(ProcessingOrder.KEY)
                .maxConcurrency(inFlight)
                .consumer(new KafkaConsumer<>(properties(options)))
                .build();
        var processor = new VertxParallelEoSStreamProcessor<String, byte[]>(vertx, client, settings);
        processor.subscribe(List.of(options.get("--input")));
        processor.vertxFuture(context -> send(client, context.value()));
        Thread.currentThread().join();
    }

    private static Future<?> send(WebClient client, byte[] body) {
        return client.post("/v1.2/events")
                .putHeader("Content-Type", "application/json")
                .sendBuffer(Buffer.buffer(body))
                .compose(Sender::taken);
    }

    private static Future<Void> taken(HttpResponse<Buffer> answer) {
        return answer.statusCode() < 300
                ? Future.succeededFuture()
                : Future.failedFuture("HTTP " + answer.statusCode());
    }

    private static Properties properties(Map<String, String> options) {
        Properties properties = new Properties();
        properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("--bootstrap"));
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, options.get("--group"));
        // As a static member it is known again at once after it was killed.
        properties.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, "peer");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return properties;
    }
}
