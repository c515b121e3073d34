//! What every disk promises, asked of both.

use ottla_storage::disk::{Disk, OpenHow, RealDisk, SimulatedDisk, read_file, replace_file};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

/// Asks the same of a real and of a simulated disk.
fn on_both(ask: impl Fn(&dyn Disk, &Path)) {
    let directory = tempfile::tempdir().expect("a directory");
    ask(&RealDisk, directory.path());
    let simulated = SimulatedDisk::new();
    let path = PathBuf::from("/work");
    simulated.create_dir(&path).expect("it is created");
    ask(&simulated, &path);
}

#[test]
fn a_write_of_very_many_parts_is_whole() {
    on_both(|disk, path| {
        let file = disk
            .open(&path.join("file"), OpenHow::Create)
            .expect("it is created");
        let parts: Vec<Vec<u8>> = (0..3_000_u32)
            .map(|index| index.to_be_bytes()[4 - (index as usize % 5).min(4)..].to_vec())
            .collect();
        let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        file.write_vectored_at(&slices, 7).expect("it is written");
        let expected: Vec<u8> = [0; 7].into_iter().chain(parts.concat()).collect();
        assert_eq!(
            read_file(disk, &path.join("file")).expect("it is read"),
            Some(expected)
        );
    });
}

#[test]
fn a_read_is_short_only_at_the_end_of_the_file() {
    on_both(|disk, path| {
        let file = disk
            .open(&path.join("file"), OpenHow::Create)
            .expect("it is created");
        file.write_vectored_at(&[IoSlice::new(&[1, 2, 3, 4, 5])], 0)
            .expect("it is written");
        let mut buffer = [0; 4];
        assert_eq!(file.read_at(&mut buffer, 3).expect("it is read"), 2);
        assert_eq!(buffer[..2], [4, 5]);
        assert_eq!(
            file.read_at_if_cached(&mut buffer, 0)
                .expect("it was just written"),
            4
        );
        assert_eq!(buffer, [1, 2, 3, 4]);
        assert_eq!(file.read_at(&mut buffer, 100).expect("nothing is there"), 0);
    });
}

#[test]
fn files_grow_shrink_and_reserve_without_growing() {
    on_both(|disk, path| {
        let file = disk
            .open(&path.join("file"), OpenHow::Create)
            .expect("it is created");
        file.allocate(10_000).expect("there is room");
        assert_eq!(file.size_bytes().expect("it has a size"), 0);
        file.set_size_bytes(100).expect("it grows");
        file.set_size_bytes(10).expect("it shrinks");
        assert_eq!(
            disk.metadata(&path.join("file"))
                .expect("it is there")
                .size_bytes,
            10
        );
        file.sync_data().expect("it is synced");
        disk.sync_dir(path).expect("it is synced");
    });
}

#[test]
fn opening_creates_empties_or_refuses_as_asked() {
    on_both(|disk, path| {
        let missing = path.join("missing");
        for how in [OpenHow::Read, OpenHow::Write] {
            assert_eq!(
                disk.open(&missing, how).expect_err("it is missing").kind(),
                io::ErrorKind::NotFound
            );
        }
        replace_file(disk, &path.join("file"), b"content").expect("it is written");
        disk.open(&path.join("file"), OpenHow::Create)
            .expect("it opens");
        assert_eq!(
            read_file(disk, &path.join("file"))
                .expect("it is read")
                .as_deref(),
            Some(&b"content"[..])
        );
        disk.open(&path.join("file"), OpenHow::Truncate)
            .expect("it opens");
        assert_eq!(
            read_file(disk, &path.join("file"))
                .expect("it is read")
                .as_deref(),
            Some(&b""[..])
        );
        assert_eq!(
            read_file(disk, &missing).expect("missing is no error"),
            None
        );
    });
}

#[test]
fn names_are_listed_in_order_and_follow_renaming_and_removal() {
    on_both(|disk, path| {
        disk.create_dir(&path.join("b/inner"))
            .expect("it is created");
        for name in ["c", "a"] {
            disk.open(&path.join(name), OpenHow::Create)
                .expect("it is created");
        }
        disk.rename(&path.join("c"), &path.join("b/inner/d"))
            .expect("it is renamed");
        let names = |path: &Path| -> Vec<(String, bool)> {
            let entries = disk.read_dir(path).expect("it is listed");
            entries
                .into_iter()
                .map(|entry| (entry.name, entry.is_dir))
                .collect()
        };
        assert_eq!(
            names(path),
            [("a".to_owned(), false), ("b".to_owned(), true)]
        );
        assert!(
            disk.remove_dir(&path.join("b/inner")).is_err(),
            "it is not empty"
        );
        disk.remove_file(&path.join("b/inner/d"))
            .expect("it is removed");
        disk.remove_dir(&path.join("b/inner")).expect("it is empty");
        assert_eq!(names(&path.join("b")), []);
        let missing = disk
            .remove_file(&path.join("b/inner/d"))
            .expect_err("it is gone");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    });
}

#[test]
fn a_real_disk_knows_its_room_and_its_boot() {
    let directory = tempfile::tempdir().expect("a directory");
    let space = RealDisk.space(directory.path()).expect("it is known");
    assert!(space.free_bytes > 0 && space.free_bytes <= space.total_bytes);
    assert_eq!(RealDisk.boot_id(), RealDisk.boot_id());
    assert!(RealDisk.boot_id().is_some_and(|id| id.len() == 36));
}
