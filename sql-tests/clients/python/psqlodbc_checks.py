"""psqlODBC through pyodbc: argument 1 is the port."""
import datetime
import decimal
import sys

import pyodbc

from report import see

PORT = int(sys.argv[1])


def connect(**options):
    settings = {"DRIVER": "{PostgreSQL Unicode}", "SERVER": "127.0.0.1", "PORT": PORT, "DATABASE": "sqlens", "UID": "admin", "PWD": "unused", **options}
    return pyodbc.connect(";".join(f"{key}={value}" for key, value in settings.items()), autocommit=options.get("autocommit", False))


connection = connect()


def rows(sql, *parameters, on=None):
    cursor = (on or connection).cursor()
    cursor.execute(sql, *parameters)
    found = [list(one) for one in cursor.fetchall()] if cursor.description else cursor.rowcount
    cursor.close()
    return found


def catalog(call, *columns):
    cursor = connection.cursor()
    return [[getattr(one, column) for column in columns] for one in call(cursor).fetchall()]


@see("server")
def _():
    return [connection.getinfo(pyodbc.SQL_DBMS_NAME), connection.getinfo(pyodbc.SQL_DBMS_VER), connection.getinfo(pyodbc.SQL_DATABASE_NAME), connection.getinfo(pyodbc.SQL_USER_NAME)]


@see("SQLTables")
def _():
    return catalog(lambda cursor: cursor.tables(schema="public"), "table_name", "table_type")


@see("SQLTables of schemas")
def _():
    return catalog(lambda cursor: cursor.tables(catalog="", schema="%", table=""), "table_schem")


@see("SQLColumns")
def _():
    return {table: catalog(lambda cursor: cursor.columns(table=table), "column_name", "type_name", "column_size", "nullable") for table in ("customers", "kinds", "nested", "colours", "active_customers")}


@see("SQLPrimaryKeys")
def _():
    return catalog(lambda cursor: cursor.primaryKeys("order_lines"), "column_name", "key_seq", "pk_name")


@see("SQLForeignKeys")
def _():
    return catalog(lambda cursor: cursor.foreignKeys(foreignTable="orders"), "pktable_name", "pkcolumn_name", "fktable_name", "fkcolumn_name", "fk_name")


@see("SQLForeignKeys to a table")
def _():
    return catalog(lambda cursor: cursor.foreignKeys(table="orders"), "pktable_name", "fktable_name", "fkcolumn_name")


@see("SQLStatistics")
def _():
    return catalog(lambda cursor: cursor.statistics("orders"), "index_name", "column_name", "non_unique", "ordinal_position")


@see("SQLSpecialColumns")
def _():
    return [catalog(lambda cursor: cursor.rowIdColumns("customers"), "column_name"), catalog(lambda cursor: cursor.rowVerColumns("customers"), "column_name")]


@see("SQLProcedures")
def _():
    return sorted(catalog(lambda cursor: cursor.procedures(schema="public"), "procedure_name", "procedure_type"))


@see("SQLProcedureColumns")
def _():
    return catalog(lambda cursor: cursor.procedureColumns(procedure="brightness"), "column_name", "column_type", "type_name")


@see("SQLGetTypeInfo")
def _():
    return sorted({one[0] for one in connection.cursor().getTypeInfo(0).fetchall()})


@see("row of kinds")
def _():
    return rows("SELECT * FROM kinds WHERE id = ?", 1)[0]


@see("row of NULLs")
def _():
    return set(rows("SELECT * FROM kinds WHERE id = 2")[0])


@see("row of nested")
def _():
    return rows("SELECT * FROM nested WHERE id = 1")[0]


@see("parameters")
def _():
    values = [True, 42, 9007199254740993, 0.1, decimal.Decimal("12345.67"), "grün 😀 ' \\ ?", b"\x00\xff\x10", datetime.date(1815, 12, 10),
              datetime.time(12, 34, 56), datetime.datetime(2024, 2, 29, 12, 34, 56, 123456), None]
    types = ["bool", "int", "bigint", "float8", "numeric(10,2)", "text", "bytea", "date", "time", "timestamp", "text"]
    row = rows("SELECT " + ", ".join(f"CAST(? AS {one})" for one in types), *values)[0]
    return [[one, sent, got] for one, sent, got in zip(types, values, row) if sent != got]


@see("description")
def _():
    cursor = connection.cursor()
    cursor.execute("SELECT id, name AS label, balance FROM customers")
    return [[one[0], one[1].__name__, one[3], one[6]] for one in cursor.description]


for fetch in (0, 1):
    @see(f"many rows, UseDeclareFetch={fetch}")
    def _():
        other = connect(UseDeclareFetch=fetch, Fetch=100)
        cursor = other.cursor()
        cursor.execute("SELECT i, 'row ' || i FROM range(3000) AS t(i)")
        first = cursor.fetchmany(250)
        between = rows("SELECT count(*) FROM customers WHERE id > ?", 0, on=other)
        total = len(first) + len(cursor.fetchall())
        with_parameter = len(rows("SELECT i FROM range(3000) AS t(i) WHERE i >= ?", 10, on=other))
        names = [one.table_name for one in other.cursor().tables(schema="shop")]
        other.close()
        return [total, between, with_parameter, names]


for level in (0, 1, 2):
    @see(f"an error in a transaction, Protocol=7.4-{level}")
    def _():
        other = connect(Protocol=f"7.4-{level}")
        seen = [rows("SELECT count(*) FROM customers", on=other)]
        try:
            rows("SELECT nothing FROM customers", on=other)
        except pyodbc.Error as error:
            seen.append(error.args[0])
        try:
            seen.append(rows("SELECT 'goes on'", on=other))
        except pyodbc.Error as error:
            seen.append(error.args[0])
        other.rollback()
        other.close()
        return seen


@see("transactions")
def _():
    rows("INSERT INTO shop.items (sku, label) VALUES (?, ?)", "o", "not for long")
    inside = rows("SELECT count(*) FROM shop.items")
    connection.rollback()
    return [inside, rows("SELECT count(*) FROM shop.items")]


@see("executemany")
def _():
    seen = []
    for fast in (False, True):
        rows("CREATE TABLE many (id int, v text)")
        cursor = connection.cursor()
        cursor.fast_executemany = fast
        cursor.executemany("INSERT INTO many VALUES (?, ?)", [(at, f"vü{at}") for at in range(200)])
        seen.append(rows("SELECT count(*), sum(id), max(v) FROM many"))
        rows("DROP TABLE many")
        connection.commit()
    return seen


@see("large values")
def _():
    other = connect(MaxLongVarcharSize=3000000, MaxVarcharSize=3000000)
    found = rows("SELECT repeat('ü', 1000000), length(CAST(? AS text))", "x" * 100000, on=other)[0]
    other.close()
    return [len(found[0]), found[1]]


@see("options")
def _():
    other = connect(ConnSettings="SET statement_timeout TO 12345", ApplicationName="odbc", BoolsAsChar=0, ByteaAsLongVarBinary=1)
    found = [rows("SHOW statement_timeout", on=other), rows("SELECT true, '\\x00ff'::bytea", on=other)]
    other.close()
    return found


@see("model function")
def _():
    return rows("SELECT colour_name(image) AS name, count(*) AS n FROM colours GROUP BY ALL ORDER BY ALL")


connection.rollback()
connection.close()
