//! PEM as people have it: sections between other text, lines of any length (`DefaultSslEngineFactory.PemParser`).

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

/// One section, decoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// As in `CERTIFICATE`.
    pub label: String,
    pub der: Vec<u8>,
}

/// Every section of a text, in order.
///
/// # Errors
/// A section that does not end, or holds what is no base64.
pub fn sections(text: &str) -> Result<Vec<Section>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let unended = || "a PEM section does not end".to_owned();
        let (label, after) = after.split_once("-----").ok_or_else(unended)?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(&end).ok_or_else(unended)?;
        let der = decode(body).ok_or_else(|| format!("the PEM section {label} is no base64"))?;
        found.push(Section {
            label: label.trim().to_owned(),
            der,
        });
        rest = after;
    }
    Ok(found)
}

/// The library decodes strictly and by label; so the section is written anew under a label that it knows.
fn decode(body: &str) -> Option<Vec<u8>> {
    let letters: String = body
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let lines: Vec<&str> = letters
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap_or("-"))
        .collect();
    let text = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    );
    let decoded = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).ok()?;
    Some(decoded.secret_pkcs8_der().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(label: &str, der: &[u8]) -> Section {
        Section {
            label: label.to_owned(),
            der: der.to_vec(),
        }
    }

    #[test]
    fn sections_are_found_between_other_text_and_on_one_line() {
        let text = "Bag Attributes\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\nx\n-----BEGIN PRIVATE KEY----- BAU= -----END PRIVATE KEY-----";
        let found = sections(text).unwrap();
        assert_eq!(
            found,
            [
                section("CERTIFICATE", &[1, 2, 3]),
                section("PRIVATE KEY", &[4, 5])
            ]
        );
        assert_eq!(sections("nothing").unwrap(), []);
    }

    #[test]
    fn what_is_broken_is_named() {
        for (text, part) in [
            ("-----BEGIN CERTIFICATE-----\nAQID", "does not end"),
            (
                "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
                "is no base64",
            ),
        ] {
            assert!(sections(text).unwrap_err().contains(part), "{text}");
        }
    }
}
