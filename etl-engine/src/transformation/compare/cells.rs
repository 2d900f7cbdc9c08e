//! Whether two cells are alike: NULL is like NULL, doubles within a tolerance.

use arrow::array::{Array, AsArray, make_comparator};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Float64Type};
use domain::Result;

use super::side::{Side, incomparable};

/// Says whether a column is alike in a row of the old and one of the new side.
pub(super) type Alike = Box<dyn Fn(u32, u32) -> bool>;

/// One for each common column.
pub(super) fn comparators(old: &Side, new: &Side, tolerance: f64) -> Result<Vec<Alike>> {
    old.columns
        .iter()
        .zip(&new.columns)
        .map(|(old, new)| -> Result<Alike> {
            if let (DataType::Float64, DataType::Float64) = (old.data_type(), new.data_type()) {
                let (old, new) = (
                    old.as_primitive::<Float64Type>().clone(),
                    new.as_primitive::<Float64Type>().clone(),
                );
                return Ok(Box::new(move |a, b| {
                    let (a, b) = (a as usize, b as usize);
                    match (old.is_null(a), new.is_null(b)) {
                        (false, false) => close(old.value(a), new.value(b), tolerance),
                        (old, new) => old == new,
                    }
                }));
            }
            let compare =
                make_comparator(old, new, SortOptions::default()).map_err(incomparable)?;
            Ok(Box::new(move |a, b| compare(a as usize, b as usize).is_eq()))
        })
        .collect()
}

/// Equal, both no number, or no further apart than `tolerance` of the larger.
fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b
        || (a.is_nan() && b.is_nan())
        || (a.is_finite() && b.is_finite() && (a - b).abs() <= tolerance * a.abs().max(b.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_alike_within_the_tolerance() {
        assert!(close(0.1 + 0.2, 0.3, 1e-9));
        assert!(close(1e12, 1e12 + 1.0, 1e-9));
        assert!(close(f64::NAN, f64::NAN, 0.0));
        assert!(close(f64::INFINITY, f64::INFINITY, 1e-9));
        assert!(close(0.0, -0.0, 0.0));
        assert!(!close(1.0, 1.000_001, 1e-9));
        assert!(!close(f64::INFINITY, 1.0, 1e-9) && !close(f64::NAN, 1.0, 1e-9));
        assert!(!close(0.0, 1e-300, 1e-9), "zero is like nothing but zero");
    }
}
