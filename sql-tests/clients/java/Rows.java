import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Rows as lists of texts, a list for each row. */
final class Rows {
    /** @param labels of the columns to take; none: all */
    static List<List<Object>> of(ResultSet rows, String... labels) throws Exception {
        List<List<Object>> all = new ArrayList<>();
        int count = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            List<Object> row = new ArrayList<>();
            if (labels.length == 0) for (int at = 1; at <= count; at++) row.add(rows.getString(at));
            for (String label : labels) row.add(rows.getString(label));
            all.add(row);
        }
        rows.close();
        return all;
    }

    static List<List<Object>> of(Connection connection, String sql) throws Exception {
        try (Statement statement = connection.createStatement()) {
            return of(statement.executeQuery(sql));
        }
    }

    static void run(Connection connection, String... sql) throws Exception {
        try (Statement statement = connection.createStatement()) {
            for (String one : sql) statement.execute(one);
        }
    }
}
