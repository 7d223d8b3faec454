import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.vonage.client.HttpConfig;
import com.vonage.client.Jsonable;
import com.vonage.client.VonageApiResponseException;
import com.vonage.client.VonageClient;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/** What the walks share: clients of the stock SDK with only their host set, and a report of what came back. */
final class Walk {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Object client;
    private final ObjectNode found = JSON.createObjectNode();
    private final TreeSet<String> called = new TreeSet<>();

    Walk(Object client) {
        this.client = client;
    }

    static VonageClient clientOf(String applicationId, String privateKeyFile) {
        return VonageClient.builder()
                .httpConfig(HttpConfig.builder().baseUri(variable("MOOTHALL_HOST")).build())
                .applicationId(applicationId)
                .privateKeyPath(privateKeyFile)
                .build();
    }

    static VonageClient clientOfAccount(String apiKey, String apiSecret) {
        return VonageClient.builder()
                .httpConfig(HttpConfig.builder().baseUri(variable("MOOTHALL_HOST")).build())
                .apiKey(apiKey)
                .apiSecret(apiSecret)
                .build();
    }

    static String variable(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException(name + " is not set");
        }
        return value;
    }

    /** Calls a public method of the client by its name, and notes that it was called. */
    @SuppressWarnings("unchecked")
    <T> T call(String name, Object... arguments) {
        called.add(name);
        Method method = Arrays.stream(client.getClass().getMethods())
                .filter(candidate -> candidate.getName().equals(name))
                .filter(candidate -> accepts(candidate, arguments))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no public method " + name));
        try {
            return (T) method.invoke(client, arguments);
        } catch (InvocationTargetException failure) {
            if (failure.getCause() instanceof RuntimeException problem) {
                throw problem;
            }
            throw new IllegalStateException(failure.getCause());
        } catch (IllegalAccessException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static boolean accepts(Method method, Object[] arguments) {
        Class<?>[] types = method.getParameterTypes();
        if (types.length != arguments.length) {
            return false;
        }
        for (int index = 0; index < types.length; index++) {
            boolean isBoolean = types[index] == boolean.class && arguments[index] instanceof Boolean;
            if (!isBoolean && !types[index].isInstance(arguments[index])) {
                return false;
            }
        }
        return true;
    }

    <T> T keep(String name, T value) {
        found.set(name, toJson(value));
        return value;
    }

    /** Notes the exception that a call must end in. */
    void keepRefusal(String name, Runnable refused) {
        try {
            refused.run();
        } catch (VonageApiResponseException problem) {
            found.putObject(name).put("status", problem.getStatusCode()).put("message", problem.getMessage());
            return;
        }
        throw new IllegalStateException(name + " was not refused");
    }

    /** Prints everything that was noted, and which public methods there are. */
    void print() {
        found.set("called", JSON.valueToTree(called));
        TreeSet<String> methods = new TreeSet<>();
        for (Method method : client.getClass().getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers()) && !method.isSynthetic()) {
                methods.add(method.getName());
            }
        }
        found.set("methods", JSON.valueToTree(methods));
        System.out.println(found);
    }

    private static JsonNode toJson(Object value) {
        if (value instanceof List<?> items) {
            ArrayNode array = JSON.createArrayNode();
            items.forEach(item -> array.add(toJson(item)));
            return array;
        }
        if (value instanceof Jsonable item) {
            try {
                return JSON.readTree(item.toJson());
            } catch (java.io.IOException failure) {
                throw new IllegalStateException(failure);
            }
        }
        return JSON.valueToTree(value);
    }
}
