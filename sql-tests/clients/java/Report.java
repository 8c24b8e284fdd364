import java.util.List;
import java.util.Map;

/** Prints a JSON line for each thing tried: what came of it, or the error. */
final class Report {
    interface Try {
        Object run() throws Exception;
    }

    static void see(String name, Try what) {
        String line;
        try {
            line = "\"value\":" + json(what.run());
        } catch (Throwable error) {
            line = "\"error\":" + json(error.toString());
        }
        System.out.println("{\"name\":" + json(name) + "," + line + "}");
    }

    static String json(Object value) {
        if (value == null) return "null";
        if (value instanceof Boolean || value instanceof Integer || value instanceof Long) return value.toString();
        if (value instanceof Map<?, ?> map) {
            StringBuilder text = new StringBuilder("{");
            map.forEach((key, one) -> text.append(text.length() > 1 ? "," : "").append(json(key.toString())).append(':').append(json(one)));
            return text.append('}').toString();
        }
        if (value instanceof List<?> list) {
            StringBuilder text = new StringBuilder("[");
            list.forEach(one -> text.append(text.length() > 1 ? "," : "").append(json(one)));
            return text.append(']').toString();
        }
        StringBuilder text = new StringBuilder("\"");
        for (char c : value.toString().toCharArray()) {
            if (c == '"' || c == '\\') text.append('\\').append(c);
            else if (c < ' ' || c > '~') text.append(String.format("\\u%04x", (int) c));
            else text.append(c);
        }
        return text.append('"').toString();
    }
}
