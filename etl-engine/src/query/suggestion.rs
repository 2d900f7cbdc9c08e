//! "Did you mean": the closest of the names that exist.

/// `, did you mean "x"?` with the candidate that is closest to `name`; empty when none is close.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    match closest(name, candidates) {
        Some(candidate) => format!(", did you mean {candidate:?}?"),
        None => String::new(),
    }
}

/// The candidate that is closest to `name`; `None` when none is close.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    use datafusion::common::utils::datafusion_strsim::levenshtein;
    let most = name.chars().count().div_ceil(2);
    let closest = candidates
        .into_iter()
        .map(|candidate| (levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min();
    closest.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_offered_if_it_is_close() {
        let names = ["yellow_taxi_trip_record", "green_taxi_record_data"];
        assert_eq!(
            did_you_mean("yelow_taxi_trip_records", names),
            ", did you mean \"yellow_taxi_trip_record\"?"
        );
        assert_eq!(did_you_mean("zones", names), "");
    }
}
