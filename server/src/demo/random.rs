//! A small seeded generator. A library's stream may change with its version; demo files and
//! benchmarks must stay byte for byte the same for a seed.

/// `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// A stream that depends on nothing but the seed.
    pub(super) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// An even number from 0 to `end`, without it; 0 when `end` is 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        let wide = (self.next() >> 32) * u64::from(end);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// True in `count` of 10,000 cases.
    pub(super) fn chance(&mut self, count: u32) -> bool {
        self.below(10_000) < count
    }

    /// One of the values, each as often as its weight says; the last when weights are used up.
    pub(super) fn weighted<T: Copy>(&mut self, choices: &[(u32, T)], last: T) -> T {
        let mut left = self.below(10_000);
        for &(weight, value) in choices {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return value,
            }
        }
        last
    }

    /// A value between quantiles, given as (share in 10,000, value) from (0, least) to
    /// (10,000, greatest).
    pub(super) fn between(&mut self, quantiles: &[(u32, u32)]) -> u32 {
        // A finer draw than the shares are given in, so that values between them all occur.
        let share = u64::from(self.below(10_000_000));
        for pair in quantiles.windows(2) {
            let ((from, low), (to, high)) = (pair[0], pair[1]);
            let (from, to) = (u64::from(from) * 1_000, u64::from(to) * 1_000);
            if share < to {
                let step = u64::from(high - low + 1) * (share - from) / (to - from);
                return low + u32::try_from(step).unwrap_or(0);
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_stream() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            [(); 4].map(|()| random.below(1_000_000))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn shares_come_out_as_asked() {
        let mut random = Random::seeded(1);
        let ones = (0..100_000).filter(|_| random.weighted(&[(6_500, 1)], 2) == 1).count();
        assert!((64_000..66_000).contains(&ones), "{ones}");
        let low =
            (0..100_000).filter(|_| random.between(&[(0, 0), (5_000, 10), (10_000, 90)]) <= 10);
        assert!((49_000..52_000).contains(&low.count()));
    }
}
