//! JSON schemas of the files that people write, for their editors: path in a new lake, and text.

/// Of `sluice.toml`.
pub const LAKE_SCHEMA: (&str, &str) =
    (".schemas/sluice.schema.json", include_str!("sluice.schema.json"));

/// Of `sources/<source_system>/<table>.toml`.
pub const SOURCE_SCHEMA: (&str, &str) =
    (".schemas/source.schema.json", include_str!("source.schema.json"));

#[cfg(test)]
mod tests;
