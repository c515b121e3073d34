//! Checks the shape of the code, so that review can be about its meaning. The rules are those marked ▸ in the style guide:
//! module documentation, file and function length, forbidden words, the arrows between modules and crates, and what only
//! the named shells may touch (files, sockets, clocks, randomness, threads, randomly hashed maps).
//!
//! It reads text, not syntax: a rule can be dodged on purpose, and must not be.

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 600;
/// A ratchet: a function may be long by decision, but none may creep past 70 lines. Tests may: they hold tables.
const FUNCTION_LINES_CREEP: RangeInclusive<usize> = 71..=80;

/// The source folders that the rules hold for.
const FOLDERS: &[&str] = &[
    "src",
    "protocol/src",
    "protocol/derive/src",
    "storage/src",
    "controller/src",
];

/// Words that must not be committed outside tests.
const FORBIDDEN_WORDS: &[&str] = &[".unwrap()", "dbg!(", "todo!(", "unimplemented!(", "FIXME"];

/// What each module of `src/` may import from `crate::`. Adding an arrow is a design decision: say so in the commit.
/// `broker`, `cli` and `main` wire everything and may import anything; nothing imports them but each other.
const LAYERS: &[(&str, &[&str])] = &[
    ("admin", &["api", "metrics", "net"]),
    (
        "api",
        &[
            "auth",
            "config",
            "coordinator",
            "fetch",
            "logging",
            "metadata",
            "metrics",
            "partition",
            "peers",
            "quota",
            "replication",
            "share",
        ],
    ),
    ("auth", &["config", "metadata", "peers"]),
    (
        "background",
        &["config", "metadata", "metrics", "partition"],
    ),
    ("config", &[]),
    ("coordinator", &["config", "metadata", "metrics"]),
    ("fetch", &["config", "metadata", "metrics", "partition"]),
    ("logging", &[]),
    ("metadata", &["config", "metrics", "peers"]),
    ("metrics", &[]),
    (
        "net",
        &["api", "config", "fetch", "metrics", "partition", "peers"],
    ),
    ("partition", &["config", "metadata", "metrics"]),
    ("peers", &[]),
    ("quota", &["config", "metadata", "metrics"]),
    (
        "replication",
        &[
            "config",
            "metadata",
            "metrics",
            "partition",
            "peers",
            "quota",
        ],
    ),
    (
        "share",
        &[
            "config",
            "coordinator",
            "fetch",
            "metadata",
            "metrics",
            "partition",
        ],
    ),
    ("world", &[]),
];
/// The seams to the world (time, randomness, threads) are below everything.
const EVERYWHERE: &[&str] = &["world"];
const WIRING: &[&str] = &["broker", "cli", "main", "lib"];

/// Which of our crates each crate may name.
const CRATES: &[(&str, &[&str])] = &[
    // The code it writes names the crate it is written for.
    ("protocol/derive/src", &["ottla_protocol"]),
    ("protocol/src", &["ottla_protocol", "ottla_protocol_derive"]),
    ("storage/src", &[]),
    ("controller/src", &["ottla_protocol", "ottla_storage"]),
    (
        "src",
        &[
            "ottla",
            "ottla_protocol",
            "ottla_storage",
            "ottla_controller",
        ],
    ),
];

/// What would break a simulated run, and the shells (path prefixes) that may do it.
const SHELLS: &[(&str, &[&str])] = &[
    (
        "std::fs",
        &[
            "storage/src/disk",
            "src/auth/files.rs",
            "src/broker/clock_jump.rs",
            "src/broker/provisioning.rs",
            "src/cli/",
            "src/config/load.rs",
            "src/metrics/process.rs",
        ],
    ),
    ("tokio::fs", &[]),
    ("std::net::Tcp", &[]),
    ("std::net::Udp", &[]),
    ("ToSocketAddrs", &[]),
    ("tokio::net", &["src/net/"]),
    ("Instant::now", &["src/world/", "src/net/"]),
    ("SystemTime::now", &["src/world/"]),
    ("rand::", &["src/world/"]),
    ("getrandom", &["src/world/"]),
    ("RandomState", &[]),
    ("HashMap", &[]),
    ("HashSet", &[]),
    ("spawn_blocking", &["src/world/"]),
    (
        "thread::spawn",
        &["src/world/", "src/broker.rs", "src/broker/"],
    ),
    (
        "thread::Builder",
        &["src/world/", "src/broker.rs", "src/broker/"],
    ),
];

