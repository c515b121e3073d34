//! The log on a disk: one behaviour per file.

mod log {
    mod model;
    mod support;

    mod append_and_read;
    mod crashes;
    mod damage;
    mod deletion;
    mod failing_disk;
    mod indexes;
    mod open_files;
    mod producers;
    mod quarantine;
    mod restart;
    mod retention;
    mod rolling;
    mod times;
    mod together;
    mod transactions;
    mod truncation;
}
