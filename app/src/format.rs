//! Numbers, sizes and durations as people read them. The same on the server and in the browser, in
//! no locale: engineers compare these with logs.

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the largest unit of 1,000 that leaves a figure, for example `1.3 MB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    match unit {
        0 => format!("{number} B"),
        _ if value < 9.95 => format!("{value:.1} {}", UNITS[unit]),
        _ => format!("{value:.0} {}", UNITS[unit]),
    }
}

/// A duration in seconds, for example `0.42 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
pub fn seconds(value: f64) -> String {
    let whole = value.round() as u64;
    match whole {
        _ if value < 0.9995 => format!("{:.0} ms", value * 1000.0),
        _ if value < 9.95 => format!("{value:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A share of a whole as per cent; never rounds something to 0 % nor less than all to 100 %.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0 %".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        _ if part == whole => "100 %".to_owned(),
        _ if percent < 0.01 => "< 0.01 %".to_owned(),
        _ if percent < 1.0 => format!("{percent:.2} %"),
        _ if percent > 99.9 => "> 99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn sizes_change_unit_before_they_round_up() {
        let shown = [0, 999, 1000, 9_949_999, 999_499_999, 999_600_000].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "9.9 MB", "999 MB", "1.0 GB"]);
    }

    #[test]
    fn durations_keep_two_figures() {
        let shown = [0.0042, 0.5, 1.25, 12.4, 185.0, 7800.0].map(seconds);
        assert_eq!(shown, ["4 ms", "500 ms", "1.2 s", "12 s", "3 min 5 s", "2 h 10 min"]);
    }

    #[test]
    fn a_share_never_hides_the_rest() {
        let shown = [(0, 5), (1, 1_000_000), (999_999, 1_000_000), (5, 5)];
        assert_eq!(shown.map(|(a, b)| share(a, b)), ["0 %", "< 0.01 %", "> 99.9 %", "100 %"]);
    }
}
