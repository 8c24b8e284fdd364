"""asyncpg: argument 1 is the port."""
import asyncio
import datetime
import decimal
import io
import json
import sys
import uuid

import asyncpg

from report import show, show_error

PORT = int(sys.argv[1])
CHECKS = []


def check(name):
    def add(function):
        CHECKS.append((name, function))
        return function

    return add


def connect(**options):
    return asyncpg.connect(host="127.0.0.1", port=PORT, user="admin", database="sqlens", **options)


@check("server")
async def _(connection):
    return [connection.get_server_version().major, connection.get_settings().client_encoding, connection.get_server_pid() > 0]


@check("row of kinds")
async def _(connection):
    return list(await connection.fetchrow("SELECT * FROM kinds WHERE id = $1", 1))


@check("row of NULLs")
async def _(connection):
    return set(await connection.fetchrow("SELECT * FROM kinds WHERE id = $1", 2))


@check("row of nested")
async def _(connection):
    return dict(await connection.fetchrow("SELECT * FROM nested WHERE id = $1", 1))


@check("there and back")
async def _(connection):
    values = [True, -7, 42, 9007199254740993, 0.5, 0.1, decimal.Decimal("12345.67"), "grün 😀", b"\x00\xff\x10", datetime.date(1815, 12, 10),
              datetime.time(12, 34, 56, 789), datetime.time(1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
              datetime.datetime(2024, 2, 29, 12, 34, 56, 123456), datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc),
              datetime.timedelta(days=1, hours=2, seconds=3), uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"), '{"a": 1}', [1, None, 3],
              ["a b", None, 'c"d,{}'], [decimal.Decimal("1.50")], [uuid.UUID(int=1)], None]
    types = ["bool", "int2", "int4", "int8", "float4", "float8", "numeric(10,2)", "text", "bytea", "date", "time", "timetz", "timestamp", "timestamptz",
             "interval", "uuid", "json", "int[]", "text[]", "numeric(10,2)[]", "uuid[]", "text"]
    sql = "SELECT " + ", ".join(f"${at + 1}::{one}" for at, one in enumerate(types))
    row = await connection.fetchrow(sql, *values)
    return [[one, sent, got] for one, sent, got in zip(types, values, row) if sent != got]


@check("prepared statement")
async def _(connection):
    statement = await connection.prepare("SELECT id, name, balance, born FROM customers WHERE id = $1 AND name LIKE $2")
    seen = [[one.name for one in statement.get_parameters()], [[one.name, one.type.name] for one in statement.get_attributes()]]
    for at in range(3):
        seen.append(await statement.fetchval(1, "A%", column=1))
    return seen + [statement.get_statusmsg()]


@check("prepared statement after DDL")
async def _(connection):
    await connection.execute("CREATE TABLE changing (id int); INSERT INTO changing VALUES (1)")
    statement = "SELECT * FROM changing"
    seen = [dict(await connection.fetchrow(statement))]
    await connection.execute("ALTER TABLE changing ADD COLUMN more text DEFAULT 'new'")
    seen.append(dict(await connection.fetchrow(statement)))
    await connection.execute("DROP TABLE changing")
    return seen


@check("cursor")
async def _(connection):
    async with connection.transaction():
        total = 0
        async for row in connection.cursor("SELECT i FROM range(3000) AS t(i) WHERE i >= $1", 10, prefetch=100):
            total += 1
            if total == 1500:
                await connection.fetchval("SELECT 1")
        cursor = await connection.cursor("SELECT i FROM range(100) AS t(i)")
        await cursor.forward(10)
        return [total, (await cursor.fetchrow())["i"], len(await cursor.fetch(1000))]


@check("executemany")
async def _(connection):
    await connection.execute("CREATE TABLE many (id int, v text)")
    await connection.executemany("INSERT INTO many VALUES ($1, $2)", [(at, "x" if at % 2 else None) for at in range(500)])
    seen = list(await connection.fetchrow("SELECT count(*), count(v), sum(id) FROM many"))
    await connection.execute("DROP TABLE many")
    return seen


@check("copy_records_to_table, copy_from_query, copy_to_table")
async def _(connection):
    await connection.execute("CREATE TABLE copied (id int, v text, d date, n numeric(10,2), a int[], t timestamptz)")
    moment = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
    records = [(at, None if at % 10 == 0 else f"v{at}", datetime.date(2024, 2, 29), decimal.Decimal("1.50"), [at, None], moment) for at in range(1000)]
    seen = [await connection.copy_records_to_table("copied", records=records)]
    out = io.BytesIO()
    seen.append(await connection.copy_from_query("SELECT * FROM copied WHERE id < $1 ORDER BY id", 2, output=out, format="csv", header=True))
    seen.append(out.getvalue().decode())
    seen.append(await connection.copy_to_table("copied", source=io.BytesIO(b"-1,text,,,,\n"), format="csv"))
    seen.append(list(await connection.fetchrow("SELECT count(*), sum(id), count(v), max(n) FROM copied")))
    out = io.BytesIO()
    seen.append(await connection.copy_from_table("copied", output=out, format="binary"))
    seen.append(out.getvalue()[:11])
    await connection.execute("DROP TABLE copied")
    return seen


