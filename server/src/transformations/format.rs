//! Laying out SQL.

use domain::{Error, Result};
use etl_engine::query::bounds::same_words;
use sqlformat::{FormatOptions, Indent, QueryParams};

/// The SQL laid out: one item a line, two spaces deeper in each part. Words stay as they are.
/// [`domain::ErrorKind::Invalid`] when it is no SQL, or so unusual that laying it out would change
/// it.
pub fn format(sql: &str) -> Result<String> {
    let options = FormatOptions {
        indent: Indent::Spaces(2),
        max_inline_block: 80,
        joins_as_top_level: true,
        ..FormatOptions::default()
    };
    let mut formatted = sqlformat::format(sql, &QueryParams::None, &options);
    if !formatted.ends_with('\n') {
        formatted.push('\n');
    }
    if same_words(sql, &formatted)? {
        return Ok(formatted);
    }
    Err(Error::invalid("this SQL cannot be laid out without changing it: it stays as it is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_is_laid_out_and_stays_the_same() {
        let sql = "select count(*) n,coalesce(vendorid,-1)vendorid,day from \"a\".\"b\" where x>=1 -- why\n group by 2,day";
        let formatted = format(sql).unwrap();
        assert!(formatted.starts_with("select\n  count(*) n,\n  coalesce(vendorid, -1) vendorid,"));
        assert!(formatted.contains("\nwhere\n  x >= 1 -- why\ngroup by"), "{formatted}");
        assert_eq!(format(&formatted).unwrap(), formatted);
    }
}
