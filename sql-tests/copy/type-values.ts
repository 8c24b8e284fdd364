/** Expressions for values of each type, of a row number i; PostgreSQL evaluates them. */
export const postgresValues: Readonly<Record<string, string>> = {
  int2: '(random()*65535-32768)::int2',
  int4: '(random()*4294967295-2147483648)::int8::int4',
  int8: '((random()-0.5)*1.8e19)::numeric(20,0)::int8',
  float4:
    "CASE i%9 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-0' WHEN 3 THEN 1e-40 ELSE (random()-0.5)*power(10,(random()*70-35)::int) END::float4",
  float8:
    "CASE i%9 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' WHEN 2 THEN '-0' WHEN 3 THEN 5e-324 WHEN 4 THEN round((random()*1e6)::numeric,2) ELSE (random()-0.5)*power(10,(random()*600-300)::int) END::float8",
  'numeric(10,2)': '((random()-0.5)*1e7)::numeric(10,2)',
  'numeric(38,10)': '((random()-0.5)*1e15)::numeric(38,10)',
  'numeric(18,0)': '(random()*1e17)::numeric(18,0)',
  'numeric(4,4)': '(random()-0.5)::numeric(4,4)',
  bool: 'random()<0.5',
  text: "CASE i%7 WHEN 0 THEN '' WHEN 1 THEN E'a\\tb\\nc\\\\d\\re' WHEN 2 THEN '\\.' WHEN 3 THEN '\"q\",''x''' WHEN 4 THEN 'größe 😀' || repeat('y', i%40) WHEN 5 THEN '\\N' ELSE md5(i::text) END",
  varchar: 'left(md5(i::text), i%20)',
  bytea: "decode(substr(md5(i::text)||md5((i+1)::text),1,2*(i%30)),'hex')",
  date: "CASE i%11 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN '0044-03-15 BC' WHEN 3 THEN '12345-01-02' ELSE (date '2000-01-01'+((random()-0.5)*500000)::int)::text END::date",
  time: "time '00:00' + random()*interval '24 hours'",
  timetz: "('12:34:56.'||i||'+0'||i%9||':30')::timetz",
  timestamp:
    "CASE i%11 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN '0044-03-15 12:00:00.5 BC' WHEN 3 THEN '9999-12-31 23:59:59.999999' ELSE (timestamp '2000-01-01'+(random()-0.5)*interval '2000 years')::text END::timestamp",
  timestamptz:
    "CASE i%11 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN '0044-03-15 12:00:00.5+00 BC' ELSE (timestamptz '2000-01-01'+(random()-0.5)*interval '2000 years')::text END::timestamptz",
  interval:
    'make_interval((random()*10-5)::int,(random()*20-10)::int,0,(random()*60-30)::int,(random()*40-20)::int,0,random()*100)',
  uuid: 'md5(i::text)::uuid',
  json: '(\'{"a": [\' || i || \', null, "x\\n"]}\')::json',
  'int4[]': "CASE i%5 WHEN 0 THEN '{}' WHEN 1 THEN '{NULL,1}' ELSE ARRAY[i,-i,7]::text END::int4[]",
  'text[]':
    "CASE i%5 WHEN 0 THEN '{}' WHEN 1 THEN '{NULL,\"NULL\",\"\",\"a b\"}' ELSE ARRAY['p'||i, E'tab\\t', ',', '{}']::text END::text[]",
  'float8[]': "ARRAY[random(), 'NaN', -1]::float8[]",
  'bool[]': 'ARRAY[true,NULL,false]',
  'date[]': "ARRAY[date '2020-01-01'+i, NULL]",
  'numeric(10,2)[]': 'ARRAY[1.5,NULL,i]::numeric(10,2)[]',
  'uuid[]': 'ARRAY[md5(i::text)::uuid]',
  'timestamp[]': "ARRAY[timestamp '2020-01-01' + i*interval '1 sec']",
  'bytea[]': "ARRAY['\\x00ff'::bytea, '\\x']",
  'interval[]': "ARRAY[interval '1 day' * i]",
};

/** The same of the engine's own types, evaluated by the engine. */
export const engineValues: Readonly<Record<string, string>> = {
  TINYINT: '(i%256-128)::tinyint',
  UTINYINT: '(i%256)::utinyint',
  USMALLINT: '(i*200%65536)::usmallint',
  UINTEGER: '(i*1400000)::uinteger',
  UBIGINT: '18446744073709551615-i',
  HUGEINT: '-170141183460469231731687303715884105728+i',
  UHUGEINT: '170141183460469231731687303715884105727::uhugeint+i::uhugeint',
  "ENUM('a','b','c d')": "(['a','b','c d'])[1+i%3]",
  'STRUCT(x INTEGER, y VARCHAR)': "{'x':i,'y':'q\"'||chr(9)||i}",
  'STRUCT(d DECIMAL(20,3), b BLOB, t TIMESTAMP, l INTEGER[])':
    "{'d':i*1.001,'b':'\\xAA'::blob,'t':timestamp '2020-01-01 01:02:03'+i*interval '1 second','l':[i,null]}",
  'MAP(VARCHAR, INTEGER)': "map{'a':i,'b':null}",
  'UNION(i INTEGER, s VARCHAR)':
    "CASE WHEN i%2=0 THEN union_value(i:=i) ELSE union_value(s:='s'||i)::UNION(i INTEGER, s VARCHAR) END",
  TIMESTAMP_NS: "(timestamp '2020-01-01 01:02:03.123456'+i*interval '1 second')::timestamp_ns",
  TIMESTAMP_S: "(timestamp '2020-01-01 01:02:03'+i*interval '1 second')::timestamp_s",
  TIMESTAMP_MS: "(timestamp '2020-01-01 01:02:03.123'+i*interval '1 second')::timestamp_ms",
  'INTEGER[3]': '[i,null,7]::INTEGER[3]',
  'INTEGER[][]': '[[i,1],[2,null]]',
  'STRUCT(a INTEGER)[]': "[{'a':i},null]",
  BIT: 'bin(i)::bit',
  JSON: "json_object('a', i)",
  'JSON[]': "[json_object('a', i)]",
  'DECIMAL(38,0)': 'i::decimal(38,0)*1000000000000000000000000000000000',
  TIME: "time '01:02:03'+i*interval '1 microsecond'",
  'VARCHAR[]': "['a,b', null, '', 'NULL', chr(10)]",
  'DECIMAL(20,5)[]': '[i/7, null]::DECIMAL(20,5)[]',
  UUID: 'md5(i::varchar)::uuid',
  BLOB: "encode('a'||i)",
  INTERVAL: "i*interval '1 hour'",
  BIGNUM: 'i::BIGNUM',
};
