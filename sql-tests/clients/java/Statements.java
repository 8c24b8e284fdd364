import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Preparing past the threshold, cursors, batches, generated keys, transactions, savepoints, cancelling. */
final class Statements {
    static void run() throws Exception {
        Report.see("one statement ten times, with DDL in between", Statements::tenTimes);
        Report.see("SELECT * ten times, with a new column in between", Statements::newColumn);
        Report.see("rows by the fetch size", Statements::fetchSize);
        Report.see("a cursor ends with its transaction", Statements::cursorEnds);
        Report.see("batch", Statements::batch);
        Report.see("batch with rewriteBatchedInserts", Statements::rewrittenBatch);
        Report.see("a batch that fails", Statements::failingBatch);
        Report.see("generated keys", Statements::generatedKeys);
        Report.see("several statements", Statements::several);
        Report.see("setMaxRows", Statements::maxRows);
        Report.see("rollback", Statements::rollback);
        Report.see("savepoints", Statements::savepoints);
        Report.see("an error fails the transaction", Statements::failed);
        Report.see("autosave=always", Statements::autosave);
        Report.see("isolation and read only", Statements::isolation);
        Report.see("setQueryTimeout", Statements::timeout);
        Report.see("cancel", Statements::cancel);
        Report.see("ResultSetMetaData", Statements::resultMetadata);
        Report.see("ParameterMetaData", Statements::parameterMetadata);
        Report.see("an updatable result", Statements::updatable);
        Report.see("a scrollable result", Statements::scrollable);
        Report.see("escapes", Statements::escapes);
    }

    private static Object tenTimes() throws Exception {
        try (Connection connection = Main.connect("prepareThreshold=3")) {
            List<Object> seen = new ArrayList<>();
            Rows.run(connection, "CREATE TABLE ten (id int PRIMARY KEY, v text)", "INSERT INTO ten VALUES (1, 'a'), (2, 'b')");
            try (PreparedStatement statement = connection.prepareStatement("SELECT v FROM ten WHERE id = ?")) {
                for (int at = 0; at < 10; at++) {
                    if (at == 6) Rows.run(connection, "ALTER TABLE ten ADD COLUMN w int", "CREATE TABLE elsewhere (x int)");
                    statement.setInt(1, 1 + at % 2);
                    seen.add(Rows.of(statement.executeQuery()).get(0).get(0));
                }
            }
            Rows.run(connection, "DROP TABLE ten", "DROP TABLE elsewhere");
            return String.join("", seen.stream().map(Object::toString).toList());
        }
    }

