//! Which part of AWS a region is in, as ARNs and addresses name it.

/// The partition of a region: `aws`, and for regions apart from it `aws-cn`, `aws-us-gov` and so on.
pub fn of_region(region: &str) -> &'static str {
    let apart = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    let found = apart.into_iter().find(|(begins, _)| region.starts_with(begins));
    found.map_or("aws", |(_, partition)| partition)
}

/// What addresses of services end with in a partition.
pub fn address_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_lie_in_the_partition_that_their_names_begin_with() {
        for (region, partition, suffix) in [
            ("eu-central-1", "aws", "amazonaws.com"),
            ("us-east-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ] {
            assert_eq!(of_region(region), partition);
            assert_eq!(address_suffix(partition), suffix);
        }
    }
}