@check("listen")
async def _(connection):
    seen = []
    other = await connect()
    await other.add_listener("news", lambda conn, pid, channel, payload: seen.append([channel, payload]))
    await connection.execute("NOTIFY news, 'first'")
    await connection.fetch("SELECT pg_notify($1, $2)", "news", "second")
    for _ in range(100):
        if len(seen) == 2:
            break
        await asyncio.sleep(0.05)
    await other.close()
    return seen


@check("transactions")
async def _(connection):
    seen = []
    transaction = connection.transaction(isolation="serializable", readonly=False)
    await transaction.start()
    await connection.execute("INSERT INTO shop.items (sku, label) VALUES ('t', 'not for long')")
    await transaction.rollback()
    seen.append(await connection.fetchval("SELECT count(*) FROM shop.items"))
    try:
        async with connection.transaction():
            await connection.fetch("SELECT 1 / (id - id) FROM customers")
    except asyncpg.DivisionByZeroError as error:
        seen.append(error.sqlstate)
    async with connection.transaction():
        async with connection.transaction():
            seen.append(await connection.fetchval("SELECT 'nested'"))
    try:
        async with connection.transaction(readonly=True):
            await connection.execute("CREATE TABLE refused (i int)")
    except asyncpg.ReadOnlySQLTransactionError as error:
        seen.append(error.sqlstate)
    return seen


@check("a savepoint that is rolled back after reading")
async def _(connection):
    async with connection.transaction():
        try:
            async with connection.transaction():
                await connection.fetch("SELECT 1")
                raise KeyError("rolls back to the savepoint")
        except KeyError:
            pass
        return await connection.fetchval("SELECT 'goes on'")


@check("pool with reset")
async def _(connection):
    pool = await asyncpg.create_pool(host="127.0.0.1", port=PORT, user="admin", database="sqlens", min_size=1, max_size=3)
    async def one(at):
        async with pool.acquire() as pooled:
            await pooled.execute("SET statement_timeout = 12345")
            await pooled.execute("CREATE TEMP TABLE IF NOT EXISTS mine (i int)")
            return await pooled.fetchval("SELECT $1::int * 2", at)
    seen = await asyncio.gather(*[one(at) for at in range(10)])
    async with pool.acquire() as pooled:
        seen.append(await pooled.fetchval("SHOW statement_timeout"))
    await pool.close()
    return seen


@check("set_type_codec")
async def _(connection):
    await connection.set_type_codec("json", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    seen = [await connection.fetchval("SELECT a_json FROM kinds WHERE id = 1"), await connection.fetchval("SELECT $1::json", {"a": [1]}),
            await connection.fetchval("SELECT point FROM nested WHERE id = 1")]
    await connection.reset_type_codec("json", schema="pg_catalog")
    return seen


@check("introspection of composite and enum types")
async def _(connection):
    return [await connection.fetchval("SELECT 'glad'::mood"), await connection.fetchval("SELECT oid::regclass FROM pg_class WHERE relname = 'customers'"),
            await connection.fetchval("SELECT array_agg(relname ORDER BY relname) FROM pg_class WHERE relname LIKE 'order%s' AND relkind = 'r'"),
            await connection.fetchval("SELECT ARRAY['sad', NULL]::mood[]")]


@check("cancel by timeout")
async def _(connection):
    other = await connect()
    try:
        await other.fetch("SELECT count(*) FROM range(100000000000) AS t(i)", timeout=0.3)
    except asyncio.TimeoutError:
        return await other.fetchval("SELECT 'alive'")
    finally:
        await other.close()


@check("statement_timeout")
async def _(connection):
    other = await connect(server_settings={"statement_timeout": "300", "application_name": "asyncpg"})
    try:
        await other.fetch("SELECT count(*) FROM range(100000000000) AS t(i)")
    except asyncpg.QueryCanceledError as error:
        return [error.sqlstate, await other.fetchval("SHOW application_name")]
    finally:
        await other.close()


@check("several statements, and what they say")
async def _(connection):
    return [await connection.execute("CREATE TABLE three (i int); INSERT INTO three VALUES (1), (2); DELETE FROM three WHERE i = 1"),
            await connection.fetch("SELECT i FROM three"), await connection.execute("DROP TABLE three")]


@check("model function")
async def _(connection):
    return [list(one) for one in await connection.fetch(
        "SELECT parse_filename(uri, true) AS name, colour_name(image) FROM colours WHERE kind = $1 ORDER BY 1", "bright")]


@check("ANY of an array")
async def _(connection):
    return [one["name"] for one in await connection.fetch("SELECT name FROM customers WHERE id = ANY($1::int[]) ORDER BY id", [1, 2])]


async def main():
    connection = await connect()
    for name, function in CHECKS:
        try:
            show(name, await asyncio.wait_for(function(connection), 20))
        except Exception as error:
            show_error(name, error)
            if connection.is_closed() or connection.is_in_transaction():
                connection.terminate()
                connection = await connect()
    await connection.close()


asyncio.run(main())
