//! A proposal for a Parquet file: its schema names the types.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::column::{Column, ColumnType};
use domain::source::Format;
use domain::{Error, Result};

use super::super::bounded::BoundedBlocks;
use super::super::decode::{Layout, Spooled, open};
use super::{Proposal, ProposeOptions, ProposedColumn, SHOWN_REJECTED, names};

const EXAMPLES: usize = 5;

/// Reads all rows under the types that the schema suggests.
pub(super) async fn propose(spooled: &Spooled, options: &ProposeOptions) -> Result<Proposal> {
    let opened = open(spooled.rewound()?, &Format::Parquet, options.decode).await?;
    let source_names = opened.names().unwrap_or_default().to_vec();
    let types: Vec<DataType> = opened.arrow_schema().map_or_else(Vec::new, |schema| {
        schema.fields().iter().map(|field| field.data_type().clone()).collect()
    });
    let named = source_names.iter().zip(names::column_names(&source_names)).zip(&types);
    let mut columns: Vec<ProposedColumn> = named
        .map(|((source_name, name), data_type)| {
            let (column_type, why) = verdict(data_type);
            let column = Column { name, ..Column::new(source_name.clone(), column_type) };
            ProposedColumn { column, examples: Vec::new(), nulls: 0, distinct: None, why }
        })
        .collect();
    let mut proposal = Proposal {
        format: Format::Parquet,
        columns: Vec::new(),
        rows: 0,
        rows_rejected: 0,
        rejected: Vec::new(),
        bytes: 0,
        is_whole: true,
    };
    let pinned = columns.iter().map(|proposed| proposed.column.clone()).collect();
    let layout = Layout((0..columns.len()).map(Some).collect());
    let mut blocks = BoundedBlocks::new(opened.decode(pinned, layout), options.bounds);
    while let Some(block) = blocks.next().await? {
        proposal.rows += block.rows_read;
        proposal.rows_rejected += block.rejected.len() as u64;
        proposal.bytes += block.bytes;
        let room = SHOWN_REJECTED - proposal.rejected.len();
        proposal.rejected.extend(block.rejected.into_iter().take(room));
        for (proposed, array) in columns.iter_mut().zip(block.batch.columns()) {
            proposed.nulls += array.null_count() as u64;
            add_examples(&mut proposed.examples, array)?;
        }
    }
    proposal.is_whole = blocks.is_whole;
    proposal.columns = columns;
    Ok(proposal)
}

/// The pinned type for a type of the schema, and why.
fn verdict(data_type: &DataType) -> (ColumnType, String) {
    let column_type = match data_type {
        DataType::Dictionary(_, values) => return verdict(values),
        DataType::Boolean => ColumnType::Boolean,
        DataType::UInt64 => ColumnType::Decimal { precision: 20, scale: 0 },
        kind if kind.is_integer() => ColumnType::BigInt,
        kind if kind.is_floating() => ColumnType::Double,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => match u8::try_from(*scale) {
            Ok(scale) if *precision <= 38 && scale <= *precision => {
                ColumnType::Decimal { precision: *precision, scale }
            }
            _ => ColumnType::String,
        },
        DataType::Date32 | DataType::Date64 => ColumnType::Date,
        DataType::Timestamp(..) => ColumnType::Timestamp,
        _ => ColumnType::String,
    };
    let mut why = format!("the file's schema says {data_type}");
    if data_type.is_nested() {
        why.push_str(", which becomes JSON text");
    }
    (column_type, why)
}

/// Adds distinct values until there are enough; looks at the first rows of each block only.
fn add_examples(examples: &mut Vec<String>, array: &ArrayRef) -> Result<()> {
    const LOOKED_AT: usize = 1000;
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options)
        .map_err(|error| Error::internal(format!("cannot show a value: {error}")))?;
    let rows = (0..array.len().min(LOOKED_AT)).filter(|row| array.is_valid(*row));
    for row in rows {
        if examples.len() == EXAMPLES {
            break;
        }
        let value = formatter.value(row).try_to_string().unwrap_or_default();
        if !examples.contains(&value) {
            examples.push(value);
        }
    }
    Ok(())
}
