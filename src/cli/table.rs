//! Tables for people: columns as wide as what is in them.

/// Lines with a heading; the last column is not padded.
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .max()
            .unwrap_or(0)
            .max(heading[column].chars().count())
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths);
        let padded: Vec<String> = padded
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let rows = rows
        .iter()
        .map(|row| line(row.iter().map(String::as_str).collect()));
    let lines: Vec<String> = std::iter::once(line(heading.to_vec()))
        .chain(rows)
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [
            vec!["1".to_owned(), "alive".to_owned()],
            vec!["1000".to_owned(), "x".to_owned()],
        ];
        assert_eq!(
            table(&["ID", "STATE"], &rows),
            "ID    STATE\n1     alive\n1000  x"
        );
    }
}
