"""COPY by psycopg2 and asyncpg: prints one line for each thing that was seen to work; anything else is an exception."""
import asyncio
import datetime
import decimal
import io
import sys
import uuid

port = int(sys.argv[1])


def with_psycopg2(psycopg2):
    connection = psycopg2.connect(host='127.0.0.1', port=port, user='slt', dbname='sqlens')
    cursor = connection.cursor()
    cursor.execute('CREATE TABLE py (a int, b text, c float8)')
    connection.commit()
    cursor.copy_from(io.StringIO('1\tx\t1.5\n2\t\\N\t2.5\n'), 'py')
    assert cursor.rowcount == 2
    cursor.copy_expert('COPY py (a, b) FROM STDIN WITH CSV HEADER', io.StringIO('a,b\n3,"q,""r"\n'))
    connection.commit()
    text = io.StringIO()
    cursor.copy_to(text, 'py', columns=('a', 'b', 'c'))
    assert text.getvalue() == '1\tx\t1.5\n2\t\\N\t2.5\n3\tq,"r\t\\N\n', text.getvalue()
    try:
        cursor.copy_expert('COPY py FROM STDIN', io.StringIO('1\tx\t1\nbad\tx\t1\n'))
        raise AssertionError('not refused')
    except psycopg2.Error as error:
        assert error.pgcode == '22P02', error
        assert error.diag.context == 'COPY py, line 2, column a: "bad"', error.diag.context
    connection.rollback()
    cursor.execute('SELECT count(*) FROM py')
    assert cursor.fetchone() == (3,)
    connection.close()
    print('psycopg2')


async def with_asyncpg(asyncpg):
    connection = await asyncpg.connect(host='127.0.0.1', port=port, user='slt', database='sqlens', ssl=False)
    await connection.execute(
        'CREATE TABLE apg (a int, b text, c float8, d date, e timestamp, f numeric(12,3), g uuid, h bytea, i bool,'
        ' j timestamptz, k int8[], l interval, m time)'
    )
    utc = datetime.timezone.utc
    records = [
        (
            i,
            f'value {i}' if i % 3 else None,
            i * 1.5,
            datetime.date(2020, 1, 1) + datetime.timedelta(i),
            datetime.datetime(2020, 1, 1, 1, 2, 3, i),
            decimal.Decimal(i) / 8,
            uuid.UUID(int=i),
            bytes([i % 256, 0]),
            i % 2 == 0,
            datetime.datetime(2020, 1, 1, tzinfo=utc),
            [i, None, 2],
            datetime.timedelta(days=i, seconds=5),
            datetime.time(1, 2, 3),
        )
        for i in range(5000)
    ]
    assert await connection.copy_records_to_table('apg', records=records) == 'COPY 5000'
    rows = await connection.fetch('SELECT * FROM apg ORDER BY a')
    assert [tuple(row) for row in rows] == records
    data = io.BytesIO()
    query = 'SELECT a, b FROM apg WHERE a < 3 ORDER BY a'
    assert await connection.copy_from_query(query, output=data, format='csv') == 'COPY 3'
    assert data.getvalue() == b'0,\n1,value 1\n2,value 2\n', data.getvalue()
    data = io.BytesIO()
    assert await connection.copy_from_table('apg', output=data, format='binary') == 'COPY 5000'
    data.seek(0)
    await connection.execute('DELETE FROM apg')
    assert await connection.copy_to_table('apg', source=data, format='binary') == 'COPY 5000'
    rows = await connection.fetch('SELECT * FROM apg ORDER BY a')
    assert [tuple(row) for row in rows] == records
    await connection.close()
    print('asyncpg')


for name, check in (('psycopg2', with_psycopg2), ('asyncpg', with_asyncpg)):
    try:
        module = __import__(name)
    except ImportError:
        print(f'no {name}')
        continue
    outcome = check(module)
    if asyncio.iscoroutine(outcome):
        asyncio.run(outcome)
