import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.UUID;

/** Values of every type, both ways, in text and in binary. */
final class Values {
    static void run() throws Exception {
        // "force": the driver asks for binary from the first execution on.
        for (String threshold : new String[] {"0", "-1"}) {
            String how = threshold.equals("0") ? "text" : "binary";
            try (Connection connection = Main.connect("prepareThreshold=" + threshold, "binaryTransfer=" + !threshold.equals("0"))) {
                Report.see("row of kinds, " + how, () -> kinds(connection, 1));
                Report.see("row of NULLs, " + how, () -> kinds(connection, 2));
                Report.see("row of nested, " + how, () -> rowOf(connection, "SELECT * FROM nested WHERE id = ?", 1));
                Report.see("there and back, " + how, () -> thereAndBack(connection));
                Report.see("large and odd, " + how, () -> odd(connection));
            }
        }
    }

    private static Object kinds(Connection connection, int id) throws Exception {
        return rowOf(connection, "SELECT * FROM kinds WHERE id = ?", id);
    }

    private static Object rowOf(Connection connection, String sql, int id) throws Exception {
        List<Object> seen = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, id);
            ResultSet rows = statement.executeQuery();
            rows.next();
            for (int at = 1; at <= rows.getMetaData().getColumnCount(); at++) seen.add(show(rows.getObject(at)));
        }
        return seen;
    }

    private static Object show(Object value) throws Exception {
        if (value instanceof Array array) return array.getBaseTypeName() + Arrays.toString((Object[]) array.getArray());
        if (value instanceof byte[] bytes) return Base64.getEncoder().encodeToString(bytes);
        return value == null ? null : value.toString();
    }

    private static Object thereAndBack(Connection connection) throws Exception {
        Object[] values = {
            true, (short) -7, 42, 9007199254740993L, 0.5f, 0.1, new BigDecimal("12345.67"), "gr\u00fcn \ud83d\ude00", new byte[] {0, -1, 16},
            LocalDate.of(1815, 12, 10), LocalTime.of(12, 34, 56, 789000000), OffsetTime.of(1, 2, 3, 0, ZoneOffset.ofHours(2)),
            LocalDateTime.of(2024, 2, 29, 12, 34, 56, 123456000), OffsetDateTime.of(2024, 2, 29, 12, 0, 0, 0, ZoneOffset.ofHours(5)),
            UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"), connection.createArrayOf("int4", new Object[] {1, null, 3}),
            connection.createArrayOf("text", new Object[] {"a b", null, "c\"d,{}"}),
        };
        String[] types = {"bool", "int2", "int4", "int8", "float4", "float8", "numeric(10,2)", "text", "bytea", "date", "time", "timetz", "timestamp", "timestamptz", "uuid", "int[]", "text[]"};
        StringBuilder sql = new StringBuilder();
        for (String type : types) sql.append(sql.length() == 0 ? "SELECT " : ", ").append("?::").append(type);
        List<Object> seen = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql.toString())) {
            for (int at = 0; at < values.length; at++) statement.setObject(at + 1, values[at]);
            ResultSet rows = statement.executeQuery();
            rows.next();
            for (int at = 0; at < values.length; at++) {
                Class<?> wanted = values[at].getClass();
                Object value = values[at] instanceof Array || values[at] instanceof byte[] ? rows.getObject(at + 1) : rows.getObject(at + 1, wanted);
                boolean isSame = value instanceof OffsetDateTime time ? time.isEqual((OffsetDateTime) values[at]) : show(value).equals(show(values[at]));
                if (!isSame) seen.add(types[at] + ": " + show(value));
            }
        }
        return seen;
    }

    private static Object odd(Connection connection) throws Exception {
        List<Object> seen = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
            "SELECT ?::float8, ?::float8, date '4713-01-01 BC', timestamp 'infinity', repeat('x', 1000000), ?::text, 123456789012345678901234567890.12::numeric(38,2)")) {
            statement.setDouble(1, Double.NaN);
            statement.setDouble(2, Double.NEGATIVE_INFINITY);
            statement.setNull(3, java.sql.Types.VARCHAR);
            ResultSet rows = statement.executeQuery();
            rows.next();
            seen.add(show(rows.getDouble(1)));
            seen.add(show(rows.getDouble(2)));
            seen.add(rows.getString(3));
            seen.add(rows.getString(4));
            seen.add(rows.getString(5).length());
            seen.add(rows.getString(6));
            seen.add(rows.getBigDecimal(7).toPlainString());
        }
        return seen;
    }
}
