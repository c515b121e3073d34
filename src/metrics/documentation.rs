//! `docs/metrics.md`, generated from the list of metrics, so that it cannot disagree with it.

use super::definitions::{DEFINITIONS, Definition, Kind};
use std::fmt::Write;

const HEAD: &str = "# Metrics

What a broker measures about itself, at `/metrics` of the admin listener (`admin.listeners`, by default
`http://localhost:9644`), in Prometheus' text format. Generated from the list in `src/metrics/definitions.rs` by `make fix`.

| name | kind | labels | what it says |
|---|---|---|---|
";

/// The whole page.
pub fn markdown() -> String {
    DEFINITIONS
        .iter()
        .fold(HEAD.to_owned(), |mut page, definition| {
            row(&mut page, definition).expect("writing to a string cannot fail");
            page
        })
}

fn row(page: &mut String, definition: &Definition) -> std::fmt::Result {
    let kind = match definition.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let labels: Vec<String> = definition
        .labels
        .iter()
        .map(|label| format!("`{label}`"))
        .collect();
    let (name, help) = (definition.name, definition.help);
    writeln!(
        page,
        "| `{name}` | {kind} | {} | {help} |",
        labels.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_list_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        if std::env::var_os("OTTLA_WRITE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        assert!(
            written == markdown(),
            "docs/metrics.md is stale: `make fix` rewrites it"
        );
    }
}
