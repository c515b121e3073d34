//! When a disk counts as full: before it is, so that deletes, checkpoints and the metadata log still find room. Pure.
//!
//! Guarantees: between two looks at the disk no more is written than a quarter of the reserve; a directory that was full
//! takes writes again only with some room above the reserve, so that it does not flap.

/// One hundredth of the disk, within these bounds, is kept back (a twentieth of a very small disk).
const RESERVE_MIN_BYTES: u64 = 16 << 20;
const RESERVE_MAX_BYTES: u64 = 1 << 30;

/// What is known about the room in one directory.
#[derive(Debug, Default)]
pub struct Reserve {
    reserve_bytes: u64,
    written_since_look_bytes: u64,
    is_full: bool,
}

impl Reserve {
    /// The disk was looked at. Returns whether it counts as full now.
    pub fn look(&mut self, total_bytes: u64, free_bytes: u64) -> bool {
        self.reserve_bytes = reserve_bytes(total_bytes);
        self.written_since_look_bytes = 0;
        let needed = if self.is_full {
            self.reserve_bytes + self.reserve_bytes / 4
        } else {
            self.reserve_bytes
        };
        self.is_full = free_bytes < needed;
        self.is_full
    }

    /// The disk itself refused a write for want of room.
    pub fn refused(&mut self) {
        self.is_full = true;
    }

    /// So much is about to be written. Returns whether the disk should be looked at first.
    pub fn wants_look(&mut self, size_bytes: u64) -> bool {
        self.written_since_look_bytes = self.written_since_look_bytes.saturating_add(size_bytes);
        self.written_since_look_bytes > self.reserve_bytes / 4
    }

    #[cfg(test)]
    pub fn is_full(&self) -> bool {
        self.is_full
    }
}

fn reserve_bytes(total_bytes: u64) -> u64 {
    (total_bytes / 100)
        .clamp(RESERVE_MIN_BYTES, RESERVE_MAX_BYTES)
        .min(total_bytes / 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn the_reserve_grows_with_the_disk_within_bounds() {
        let cases = [
            (GIB / 10, GIB / 200),
            (GIB, 16 << 20),
            (50 * GIB, GIB / 2),
            (10_000 * GIB, GIB),
            (u64::MAX, GIB),
        ];
        for (total, reserve) in cases {
            assert_eq!(reserve_bytes(total), reserve, "{total}");
        }
    }

    #[test]
    fn a_full_disk_takes_writes_again_only_with_room_above_the_reserve() {
        let mut reserve = Reserve::default();
        assert!(!reserve.look(100 * GIB, GIB));
        assert!(reserve.look(100 * GIB, GIB - 1));
        assert!(
            reserve.look(100 * GIB, GIB + GIB / 8),
            "not yet enough above it"
        );
        assert!(!reserve.look(100 * GIB, GIB + GIB / 4));
        reserve.refused();
        assert!(reserve.is_full());
    }

    #[test]
    fn the_disk_is_looked_at_before_a_quarter_of_the_reserve_is_written() {
        let mut reserve = Reserve::default();
        assert!(reserve.wants_look(1), "never looked at");
        reserve.look(100 * GIB, 50 * GIB);
        assert!(!reserve.wants_look(GIB / 8));
        assert!(reserve.wants_look(GIB / 4));
    }
}
