"""psycopg2: argument 1 is the port."""
import datetime
import decimal
import json
import select
import sys
import threading
import time
import uuid
from io import StringIO

import psycopg2
import psycopg2.errorcodes
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras

from report import see

PORT = int(sys.argv[1])
ENDLESS = "SELECT count(*) FROM range(100000000000) AS t(i)"


def connect(**options):
    arguments = {"host": "127.0.0.1", "port": PORT, "user": "admin", "dbname": "sqlens", **options}
    return psycopg2.connect(**arguments)


connection = connect()
connection.autocommit = True
psycopg2.extras.register_uuid()


def rows(sql, parameters=None, on=None):
    with (on or connection).cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


@see("server")
def _():
    return [connection.server_version, connection.encoding, connection.get_parameter_status("standard_conforming_strings"),
            connection.info.dbname, connection.info.user, connection.get_backend_pid() > 0]


@see("row of kinds")
def _():
    return rows("SELECT * FROM kinds WHERE id = %s", (1,))[0]


@see("row of NULLs")
def _():
    return set(rows("SELECT * FROM kinds WHERE id = %s", (2,))[0])


@see("row of nested")
def _():
    return rows("SELECT * FROM nested WHERE id = 1")[0]


@see("there and back")
def _():
    values = [True, -7, 9007199254740993, 0.1, decimal.Decimal("12345.67"), "grün 😀 ' \\ %", b"\x00\xff\x10",
              datetime.date(1815, 12, 10), datetime.time(12, 34, 56, 789), datetime.datetime(2024, 2, 29, 12, 34, 56, 123456),
              datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc), datetime.timedelta(days=1, hours=2, seconds=3),
              uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"), [1, None, 3], ["a b", None, 'c"d,{}'], None]
    types = ["bool", "int", "bigint", "float8", "numeric(10,2)", "text", "bytea", "date", "time", "timestamp", "timestamptz", "interval",
             "uuid", "int[]", "text[]", "text"]
    row = rows("SELECT " + ", ".join("%s::" + one for one in types), values)[0]
    back = [bytes(one) if isinstance(one, memoryview) else one for one in row]
    return [[one, sent, got] for one, sent, got in zip(types, values, back) if sent != got]


@see("json")
def _():
    return rows("SELECT %s::json, %s::json ->> 'a'", (psycopg2.extras.Json({"a": [1, None]}), psycopg2.extras.Json({"a": "ü"})))


@see("description")
def _():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name AS label, balance, count(*) OVER () FROM customers LIMIT 1")
        return [[one.name, one.type_code, one.internal_size, one.precision, one.scale] for one in cursor.description]


@see("dictionaries and named tuples")
def _():
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute("SELECT id, name FROM customers ORDER BY id")
        first = [dict(one) for one in cursor]
    with connection.cursor(cursor_factory=psycopg2.extras.NamedTupleCursor) as cursor:
        cursor.execute("SELECT id, name FROM customers ORDER BY id")
        return [first, cursor.fetchone().name]


@see("server-side cursor")
def _():
    with connect() as other:
        with other.cursor("many") as cursor:
            cursor.itersize = 500
            cursor.execute("SELECT i, 'row ' || i FROM range(3000) AS t(i)")
            # Another statement in the same transaction while the cursor is open.
            first = cursor.fetchmany(10)
            rows("SELECT 1", on=other)
            total = len(first) + sum(1 for _ in cursor)
        with other.cursor("again", scrollable=True) as cursor:
            cursor.execute("SELECT i FROM range(100) AS t(i)")
            cursor.scroll(50)
            one = cursor.fetchone()
            cursor.scroll(-10)
            two = cursor.fetchone()
        with other.cursor("held", withhold=True) as cursor:
            cursor.execute("SELECT i FROM range(10) AS t(i)")
            other.commit()
            held = len(cursor.fetchall())
    other.close()
    return [total, one, two, held]


@see("executemany, execute_batch, execute_values")
def _():
    rows("CREATE TABLE many (id int, v text)")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO many VALUES (%s, %s)", [(at, "one") for at in range(20)])
        psycopg2.extras.execute_batch(cursor, "INSERT INTO many VALUES (%s, %s)", [(at, "two") for at in range(250)])
        psycopg2.extras.execute_values(cursor, "INSERT INTO many VALUES %s", [(at, None) for at in range(250)])
        returned = psycopg2.extras.execute_values(cursor, "INSERT INTO many VALUES %s RETURNING id", [(7, "r"), (8, "r")], fetch=True)
    counts = rows("SELECT v, count(*), sum(id) FROM many GROUP BY v ORDER BY v")
    rows("DROP TABLE many")
    return [returned, counts]


@see("copy")
def _():
    rows("CREATE TABLE copied (id int, v text, d date)")
    with connection.cursor() as cursor:
        cursor.copy_from(StringIO("".join(f"{at}\tv{at}\t2024-02-29\n" for at in range(2000))), "copied", columns=("id", "v", "d"))
        first = cursor.rowcount
        cursor.copy_expert("COPY copied FROM STDIN WITH (FORMAT csv, HEADER, NULL 'nothing')", StringIO("id,v,d\n-1,\"a,b\"\"\",nothing\n"))
        out = StringIO()
        cursor.copy_expert("COPY (SELECT * FROM copied WHERE id < 2 ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)", out)
        whole = StringIO()
        cursor.copy_to(whole, "copied", sep="|", null="-")
    rows("DROP TABLE copied")
    return [first, out.getvalue(), len(whole.getvalue().splitlines())]


