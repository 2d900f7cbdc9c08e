//! Which numbers of rows are out of the ordinary.

use crate::raw_to_conformed::infer::counted;

/// Fewer runs say nothing about what is usual.
const LEAST_BEFORE: usize = 5;
/// So many scaled deviations from the median are an outlier (Iglewicz and Hoaglin).
const THRESHOLD: f64 = 3.5;
/// Makes the median absolute deviation of normally distributed values their standard deviation.
const SCALE: f64 = 1.4826;
/// Differences below this share of the median are never remarkable.
const LEAST_SHARE: f64 = 0.02;

/// Why `rows` is an outlier against the runs `before` it, in words; `None` when it is not. Robust:
/// median and median absolute deviation, so that earlier outliers do not hide later ones.
// Numbers of rows need no more precision than f64 has, and are never negative.
pub fn outlier(rows: u64, before: &[u64]) -> Option<String> {
    if before.len() < LEAST_BEFORE {
        return None;
    }
    let value = rows as f64;
    let usual = median(before.iter().map(|rows| *rows as f64).collect());
    let deviation = median(before.iter().map(|rows| (*rows as f64 - usual).abs()).collect());
    let spread = (deviation * SCALE).max(usual * LEAST_SHARE / THRESHOLD).max(1.0 / THRESHOLD);
    let distance = (value - usual).abs() / spread;
    (distance > THRESHOLD).then(|| {
        let than = if value < usual { "fewer" } else { "more" };
        let within = spread * THRESHOLD;
        format!(
            "{} rows, far {than} than usual: the {} runs before it have a median of {}, and up \
             to {} from that is ordinary",
            counted(rows),
            before.len(),
            counted(usual as u64),
            counted(within as u64),
        )
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_far_from_the_median_is_an_outlier_also_after_others() {
        let before = [1000, 1010, 990, 5, 1020, 980, 1005, 9000];
        assert_eq!(outlier(1030, &before), None);
        let why = outlier(12, &before).unwrap();
        assert!(why.contains("far fewer") && why.contains("median of 1,002"), "{why}");
        assert!(outlier(2000, &before).unwrap().contains("far more"));
    }

    #[test]
    fn equal_counts_leave_a_little_room() {
        assert_eq!(outlier(1015, &[1000; 10]), None);
        assert!(outlier(1100, &[1000; 10]).is_some());
        assert_eq!(outlier(0, &[0; 10]), None);
        assert!(outlier(3, &[0; 10]).is_some());
    }

    #[test]
    fn a_few_runs_say_nothing() {
        assert_eq!(outlier(1, &[1000; 4]), None);
    }
}
