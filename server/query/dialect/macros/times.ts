/** Functions on dates and times that DuckDB lacks, or has under another name. */
import { NUMBER_TO_CHAR } from '../number-templates.ts';

export const TIMES: readonly string[] = [
  `date_trunc(u, t) AS system.main.date_trunc(u, t),
     (u, t, z) AS timezone(z, system.main.date_trunc(u, timezone(z, t)))`,
  `date_bin(w, t, o) AS time_bucket(w::INTERVAL, t, o)`,
  `read_date(s, f) AS strptime(s, f)::DATE`,
  `read_timestamp(s, f) AS strptime(s, f)::TIMESTAMPTZ`,
  `read_number(s) AS regexp_replace(s, '[^-0-9.]', '', 'g')`,
  `number_to_char(n, f) AS ${NUMBER_TO_CHAR}(n::VARCHAR, f)`,
  `clock_timestamp() AS now()`,
  `statement_timestamp() AS now()`,
  `make_interval(years := 0, months := 0, weeks := 0, days := 0, hours := 0, mins := 0, secs := 0.0) AS
     to_years(years::INTEGER) + to_months(months::INTEGER) + to_weeks(weeks::INTEGER) + to_days(days::INTEGER)
     + to_hours(hours::BIGINT) + to_minutes(mins::BIGINT) + to_seconds(secs::DOUBLE)`,
  `overlaps(a, b, c, d) AS CASE WHEN least(a, b) = least(c, d) THEN TRUE
     ELSE least(a, b) < greatest(c, d) AND least(c, d) < greatest(a, b) END`,
];
