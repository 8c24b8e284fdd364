import java.sql.Connection;
import java.sql.DriverManager;
import java.util.Properties;

/** Arguments: SQLens' port, and PostgreSQL's where there is one. */
public final class Main {
    private static int port;

    static Connection connect(String... options) throws Exception {
        return connectTo(port, options);
    }

    static Connection connectTo(int port, String... options) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", "admin");
        properties.setProperty("password", "unused");
        for (String option : options) {
            String[] parts = option.split("=", 2);
            properties.setProperty(parts[0], parts[1]);
        }
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/sqlens", properties);
    }

    public static void main(String[] arguments) throws Exception {
        port = Integer.parseInt(arguments[0]);
        // First: where a column comes from is told once the catalog has been asked for.
        Metadata.run();
        Statements.run();
        Values.run();
        Features.run();
        for (int at = 0; at < arguments.length; at++) {
            try (Connection connection = connectTo(Integer.parseInt(arguments[at]))) {
                String engine = at == 0 ? "sqlens" : "postgres";
                Report.see("every method on " + engine, () -> EveryMethod.of(connection.getMetaData()));
            }
        }
    }
}
