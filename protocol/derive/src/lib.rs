//! Writes the codec of a Kafka message from its annotated struct.
//!
//! On the struct, `#[kafka(…)]` takes:
//! * `versions = "3..=13"`: the struct is a message of its own; without it, it is a part of one
//! * `flexible = "9.."`: the versions with compact lengths and tagged fields (KIP-482); without it, none
//! * `key = 0, response = ProduceResponse`: the message is a request
//!
//! On a field:
//! * `versions = "5.."`: the versions that carry it; without it, all
//! * `nullable = "1.."`: the versions in which an `Option` (or `Records`) may be null, or `"none"`; without it, all
//! * `tag = 0`: it is a tagged field in every version that carries it
//! * `default = -1`: its default; without it, zero, empty, or the element's default inside `Some`
//! * `ignorable`: a set value is dropped, not refused, by a version that lacks the field
//!
//! Fields are written in the order of the struct. A field `unknown_tagged_fields` keeps what is tagged and not known; every struct
//! of a flexible message has one.

mod arbitrary;
mod attributes;
mod codec;
mod message;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `Field`, `NullableField`, `Default`, and where versions are given `Message` and `Request`.
#[proc_macro_derive(Message, attributes(kafka))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    attributes::Structure::parse(&input)
        .map(|structure| message::implement(&structure))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
