//! The log on a disk: one behaviour per file.

mod log {
    mod support;

    mod append_and_read;
    mod crashes;
    mod model;
}
