//! Where offsets are set to. Pure.

use crate::cli::offsets::At;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Earliest,
    Latest,
    Offset(i64),
    /// From the committed offset.
    By(i64),
    /// Milliseconds since 1970.
    Time(i64),
}

impl Target {
    /// # Errors
    /// What is wrong, for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<i64>().ok();
        let parsed = match text {
            "earliest" | "beginning" | "start" => Some(Self::Earliest),
            "latest" | "end" => Some(Self::Latest),
            _ => match text.as_bytes().first() {
                Some(b'+' | b'-') => number(text).map(Self::By),
                Some(b'@') => number(&text[1..]).map(Self::Time),
                _ => number(text).map(Self::Offset),
            },
        };
        parsed.ok_or_else(|| {
            format!("{text}: expected earliest, latest, an offset, +N, -N or @MILLISECONDS")
        })
    }

    /// What is to be asked of a partition besides its bounds.
    pub fn asks(self) -> Option<At> {
        match self {
            Self::Time(ms) => Some(At::Time(ms)),
            _ => None,
        }
    }

    /// The offset: within what can be read. `of_time` is −1 where there is no record so late. `None`: there is nothing to count from.
    pub fn choose(
        self,
        (start, end): (i64, i64),
        committed: Option<i64>,
        of_time: Option<i64>,
    ) -> Option<i64> {
        let wanted = match self {
            Self::Earliest => start,
            Self::Latest => end,
            Self::Offset(offset) => offset,
            Self::By(shift) => committed?.saturating_add(shift),
            Self::Time(_) => of_time.filter(|offset| *offset >= 0).unwrap_or(end),
        };
        Some(wanted.clamp(start, end.max(start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_people_write_them() {
        for (text, target) in [
            ("earliest", Target::Earliest),
            ("end", Target::Latest),
            ("17", Target::Offset(17)),
            ("+3", Target::By(3)),
            ("-4", Target::By(-4)),
            ("@1700000000000", Target::Time(1_700_000_000_000)),
        ] {
            assert_eq!(Target::parse(text), Ok(target), "{text}");
        }
        for wrong in ["", "soon", "@", "+x", "1.5"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_chosen_can_be_read() {
        let choose = |target: Target| target.choose((10, 20), Some(15), Some(12));
        assert_eq!(choose(Target::Earliest), Some(10));
        assert_eq!(choose(Target::Latest), Some(20));
        assert_eq!(choose(Target::Offset(3)), Some(10));
        assert_eq!(choose(Target::By(100)), Some(20));
        assert_eq!(choose(Target::By(-2)), Some(13));
        assert_eq!(choose(Target::Time(0)), Some(12));
        assert_eq!(
            Target::Time(0).choose((10, 20), None, Some(-1)),
            Some(20),
            "nothing is so late"
        );
        assert_eq!(Target::By(1).choose((10, 20), None, None), None);
    }
}