    private static Object newColumn() throws Exception {
        try (Connection connection = Main.connect("prepareThreshold=2")) {
            List<Object> seen = new ArrayList<>();
            Rows.run(connection, "CREATE TABLE star (id int)", "INSERT INTO star VALUES (1)");
            try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM star")) {
                for (int at = 0; at < 10; at++) {
                    if (at == 5) Rows.run(connection, "ALTER TABLE star ADD COLUMN more text DEFAULT 'new'");
                    try (ResultSet rows = statement.executeQuery()) {
                        rows.next();
                        seen.add(rows.getMetaData().getColumnCount());
                    }
                }
            }
            Rows.run(connection, "DROP TABLE star");
            return seen;
        }
    }

    private static Object fetchSize() throws Exception {
        try (Connection connection = Main.connect()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(100);
                ResultSet rows = statement.executeQuery("SELECT i, 'row ' || i FROM range(3000) AS t(i)");
                long sum = 0;
                int count = 0;
                // Another statement while the cursor is open.
                while (rows.next()) {
                    sum += rows.getLong(1);
                    if (++count == 1500) Rows.run(connection, "SELECT 1");
                }
                return List.of(count, sum);
            } finally {
                connection.rollback();
            }
        }
    }

    private static Object cursorEnds() throws Exception {
        try (Connection connection = Main.connect()) {
            connection.setAutoCommit(false);
            Statement statement = connection.createStatement();
            statement.setFetchSize(10);
            ResultSet rows = statement.executeQuery("SELECT i FROM range(100) AS t(i)");
            rows.next();
            connection.commit();
            try {
                while (rows.next()) rows.getInt(1);
                return "no error";
            } catch (SQLException error) {
                return error.getSQLState();
            } finally {
                connection.rollback();
            }
        }
    }

    private static Object batch() throws Exception {
        try (Connection connection = Main.connect()) {
            Rows.run(connection, "CREATE TABLE batched (id int, v text, d date)");
            try (PreparedStatement statement = connection.prepareStatement("INSERT INTO batched VALUES (?, ?, ?)")) {
                for (int at = 0; at < 300; at++) {
                    statement.setInt(1, at);
                    statement.setString(2, at % 2 == 0 ? null : "v" + at);
                    statement.setObject(3, java.time.LocalDate.of(2024, 2, 29));
                    statement.addBatch();
                }
                int total = 0;
                for (int count : statement.executeBatch()) total += count;
                Object sums = Rows.of(connection, "SELECT count(*), sum(id), count(v), max(d) FROM batched");
                Rows.run(connection, "DROP TABLE batched");
                return List.of(total, sums);
            }
        }
    }

    private static Object rewrittenBatch() throws Exception {
        try (Connection connection = Main.connect("reWriteBatchedInserts=true")) {
            Rows.run(connection, "CREATE TABLE rewritten (id int, v text)");
            try (PreparedStatement statement = connection.prepareStatement("INSERT INTO rewritten VALUES (?, ?)")) {
                for (int at = 0; at < 200; at++) {
                    statement.setInt(1, at);
                    statement.setString(2, "v");
                    statement.addBatch();
                }
                statement.executeBatch();
                Object sums = Rows.of(connection, "SELECT count(*), sum(id) FROM rewritten");
                Rows.run(connection, "DROP TABLE rewritten");
                return sums;
            }
        }
    }

    private static Object failingBatch() throws Exception {
        try (Connection connection = Main.connect(); Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE once (id int PRIMARY KEY)");
            connection.setAutoCommit(false);
            for (int id : new int[] {1, 2, 1, 3}) statement.addBatch("INSERT INTO once VALUES (" + id + ")");
            try {
                statement.executeBatch();
                return "no error";
            } catch (java.sql.BatchUpdateException error) {
                connection.rollback();
                return List.of(error.getSQLState(), Rows.of(connection, "SELECT count(*) FROM once"));
            } finally {
                Rows.run(connection, "DROP TABLE once");
                connection.commit();
            }
        }
    }

    private static Object generatedKeys() throws Exception {
        try (Connection connection = Main.connect()) {
            Rows.run(connection, "CREATE SEQUENCE key_of", "CREATE TABLE keyed (id int DEFAULT nextval('key_of') PRIMARY KEY, v text)");
            List<Object> seen = new ArrayList<>();
            String sql = "INSERT INTO keyed (v) VALUES (?)";
            try (PreparedStatement statement = connection.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS)) {
                statement.setString(1, "x");
                seen.add(statement.executeUpdate());
                seen.add(Rows.of(statement.getGeneratedKeys(), "id", "v"));
            }
            try (PreparedStatement statement = connection.prepareStatement(sql, new String[] {"id"})) {
                statement.setString(1, "y");
                statement.addBatch();
                statement.setString(1, "z");
                statement.addBatch();
                statement.executeBatch();
                seen.add(Rows.of(statement.getGeneratedKeys()));
            }
            Rows.run(connection, "DROP TABLE keyed", "DROP SEQUENCE key_of");
            return seen;
        }
    }

    private static Object several() throws Exception {
        try (Connection connection = Main.connect(); Statement statement = connection.createStatement()) {
            List<Object> seen = new ArrayList<>();
            boolean isResult = statement.execute("CREATE TABLE sev (i int); INSERT INTO sev VALUES (1), (2); SELECT * FROM sev ORDER BY i; DROP TABLE sev");
            for (;;) {
                if (isResult) seen.add(Rows.of(statement.getResultSet()).size() + " rows");
                else if (statement.getUpdateCount() == -1) return seen;
                else seen.add(statement.getUpdateCount());
                isResult = statement.getMoreResults();
            }
        }
    }

    private static Object maxRows() throws Exception {
        try (Connection connection = Main.connect(); Statement statement = connection.createStatement()) {
            statement.setMaxRows(7);
            return Rows.of(statement.executeQuery("SELECT i FROM range(1000) AS t(i)")).size();
        }
    }

    private static Object rollback() throws Exception {
        try (Connection connection = Main.connect()) {
            connection.setAutoCommit(false);
            Rows.run(connection, "INSERT INTO shop.items (sku, label) VALUES ('r', 'rolled back')");
            Object inside = Rows.of(connection, "SELECT count(*) FROM shop.items");
            connection.rollback();
            Object after = Rows.of(connection, "SELECT count(*) FROM shop.items");
            connection.commit();
            return List.of(inside, after);
        }
    }

    private static Object savepoints() throws Exception {
        try (Connection connection = Main.connect()) {
            connection.setAutoCommit(false);
            Savepoint first = connection.setSavepoint();
            Rows.run(connection, "SELECT 1");
            connection.rollback(first);
            Savepoint second = connection.setSavepoint("second");
            connection.releaseSavepoint(second);
            Object seen = Rows.of(connection, "SELECT 'still here'");
            connection.commit();
            return seen;
        }
    }

    private static Object failed() throws Exception {
        try (Connection connection = Main.connect()) {
            connection.setAutoCommit(false);
            List<Object> states = new ArrayList<>();
            for (String sql : new String[] {"SELECT * FROM nothing_of_this_name", "SELECT 1"}) {
                try {
                    Rows.run(connection, sql);
                    states.add("no error");
                } catch (SQLException error) {
                    states.add(error.getSQLState());
                }
            }
            connection.rollback();
            states.add(Rows.of(connection, "SELECT 1"));
            return states;
        }
    }

    private static Object autosave() throws Exception {
        try (Connection connection = Main.connect("autosave=always")) {
            connection.setAutoCommit(false);
            Rows.of(connection, "SELECT 1");
            try {
                Rows.run(connection, "SELECT * FROM nothing_of_this_name");
            } catch (SQLException error) {
                // As it should be.
            }
            return Rows.of(connection, "SELECT 'goes on'");
        }
    }

    private static Object isolation() throws Exception {
        try (Connection connection = Main.connect()) {
            List<Object> seen = new ArrayList<>();
            seen.add(connection.getTransactionIsolation());
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            seen.add(connection.getTransactionIsolation());
            connection.setReadOnly(true);
            connection.setAutoCommit(false);
            try {
                Rows.run(connection, "CREATE TABLE refused (i int)");
                seen.add("no error");
            } catch (SQLException error) {
                seen.add(error.getSQLState());
            }
            connection.rollback();
            seen.add(connection.isValid(5));
            return seen;
        }
    }

    private static Object timeout() throws Exception {
        try (Connection connection = Main.connect(); Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            try {
                statement.executeQuery("SELECT count(*) FROM range(100000000000) AS t(i)");
                return "no error";
            } catch (SQLException error) {
                return List.of(error.getSQLState(), Rows.of(connection, "SELECT 'alive'"));
            }
        }
    }

    private static Object cancel() throws Exception {
        try (Connection connection = Main.connect(); Statement statement = connection.createStatement()) {
            Thread canceller = new Thread(() -> {
                try {
                    Thread.sleep(300);
                    statement.cancel();
                } catch (Exception error) {
                    throw new RuntimeException(error);
                }
            });
            canceller.start();
            try {
                statement.executeQuery("SELECT count(*) FROM range(100000000000) AS t(i)");
                return "no error";
            } catch (SQLException error) {
                canceller.join();
                return List.of(error.getSQLState(), Rows.of(connection, "SELECT 'alive'"));
            }
        }
    }

    private static Object resultMetadata() throws Exception {
        try (Connection connection = Main.connect(); Statement statement = connection.createStatement()) {
            ResultSet rows = statement.executeQuery("SELECT id, name AS label, balance, 1 + 1, count(*) OVER () FROM customers AS c");
            ResultSetMetaData data = rows.getMetaData();
            List<Object> seen = new ArrayList<>();
            for (int at = 1; at <= data.getColumnCount(); at++) {
                seen.add(List.of(data.getColumnLabel(at), data.getColumnName(at), data.getColumnTypeName(at), data.getTableName(at),
                    data.getSchemaName(at), data.isNullable(at), data.getPrecision(at), data.getScale(at), data.getColumnClassName(at)));
            }
            return seen;
        }
    }

    private static Object parameterMetadata() throws Exception {
        try (Connection connection = Main.connect();
             PreparedStatement statement = connection.prepareStatement("SELECT * FROM customers WHERE id = ? AND name = ? AND born > ? AND balance < ?")) {
            List<Object> seen = new ArrayList<>();
            for (int at = 1; at <= statement.getParameterMetaData().getParameterCount(); at++) seen.add(statement.getParameterMetaData().getParameterTypeName(at));
            seen.add(statement.getMetaData().getColumnCount());
            return seen;
        }
    }

    private static Object updatable() throws Exception {
        try (Connection connection = Main.connect()) {
            Rows.run(connection, "CREATE TABLE changing (id int PRIMARY KEY, v text)", "INSERT INTO changing VALUES (1, 'a'), (2, 'b')");
            // Where columns come from is told once the catalog has heard of the table.
            Rows.run(connection, "SELECT 'changing'::regclass");
            try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
                ResultSet rows = statement.executeQuery("SELECT id, v FROM changing ORDER BY id");
                rows.next();
                rows.updateString("v", "changed");
                rows.updateRow();
                rows.next();
                rows.deleteRow();
                rows.moveToInsertRow();
                rows.updateInt("id", 3);
                rows.updateString("v", "added");
                rows.insertRow();
            }
            Object seen = Rows.of(connection, "SELECT * FROM changing ORDER BY id");
            Rows.run(connection, "DROP TABLE changing");
            return seen;
        }
    }

    private static Object scrollable() throws Exception {
        try (Connection connection = Main.connect();
             Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
            ResultSet rows = statement.executeQuery("SELECT i FROM range(10) AS t(i)");
            rows.last();
            int last = rows.getInt(1);
            rows.absolute(3);
            return List.of(last, rows.getInt(1), rows.getRow());
        }
    }

    private static Object escapes() throws Exception {
        try (Connection connection = Main.connect()) {
            return Rows.of(connection, "SELECT {d '2024-02-29'}, {ts '2024-02-29 12:00:00'}, {fn ucase('a')}, {fn concat('a', 'b')}, {fn length('abc')}, 'x' LIKE '!%' {escape '!'}");
        }
    }
}