/// A source file and the part of it that is not tests.
struct Source {
    path: String,
    text: String,
    code_lines: usize,
}

impl Source {
    /// The lines outside tests, numbered from 1, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .take(self.code_lines)
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

#[test]
fn every_file_opens_with_what_it_is() {
    report(|source, faults| {
        if !source.text.starts_with("//!") {
            faults.push(format!("{}:1: no module documentation", source.path));
        }
    });
}

#[test]
fn no_file_is_longer_than_one_idea() {
    report(|source, faults| {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            faults.push(format!(
                "{}: {lines} lines, more than {FILE_LINES_MAX}",
                source.path
            ));
        }
    });
}

#[test]
fn no_function_creeps_past_seventy_lines() {
    report(|source, faults| {
        for (line, length) in functions(&source.text) {
            if line <= source.code_lines && FUNCTION_LINES_CREEP.contains(&length) {
                faults.push(format!(
                    "{}:{line}: function of {length} lines",
                    source.path
                ));
            }
        }
    });
}

#[test]
fn no_unfinished_or_careless_words_outside_tests() {
    report(|source, faults| {
        for (number, line) in source.code() {
            for word in FORBIDDEN_WORDS.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{number}: {word}", source.path));
            }
        }
    });
}

#[test]
fn modules_import_only_along_the_arrows() {
    report(|source, faults| {
        let Some(from) = module(&source.path) else {
            return;
        };
        if WIRING.contains(&from.as_str()) {
            return;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == from) else {
            faults.push(format!(
                "{}: module {from} has no row in LAYERS",
                source.path
            ));
            return;
        };
        for to in imports(source) {
            let allowed = allowed.contains(&to.as_str()) || EVERYWHERE.contains(&to.as_str());
            if to != from && is_module(&to) && !allowed {
                faults.push(format!("{}: {from} must not import {to}", source.path));
            }
        }
    });
}

#[test]
fn crates_name_only_the_crates_below_them() {
    report(|source, faults| {
        let (_, allowed) = CRATES
            .iter()
            .find(|(folder, _)| source.path.starts_with(&format!("{folder}/")))
            .expect("every folder has a row in CRATES");
        for (number, line) in source.code() {
            for name in words(line).filter(|word| word.starts_with("ottla_")) {
                let is_crate = CRATES.iter().any(|(_, names)| names.contains(&name));
                if is_crate && !allowed.contains(&name) {
                    faults.push(format!("{}:{number}: must not use {name}", source.path));
                }
            }
        }
    });
}

#[test]
fn only_the_named_shells_touch_the_world() {
    report(|source, faults| {
        for (number, line) in source.code() {
            for (what, shells) in SHELLS {
                let allowed = shells.iter().any(|shell| source.path.starts_with(shell));
                if !allowed && mentions(line, what) {
                    faults.push(format!(
                        "{}:{number}: {what} outside its shell",
                        source.path
                    ));
                }
            }
        }
    });
}

#[test]
fn everything_that_logs_is_below_a_listed_logger() {
    const CRATE_LOGGERS: &[(&str, &str)] = &[
        ("src/", "ottla"),
        ("storage/src/", "ottla_storage"),
        ("controller/src/", "ottla_controller"),
    ];
    report(|source, faults| {
        let is_logging = source.code().any(|(_, line)| line.contains("tracing::"));
        let located = CRATE_LOGGERS
            .iter()
            .find_map(|(folder, logger)| Some((source.path.strip_prefix(folder)?, logger)));
        let (true, Some((path, logger))) = (is_logging, located) else {
            return;
        };
        let part = path.split('/').next().unwrap_or(path);
        let expected = format!("{logger}::{}", part.trim_end_matches(".rs"));
        if part != "logging" && !ottla::logging::LISTED.contains(&expected.as_str()) {
            faults.push(format!(
                "{}: {expected} is not listed in src/logging/loggers.rs",
                source.path
            ));
        }
    });
}

