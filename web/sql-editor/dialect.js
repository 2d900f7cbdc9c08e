// SQL as DataFusion and Athena read it: names in double quotes, functions of both.
import { SQLDialect, sql } from "@codemirror/lang-sql";

// Without day, month and year: in a lake they are columns.
const KEYWORDS = `all and any array as asc at between by case cast cross current cube date desc describe distinct
    else end escape except exists explain extract false fetch filter first following for from full group grouping
    having ilike in inner intersect interval is join last lateral left like limit natural not null
    nulls offset on or order outer over partition preceding qualify range recursive right rollup row rows
    select semi sets similar some table tablesample then time timestamp to true try_cast unbounded union unnest using
    values when where window with within without zone`;
const TYPES = `bigint binary boolean char date decimal double float int integer interval real row smallint string
    struct timestamp tinyint varbinary varchar`;
const FUNCTIONS = `abs approx_distinct approx_percentile_cont array_agg avg btrim ceil coalesce concat corr count
    covar_pop cume_dist current_date current_timestamp date_add date_bin date_diff date_part date_trunc dense_rank
    element_at exp first_value floor from_unixtime greatest grouping lag last_value lead least left length ln log
    lower lpad ltrim max mean median min mod ntile nullif nvl now percent_rank power rank regexp_like regexp_match
    regexp_replace replace reverse right round row_number rpad rtrim sign split_part sqrt starts_with stddev
    strpos substr sum to_char to_date to_timestamp trim trunc upper var_pop`;

const dialect = SQLDialect.define({
    keywords: KEYWORDS,
    types: TYPES,
    builtin: FUNCTIONS,
    caseInsensitiveIdentifiers: true,
    operatorChars: "*+-%<>!=&|~^/",
});

/** Highlighting and indentation, without the language's own completion: ours knows the lake. */
export const language = sql({ dialect }).language;
