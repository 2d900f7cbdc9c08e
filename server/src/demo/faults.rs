//! Faults as real deliveries have them, put into rows that were good.

use super::trip::TripKind;

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The row ends early; it is rejected.
    Short,
    /// `$12.80` where a number belongs; it is rejected.
    BadNumber,
    /// The row has two fields more than the header; it is rejected.
    Long,
    /// A quoted newline in the flag; the row is good, though it takes two lines.
    Newline,
}

/// Fewest rows from one fault to the next.
const DISTANCE: u64 = 250;

/// A file has hardly more faults than this, so that the default quarantine limit holds for any size.
const MOST: u64 = 8_000;

impl Fault {
    /// The fault of a row, if it has one; all kinds take turns.
    pub(super) fn of_row(row: u64, rows: u64) -> Option<Self> {
        let distance = DISTANCE.max(rows / MOST);
        let kinds = [Self::Short, Self::BadNumber, Self::Long, Self::Newline];
        let turn = usize::try_from(row / distance % 4).unwrap_or(0);
        (row % distance == distance / 2).then_some(kinds[turn])
    }

    /// Whether a row with this fault is rejected.
    pub(super) fn rejects(self) -> bool {
        self != Self::Newline
    }

    /// Puts the fault into a row without quotes.
    pub(super) fn apply(self, kind: TripKind, row: &mut Vec<u8>) {
        let fields = Fields::of(kind);
        match self {
            Self::Short => row.truncate(start_of(row, fields.payment) - 1),
            Self::BadNumber => row.insert(start_of(row, fields.total), b'$'),
            Self::Long => row.extend_from_slice(b",0,0"),
            Self::Newline => {
                let start = start_of(row, fields.flag);
                let end = start_of(row, fields.flag + 1) - 1;
                row.splice(start..end, *b"\"N\nresent\"");
            }
        }
    }
}

/// Positions of the fields that faults hit.
struct Fields {
    flag: usize,
    payment: usize,
    total: usize,
}

impl Fields {
    fn of(kind: TripKind) -> Self {
        match kind {
            TripKind::Yellow => Self { flag: 6, payment: 9, total: 16 },
            TripKind::Green => Self { flag: 3, payment: 17, total: 16 },
        }
    }
}

/// Where a field of a row without quotes begins.
fn start_of(row: &[u8], field: usize) -> usize {
    let commas = row.iter().enumerate().filter(|(_, byte)| **byte == b',');
    commas.map(|(index, _)| index + 1).nth(field - 1).unwrap_or(row.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_those_of_the_headers() {
        for kind in [TripKind::Yellow, TripKind::Green] {
            let names: Vec<_> = kind.header().split(',').collect();
            let fields = Fields::of(kind);
            assert_eq!(names[fields.flag], "store_and_fwd_flag");
            assert_eq!(names[fields.payment], "payment_type");
            assert_eq!(names[fields.total], "total_amount");
        }
    }

    #[test]
    fn faults_go_where_they_belong() {
        let spoiled = |fault: Fault| {
            let mut row = b"2,a,b,1,2.5,1,N,7,8,1,9.0,0.0,0.5,0.0,0.0,0.3,9.8,0.0".to_vec();
            fault.apply(TripKind::Yellow, &mut row);
            String::from_utf8(row).unwrap()
        };
        assert_eq!(spoiled(Fault::Short), "2,a,b,1,2.5,1,N,7,8");
        assert!(spoiled(Fault::BadNumber).ends_with(",$9.8,0.0"));
        assert!(spoiled(Fault::Long).ends_with(",9.8,0.0,0,0"));
        assert!(spoiled(Fault::Newline).contains(",1,\"N\nresent\",7,"));
    }

    #[test]
    fn large_files_stay_below_the_default_quarantine_limit() {
        for rows in [1_000_000, 10_000_000_u64] {
            let faults = (0..rows).filter(|row| Fault::of_row(*row, rows).is_some()).count();
            assert!((3_000..=8_000).contains(&faults), "{faults}");
        }
    }
}