/// Runs one rule over every source file and fails with all that it found.
fn report(rule: impl Fn(&Source, &mut Vec<String>)) {
    let mut faults = Vec::new();
    for source in sources() {
        rule(&source, &mut faults);
    }
    assert!(faults.is_empty(), "untidy:\n{}", faults.join("\n"));
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in FOLDERS {
        rust_files(&root.join(folder), &mut paths);
    }
    assert!(!paths.is_empty(), "there is something to check");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("source is readable");
        let path = path
            .strip_prefix(root)
            .expect("below the root")
            .to_string_lossy()
            .into_owned();
        let code_lines = if is_test_file(&path) {
            0
        } else {
            lines_before_tests(&text)
        };
        Source {
            path,
            text,
            code_lines,
        }
    };
    paths.into_iter().map(read).collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("source folder is readable")
        .map(|entry| entry.expect("source folder is readable").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// `tests.rs` and everything below a `tests/` folder holds tests only.
fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Tests stand at the end of their file: everything from `#[cfg(test)]` followed by `mod … {` on is tests.
fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .position(|pair| {
            pair[0].trim() == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{')
        })
        .unwrap_or(lines.len())
}

/// `src/api/fetch.rs` and `src/api.rs` both belong to `api`; files of the other crates to none.
fn module(path: &str) -> Option<String> {
    let first = path.strip_prefix("src/")?.split('/').next()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

fn is_module(name: &str) -> bool {
    WIRING.contains(&name) || LAYERS.iter().any(|(module, _)| *module == name)
}

/// The first segments after each `crate::`, those of a braced list included.
fn imports(source: &Source) -> BTreeSet<String> {
    let code: String = source.code().flat_map(|(_, line)| [line, "\n"]).collect();
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => found.extend(first_segments(list)),
            None => found.extend(words(rest).next().map(str::to_owned)),
        }
    }
    found
}

/// Of `a::b, c::{d, e}, f}…`: `a`, `c`, `f`.
fn first_segments(list: &str) -> Vec<String> {
    let (mut depth, mut starts, mut found) = (1, true, Vec::new());
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => starts = true,
            letter if starts && depth == 1 && letter.is_alphabetic() => {
                found.extend(words(&list[at..]).next().map(str::to_owned));
                starts = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

/// Whether `line` holds `what` as whole words: `imbl::HashMap` does hold `HashMap`, `operand::x` does not hold `rand::`.
fn mentions(line: &str, what: &str) -> bool {
    let joins = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(what).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + what.len()..].chars().next();
        let open_ended = what.ends_with(':') || what.ends_with("Tcp") || what.ends_with("Udp");
        !before.is_some_and(joins) && (open_ended || !after.is_some_and(joins))
    })
}

/// Start line and length of every function: rustfmt closes one at the indent that it opened it.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let opens = body.starts_with("fn ") || body.contains(" fn ");
        if !opens || body.starts_with("//") || line.ends_with(';') {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - body.len()]);
        if let Some(end) = lines[start..].iter().position(|line| *line == close) {
            found.push((start + 1, end + 1));
        }
    }
    found
}

#[test]
fn the_checks_see_what_they_look_for() {
    assert_eq!(first_segments("a::{b, c}, d::e, f}; x, y"), ["a", "d", "f"]);
    assert!(mentions("use std::fs::File;", "std::fs"));
    assert!(!mentions("use operand::x;", "rand::"));
    assert!(mentions("imbl::HashMap::new()", "HashMap"));
    assert!(!mentions("struct HashMapper;", "HashMap"));
    assert_eq!(functions("fn a() {\n}\n"), [(1, 2)]);
    assert_eq!(lines_before_tests("a\n#[cfg(test)]\nmod tests {\n"), 1);
    assert_eq!(module("src/api/fetch.rs").as_deref(), Some("api"));
    assert_eq!(module("storage/src/lib.rs"), None);
}
