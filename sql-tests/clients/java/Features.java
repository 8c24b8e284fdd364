import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** What only this driver has: COPY and notifications; and how it connects. */
final class Features {
    static void run() throws Exception {
        Report.see("copyOut", Features::copyOut);
        Report.see("copyIn", Features::copyIn);
        Report.see("copyIn that fails", Features::copyInFails);
        Report.see("getNotifications", Features::notifications);
        for (String mode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
            Report.see("preferQueryMode=" + mode, () -> queryMode(mode));
        }
        Report.see("options", () -> {
            try (Connection connection = Main.connect("options=-c statement_timeout=12345", "ApplicationName=jdbc", "currentSchema=shop")) {
                return List.of(Rows.of(connection, "SHOW statement_timeout"), Rows.of(connection, "SHOW application_name"), Rows.of(connection, "SELECT current_schema()"));
            }
        });
        Report.see("targetServerType=primary", () -> {
            try (Connection connection = Main.connect("targetServerType=primary")) {
                return Rows.of(connection, "SELECT 1");
            }
        });
    }

    private static Object copyOut() throws Exception {
        try (Connection connection = Main.connect()) {
            CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
            StringWriter text = new StringWriter();
            long count = copies.copyOut("COPY (SELECT id, name, balance FROM customers ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)", text);
            return List.of(count, text.toString());
        }
    }

    private static Object copyIn() throws Exception {
        try (Connection connection = Main.connect()) {
            Rows.run(connection, "CREATE TABLE copied (id int, v text)");
            CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
            StringBuilder rows = new StringBuilder();
            for (int at = 0; at < 2000; at++) rows.append(at).append('\t').append(at % 10 == 0 ? "\\N" : "v" + at).append('\n');
            long count = copies.copyIn("COPY copied FROM STDIN", new StringReader(rows.toString()));
            Object sums = Rows.of(connection, "SELECT count(*), count(v), sum(id) FROM copied");
            Rows.run(connection, "DROP TABLE copied");
            return List.of(count, sums);
        }
    }

    private static Object copyInFails() throws Exception {
        try (Connection connection = Main.connect()) {
            Rows.run(connection, "CREATE TABLE not_copied (id int)");
            try {
                connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY not_copied FROM STDIN", new StringReader("1\nnot a number\n"));
                return "no error";
            } catch (SQLException error) {
                return List.of(error.getSQLState(), Rows.of(connection, "SELECT count(*) FROM not_copied"));
            } finally {
                Rows.run(connection, "DROP TABLE not_copied");
            }
        }
    }

    private static Object notifications() throws Exception {
        try (Connection listener = Main.connect(); Connection sender = Main.connect()) {
            Rows.run(listener, "LISTEN news");
            Rows.run(sender, "NOTIFY news, 'first'", "SELECT pg_notify('news', 'second')", "NOTIFY other, 'not for us'");
            List<Object> seen = new ArrayList<>();
            for (int at = 0; at < 50 && seen.size() < 2; at++) {
                PGNotification[] some = listener.unwrap(PGConnection.class).getNotifications(100);
                if (some != null) for (PGNotification one : some) seen.add(one.getName() + ": " + one.getParameter());
            }
            return seen;
        }
    }

    private static Object queryMode(String mode) throws Exception {
        try (Connection connection = Main.connect("preferQueryMode=" + mode);
             var statement = connection.prepareStatement("SELECT name FROM customers WHERE id = ? AND name LIKE ?")) {
            List<Object> seen = new ArrayList<>();
            for (int at = 0; at < 7; at++) {
                statement.setInt(1, 1);
                statement.setString(2, "A%");
                seen.add(Rows.of(statement.executeQuery()).get(0).get(0));
            }
            return seen.size() + " " + seen.get(6);
        }
    }
}
