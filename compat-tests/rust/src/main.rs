//! The stories that every client tells (`compat-tests/stories.toml`), with the rdkafka crate, against the broker at `BOOTSTRAP`.
//!
//! Run by `run/program.py`, which kills and restarts the broker when asked. Arguments are parts of stories' names; without any,
//! all are told and the cells of the matrix reported. As `member …` the program is a member of a group that is going to be killed.

mod administration;
mod book;
mod cluster;
mod group;
mod groups;
mod reading;
mod records;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, address, group, topic, assignor] = &arguments[..]
        && word == "member"
    {
        group::be_a_member(address, group, topic, assignor);
    }
    let mut book = book::Book::default();
    records::tell(&mut book);
    reading::tell(&mut book);
    groups::tell(&mut book);
    administration::tell(&mut book);
    if book.told(&arguments) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
