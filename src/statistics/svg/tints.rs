//! The tints of the cells: the more, the stronger, in a few steps that the legend can name.

/// How many tints there are.
pub const TINTS: i64 = 5;

/// Which of the tints a count has, from 1; the most has the last one.
pub fn tint_of(count: i64, most: i64) -> i64 {
    if most <= TINTS {
        count
    } else {
        (count - 1) * TINTS / most + 1
    }
}

/// The lowest and the highest count that have a tint.
pub fn counts_of(tint: i64, most: i64) -> (i64, i64) {
    if most <= TINTS {
        return (tint, tint);
    }
    let up_to = |tint: i64| (tint * most + TINTS - 1) / TINTS;
    (up_to(tint - 1) + 1, up_to(tint))
}

/// How strong a tint is.
pub fn strength(tint: i64) -> f64 {
    match tint {
        ..=1 => 0.3,
        2 => 0.5,
        3 => 0.68,
        4 => 0.84,
        5.. => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tints_go_from_one_to_the_most() {
        assert_eq!(
            (1..=3).map(|count| tint_of(count, 3)).collect::<Vec<_>>(),
            [1, 2, 3]
        );
        let tints: Vec<_> = (1..=12).map(|count| tint_of(count, 12)).collect();
        assert_eq!(tints, [1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5]);
        assert_eq!(tint_of(1_000_000, 1_000_000), TINTS);
        for most in 1..60 {
            for count in 1..=most {
                let (first, last) = counts_of(tint_of(count, most), most);
                assert!(first <= count && count <= last, "{count} of {most}");
            }
        }
    }
}