@see("copy that fails")
def _():
    rows("CREATE TABLE not_copied (id int)")
    try:
        with connection.cursor() as cursor:
            cursor.copy_from(StringIO("1\n2\nthree\n"), "not_copied")
    except psycopg2.errors.InvalidTextRepresentation as error:
        return [error.pgcode, "line 3" in (error.diag.context or ""), rows("SELECT count(*) FROM not_copied")]
    finally:
        rows("DROP TABLE not_copied")


@see("transactions")
def _():
    seen = []
    with connect() as other:
        rows("INSERT INTO shop.items (sku, label) VALUES ('t', 'not for long')", on=other)
        seen.append(other.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_INTRANS)
        other.rollback()
        try:
            rows("SELECT * FROM nothing_of_this_name", on=other)
        except psycopg2.errors.UndefinedTable as error:
            seen.append([error.pgcode, error.diag.severity])
        try:
            rows("SELECT 1", on=other)
        except psycopg2.errors.InFailedSqlTransaction:
            seen.append("failed")
        other.rollback()
        seen.append(rows("SELECT count(*) FROM shop.items", on=other))
    other.close()
    return seen


@see("savepoints")
def _():
    with connect() as other:
        seen = [rows("SAVEPOINT a", on=other), rows("SELECT 1", on=other), rows("ROLLBACK TO a", on=other), rows("RELEASE a", on=other)]
        seen.append(rows("SELECT 'goes on'", on=other))
    other.close()
    return seen


@see("isolation levels")
def _():
    other = connect()
    seen = []
    for level in ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"):
        other.set_session(isolation_level=level)
        seen.append(rows("SHOW transaction_isolation", on=other)[0][0])
        other.rollback()
    other.set_session(readonly=True, isolation_level="DEFAULT")
    try:
        rows("CREATE TABLE refused (i int)", on=other)
    except psycopg2.errors.ReadOnlySqlTransaction as error:
        seen.append(error.pgcode)
    other.close()
    return seen


@see("cancel")
def _():
    other = connect()
    threading.Thread(target=lambda: (time.sleep(0.3), other.cancel())).start()
    try:
        rows(ENDLESS, on=other)
    except psycopg2.extensions.QueryCanceledError as error:
        other.rollback()
        return [error.pgcode, rows("SELECT 'alive'", on=other)]
    finally:
        other.close()


@see("statement_timeout by options")
def _():
    other = connect(options="-c statement_timeout=300 -c search_path=shop")
    try:
        first = rows("SELECT count(*) FROM items", on=other)
        rows(ENDLESS, on=other)
    except psycopg2.errors.QueryCanceled as error:
        return [first, error.pgcode]
    finally:
        other.close()


@see("notify")
def _():
    listener = connect()
    listener.autocommit = True
    rows("LISTEN news", on=listener)
    rows("NOTIFY news, 'hello'")
    rows("SELECT pg_notify('news', 'wörld')")
    deadline = time.monotonic() + 10
    while len(listener.notifies) < 2 and time.monotonic() < deadline:
        select.select([listener], [], [], 1)
        listener.poll()
    seen = [[one.channel, one.payload, one.pid == connection.get_backend_pid()] for one in listener.notifies]
    listener.close()
    return seen


@see("notices")
def _():
    rows("DROP TABLE IF EXISTS nothing_of_this_name")
    return [one.strip() for one in connection.notices][-1:]


@see("asynchronous connection")
def _():
    other = psycopg2.connect(host="127.0.0.1", port=PORT, user="admin", dbname="sqlens", async_=1)
    psycopg2.extras.wait_select(other)
    cursor = other.cursor()
    cursor.execute("SELECT 6 * 7")
    psycopg2.extras.wait_select(other)
    seen = cursor.fetchall()
    other.close()
    return seen


@see("model function")
def _():
    return rows("SELECT parse_filename(uri, true) AS name, colour_name(image), round(brightness(image)) FROM colours WHERE kind = %s ORDER BY 1", ("bright",))


@see("errors")
def _():
    seen = []
    for sql in ("SELEC 1", "SELECT nothing FROM customers", "SELECT 1 / 0", "SELECT 'x'::int", "INSERT INTO customers (id, name) VALUES (1, 'again')",
                "INSERT INTO customers (id) VALUES (9)", "INSERT INTO orders (id, customer_id) VALUES (99, 99)",
                "INSERT INTO customers (id, name, balance) VALUES (9, 'x', -1)", "SELECT no_function(1)", "DROP TABLE nothing", "CREATE TABLE customers (i int)"):
        try:
            rows(sql)
            seen.append("no error")
        except psycopg2.Error as error:
            seen.append(type(error).__name__)
    return seen


@see("upsert and RETURNING")
def _():
    rows("CREATE TABLE counts (k text PRIMARY KEY, n int)")
    sql = "INSERT INTO counts VALUES (%s, 1) ON CONFLICT (k) DO UPDATE SET n = counts.n + 1 RETURNING k, n"
    seen = [rows(sql, ("a",)), rows(sql, ("a",)), rows("UPDATE counts SET n = 5 RETURNING n"), rows("DELETE FROM counts RETURNING *")]
    rows("DROP TABLE counts")
    return seen


@see("tz and client encoding")
def _():
    rows("SET timezone TO 'Asia/Tokyo'")
    seen = rows("SELECT timestamptz '2024-02-29 12:00:00+00'")
    rows("RESET timezone")
    return seen


connection.close()
