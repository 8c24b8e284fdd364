import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Calls all that DatabaseMetaData has, with arguments that mean something, and reads what comes. */
final class EveryMethod {
    private static final String[] NAMES = {null, "public", "customers", null, "public", "orders"};

    static Map<String, Object> of(DatabaseMetaData metaData) {
        Map<String, Object> seen = new TreeMap<>();
        for (Method method : DatabaseMetaData.class.getMethods()) {
            StringBuilder name = new StringBuilder(method.getName()).append('(');
            for (Class<?> type : method.getParameterTypes()) name.append(name.toString().endsWith("(") ? "" : ",").append(type.getSimpleName());
            seen.put(name.append(')').toString(), call(metaData, method));
        }
        return seen;
    }

    private static Object call(DatabaseMetaData metaData, Method method) {
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        int names = 0;
        for (int at = 0; at < types.length; at++) {
            if (types[at] == String.class) {
                boolean isPattern = names >= 2 && !method.getName().matches("get(PrimaryKeys|IndexInfo|ImportedKeys|ExportedKeys|CrossReference|BestRowIdentifier|VersionColumns|Tables)");
                arguments[at] = isPattern ? "%" : NAMES[names];
                names++;
            } else if (types[at] == int.class) arguments[at] = 1;
            else if (types[at] == boolean.class) arguments[at] = false;
            else if (types[at] == Class.class) arguments[at] = DatabaseMetaData.class;
        }
        try {
            Object result = method.invoke(metaData, arguments);
            if (result instanceof ResultSet rows) return List.of("columns", columns(rows), "rows", count(rows));
            if (result instanceof Boolean || result instanceof Integer || result instanceof Long || result == null) return result;
            return result instanceof String ? result : result.getClass().getSimpleName();
        } catch (InvocationTargetException error) {
            return "throws " + error.getCause();
        } catch (Exception error) {
            return "throws " + error;
        }
    }

    private static List<String> columns(ResultSet rows) throws Exception {
        ResultSetMetaData columns = rows.getMetaData();
        List<String> labels = new ArrayList<>();
        for (int at = 1; at <= columns.getColumnCount(); at++) labels.add(columns.getColumnLabel(at) + " " + columns.getColumnTypeName(at));
        return labels;
    }

    private static int count(ResultSet rows) throws Exception {
        int count = 0;
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            count++;
            for (int at = 1; at <= columns; at++) rows.getObject(at);
        }
        rows.close();
        return count;
    }
}
