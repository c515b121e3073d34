//! Random values for tests: whatever the version can express, and nothing else.

use proc_macro2::TokenStream;
use quote::quote;

use crate::attributes::Structure;

/// An implementation of `Arbitrary`.
pub fn implement(structure: &Structure) -> TokenStream {
    let name = &structure.name;
    let fields = structure.fields.iter().map(|field| {
        let (name, kind, default) = (&field.name, &field.kind, field.default_value());
        let nullable = field.nullable.and_then(|versions| versions.test()).map(|nullable| {
            quote!(if !(#nullable) { ::ottla_protocol::arbitrary::Arbitrary::arbitrary_value(random, version) } else)
        });
        let value = quote!(#nullable { <#kind as ::ottla_protocol::arbitrary::Arbitrary>::arbitrary(random, version) });
        let present = field.present().map(|present| quote!((#present) &&));
        let usual = field.tag.is_none().then(|| quote!(true)).unwrap_or(quote!(version.flexible && random.one_in(2)));
        quote!(#name: if #present #usual { #value } else { #default })
    });
    let unknown = structure.keeps_unknown.then(|| {
        quote!(unknown_tagged_fields: ::ottla_protocol::arbitrary::Arbitrary::arbitrary(random, version))
    });
    quote! {
        #[automatically_derived]
        impl ::ottla_protocol::arbitrary::Arbitrary for #name {
            fn arbitrary(
                random: &mut ::ottla_protocol::arbitrary::Random,
                version: ::ottla_protocol::wire::Version,
            ) -> Self {
                Self { #(#fields,)* #unknown }
            }
        }
    }
}
