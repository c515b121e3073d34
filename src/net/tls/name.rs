//! The name of a certificate's subject as Java prints it (`X500Principal.getName`, RFC 2253): what ACLs call an mTLS client.
//!
//! The last part comes first; nine kinds of parts have a keyword, all others are numbers with their value in hex. The unit test's table was
//! printed by Java 17.

use x509_parser::der_parser::asn1_rs::{Any, Tag, ToDer};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// By object identifier (`AVAKeyword`, those of RFC 2253).
const KEYWORDS: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];
/// Letters that are escaped wherever they stand.
const ESCAPED: &str = ",=+<>#;\"\\";

/// The name, as in `CN=client,O=Example`.
pub fn rfc2253(name: &X509Name<'_>) -> String {
    let parts = name.iter().map(|part| {
        let values: Vec<String> = part.iter().map(attribute).collect();
        values.join("+")
    });
    let mut parts: Vec<String> = parts.collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let id = attribute.attr_type().to_id_string();
    let value = attribute.attr_value();
    let keyword = KEYWORDS.iter().find(|(known, _)| *known == id);
    match (keyword, is_text(value)) {
        (Some((_, keyword)), true) => {
            format!("{keyword}={}", escape(&String::from_utf8_lossy(value.data)))
        }
        (Some((_, keyword)), false) => format!("{keyword}=#{}", hex(value)),
        (None, _) => format!("{id}=#{}", hex(value)),
    }
}

/// Of whichever kind it is, Java takes its bytes for UTF-8.
fn is_text(value: &Any<'_>) -> bool {
    let texts = [
        Tag::PrintableString,
        Tag::Utf8String,
        Tag::T61String,
        Tag::Ia5String,
        Tag::GeneralString,
        Tag::BmpString,
        Tag::UniversalString,
    ];
    texts.contains(&value.tag())
}

fn escape(text: &str) -> String {
    let mut escaped = Vec::new();
    for letter in text.chars() {
        if ESCAPED.contains(letter) {
            escaped.push('\\');
        }
        match letter {
            '\0' => escaped.extend("\\00".chars()),
            _ => escaped.push(letter),
        }
    }
    let is_space = |letter: &char| matches!(letter, ' ' | '\r');
    let lead = escaped.iter().take_while(|letter| is_space(letter)).count();
    let trail = escaped
        .iter()
        .rev()
        .take_while(|letter| is_space(letter))
        .count();
    let inner = lead..escaped.len().saturating_sub(trail);
    let mut shown = String::with_capacity(escaped.len());
    for (at, letter) in escaped.iter().enumerate() {
        if !inner.contains(&at) {
            shown.push('\\');
        }
        shown.push(*letter);
    }
    shown
}

/// Tag, length and contents.
fn hex(value: &Any<'_>) -> String {
    let der = value.to_der_vec().unwrap_or_default();
    der.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::FromDer;

    /// Names, and what Java 17 prints of them.
    const PRINTED: &[(&str, &str)] = &[
        (
            "3067310b3009060355040613024445310f300d06035504080c064265726c696e310e300c06035504070c054d6974746531163014060355040a0c0d4578616d706c652c20496e632e310e300c060355040b0c05612b623d63310f300d06035504030c06636c69656e74",
            "CN=client,OU=a\\+b\\=c,O=Example\\, Inc.,L=Mitte,ST=Berlin,C=DE",
        ),
        (
            "305731133011060a0992268993f22c64011916036f726731173015060a0992268993f22c64011916076578616d706c6531123010060a0992268993f22c6401010c027531311330110603550409130a4d61696e2053742e2031",
            "STREET=Main St. 1,UID=u1,DC=example,DC=org",
        ),
        (
            "30223114301206092a864886f70d01090116056140622e63310a30080603550403130178",
            "CN=x,1.2.840.113549.1.9.1=#16056140622e63",
        ),
        (
            "3029310b3009060355040513023432310e300c060355040c0c057469746c65310a30080603550403130178",
            "CN=x,2.5.4.12=#0c057469746c65,2.5.4.5=#13023432",
        ),
        (
            "301d311b301906035504030c1220206c65616420616e6420747261696c2020",
            "CN=\\ \\ lead and trail\\ \\ ",
        ),
        (
            "301c311a301806035504030c1123686173683b3c613e2271225c6261636b",
            "CN=\\#hash\\;\\<a\\>\\\"q\\\"\\\\back",
        ),
        (
            "30163114301206035504030c0b5a6fc3ab20e697a5e69cac",
            "CN=Zoë 日本",
        ),
        (
            "30163114300806035504030c01613008060355040b0c0162",
            "CN=a+OU=b",
        ),
        ("3010310e300c06035504030c056e756c0078", "CN=nul\\00x"),
        ("300f310d300b06035504031e0400610062", "CN=\\00a\\00b"),
        ("300e310c300a06035504031403743631", "CN=t61"),
        ("300d310b3009060355040304020102", "CN=#04020102"),
        ("300b3109300706035504030c00", "CN="),
        ("300c310a300806035504030c0120", "CN=\\ "),
        ("300f310d300b06035504030c040d63720a", "CN=\\\rcr\n"),
        ("3000", ""),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        digits
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn a_subject_is_printed_as_java_prints_it() {
        for (der, printed) in PRINTED {
            let der = bytes(der);
            let (_, name) = X509Name::from_der(&der).unwrap();
            assert_eq!(rfc2253(&name), *printed);
        }
    }
}
