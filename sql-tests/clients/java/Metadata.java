import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.util.List;

/** What DatabaseMetaData says of the fixture. */
final class Metadata {
    static void run() throws Exception {
        try (Connection connection = Main.connect()) {
            DatabaseMetaData data = connection.getMetaData();
            String[] kinds = {"TABLE", "VIEW", "FOREIGN TABLE", "SEQUENCE"};
            Report.see("product", () -> List.of(data.getDatabaseProductName(), data.getDatabaseMajorVersion()));
            Report.see("getSchemas", () -> Rows.of(data.getSchemas(), "TABLE_SCHEM"));
            Report.see("getCatalogs", () -> Rows.of(data.getCatalogs()));
            Report.see("getTableTypes", () -> Rows.of(data.getTableTypes()).size() > 5);
            Report.see("getTables", () -> Rows.of(data.getTables(null, "public", "%", kinds), "TABLE_NAME", "TABLE_TYPE", "REMARKS"));
            Report.see("getTables by pattern", () -> Rows.of(data.getTables("sqlens", "sh_p", "it%", null), "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE"));
            for (String table : new String[] {"kinds", "nested", "colours", "bright_colours"}) {
                Report.see("getColumns " + table, () -> columns(data.getColumns(null, null, table, "%")));
            }
            Report.see("getColumns customers", () -> Rows.of(data.getColumns(null, "public", "customers", "%"), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "NULLABLE", "COLUMN_DEF", "REMARKS", "ORDINAL_POSITION", "IS_AUTOINCREMENT"));
            Report.see("getPrimaryKeys", () -> Rows.of(data.getPrimaryKeys(null, "public", "order_lines"), "TABLE_NAME", "COLUMN_NAME", "KEY_SEQ", "PK_NAME"));
            Report.see("getIndexInfo", () -> Rows.of(data.getIndexInfo(null, "public", "orders", false, true), "NON_UNIQUE", "INDEX_NAME", "TYPE", "ORDINAL_POSITION", "COLUMN_NAME", "ASC_OR_DESC"));
            Report.see("getImportedKeys", () -> keys(data.getImportedKeys(null, "public", "orders")));
            Report.see("getExportedKeys", () -> keys(data.getExportedKeys(null, "public", "orders")));
            Report.see("getCrossReference", () -> keys(data.getCrossReference(null, "public", "customers", null, "public", "orders")));
            Report.see("getFunctions", () -> Rows.of(data.getFunctions(null, "public", "%"), "FUNCTION_NAME", "REMARKS", "FUNCTION_TYPE"));
            Report.see("getFunctionColumns", () -> Rows.of(data.getFunctionColumns(null, "public", "brightness", "%"), "COLUMN_NAME", "COLUMN_TYPE", "TYPE_NAME"));
            Report.see("getProcedures", () -> Rows.of(data.getProcedures(null, "public", "%")));
            Report.see("getUDTs", () -> Rows.of(data.getUDTs(null, "public", "%", null), "TYPE_NAME"));
            Report.see("getTypeInfo", () -> typeInfo(data.getTypeInfo()));
            Report.see("getTablePrivileges", () -> Rows.of(data.getTablePrivileges(null, "public", "customers"), "GRANTEE", "PRIVILEGE"));
            Report.see("getColumnPrivileges", () -> Rows.of(data.getColumnPrivileges(null, "public", "customers", "name"), "GRANTEE", "PRIVILEGE"));
            Report.see("getBestRowIdentifier", () -> Rows.of(data.getBestRowIdentifier(null, "public", "customers", DatabaseMetaData.bestRowSession, false), "COLUMN_NAME", "TYPE_NAME"));
            Report.see("getClientInfoProperties", () -> Rows.of(data.getClientInfoProperties(), "NAME"));
            Report.see("getSQLKeywords", () -> data.getSQLKeywords().length() > 100);
            Report.see("getMaxColumnNameLength", data::getMaxColumnNameLength);
            Report.see("isReadOnly, getUserName", () -> List.of(data.isReadOnly(), data.getUserName()));
            connection.setClientInfo("ApplicationName", "a browser of tables");
            Report.see("setClientInfo", () -> Rows.of(connection, "SHOW application_name"));
            connection.setSchema("shop");
            Report.see("setSchema", () -> List.of(connection.getSchema(), Rows.of(connection, "SELECT sku FROM items ORDER BY sku")));
        }
    }

    private static List<List<Object>> columns(ResultSet rows) throws Exception {
        return Rows.of(rows, "COLUMN_NAME", "TYPE_NAME", "DATA_TYPE");
    }

    private static List<List<Object>> keys(ResultSet rows) throws Exception {
        return Rows.of(rows, "PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ", "FK_NAME", "PK_NAME");
    }

    private static List<Object> typeInfo(ResultSet rows) throws Exception {
        List<List<Object>> all = Rows.of(rows, "TYPE_NAME", "DATA_TYPE");
        return List.of(all.size() > 50, all.contains(List.of("int4", "4")), all.contains(List.of("numeric", "2")), all.contains(List.of("_text", "2003")));
    }
}
