//! Puts the derived implementations together.

use proc_macro2::TokenStream;
use quote::quote;

use crate::attributes::{MessageAttributes, Structure};
use crate::{arbitrary, codec};

/// Every implementation of one struct.
pub fn implement(structure: &Structure) -> TokenStream {
    let field = implement_field(structure);
    let default = implement_default(structure);
    let message = structure
        .message
        .as_ref()
        .map(|message| implement_message(structure, message));
    let arbitrary = arbitrary::implement(structure);
    quote! {
        #field
        #default
        #message
        ::ottla_protocol::when_arbitrary! { #arbitrary }
    }
}

fn implement_field(structure: &Structure) -> TokenStream {
    let name = &structure.name;
    let least_size = codec::least_size(structure);
    let read = codec::read(structure);
    let write = codec::write(structure);
    quote! {
        #[automatically_derived]
        impl ::ottla_protocol::wire::Field for #name {
            fn least_size(version: ::ottla_protocol::wire::Version) -> usize {
                #least_size
            }

            fn read(
                from: &mut ::ottla_protocol::wire::Decoder,
                version: ::ottla_protocol::wire::Version,
            ) -> ::core::result::Result<Self, ::ottla_protocol::wire::DecodeError> {
                #read
            }

            fn write(
                &self,
                to: &mut ::ottla_protocol::wire::Encoder,
                version: ::ottla_protocol::wire::Version,
            ) -> ::core::result::Result<(), ::ottla_protocol::wire::EncodeError> {
                #write
            }
        }

        #[automatically_derived]
        impl ::ottla_protocol::wire::NullableField for #name {
            fn null_size(_: ::ottla_protocol::wire::Version) -> usize {
                1
            }

            fn read_nullable(
                from: &mut ::ottla_protocol::wire::Decoder,
                version: ::ottla_protocol::wire::Version,
            ) -> ::core::result::Result<::core::option::Option<Self>, ::ottla_protocol::wire::DecodeError> {
                ::ottla_protocol::wire::read_nullable_struct(from, version, false)
            }

            fn write_nullable(
                value: ::core::option::Option<&Self>,
                to: &mut ::ottla_protocol::wire::Encoder,
                version: ::ottla_protocol::wire::Version,
            ) -> ::core::result::Result<(), ::ottla_protocol::wire::EncodeError> {
                ::ottla_protocol::wire::write_nullable_struct(value, to, version, false)
            }

            fn read_tagged(
                from: &mut ::ottla_protocol::wire::Decoder,
                version: ::ottla_protocol::wire::Version,
            ) -> ::core::result::Result<::core::option::Option<Self>, ::ottla_protocol::wire::DecodeError> {
                ::ottla_protocol::wire::read_nullable_struct(from, version, true)
            }

            fn write_tagged(
                value: ::core::option::Option<&Self>,
                to: &mut ::ottla_protocol::wire::Encoder,
                version: ::ottla_protocol::wire::Version,
            ) -> ::core::result::Result<(), ::ottla_protocol::wire::EncodeError> {
                ::ottla_protocol::wire::write_nullable_struct(value, to, version, true)
            }
        }
    }
}

fn implement_default(structure: &Structure) -> TokenStream {
    let name = &structure.name;
    let fields = structure.fields.iter().map(|field| {
        let (name, value) = (&field.name, field.default_value());
        quote!(#name: #value)
    });
    let unknown = codec::unknown_default(structure);
    quote! {
        #[automatically_derived]
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#fields,)* #unknown }
            }
        }
    }
}

fn implement_message(structure: &Structure, message: &MessageAttributes) -> TokenStream {
    let name = &structure.name;
    let kafka_name = name.to_string();
    let first = message.versions.first;
    let last = message.versions.last.unwrap_or(i16::MAX);
    let flexible_from = match message.flexible_from {
        Some(first) => quote!(::core::option::Option::Some(#first)),
        None => quote!(::core::option::Option::None),
    };
    let request = message.request.as_ref().map(|(key, response)| {
        quote! {
            #[automatically_derived]
            impl ::ottla_protocol::Request for #name {
                const KEY: ::ottla_protocol::ApiKey = ::ottla_protocol::ApiKey(#key);
                type Response = #response;
            }
        }
    });
    let throttles = structure
        .fields
        .iter()
        .any(|field| field.name == "throttle_time_ms");
    let throttle = throttles.then(implement_throttle);
    quote! {
        #[automatically_derived]
        impl ::ottla_protocol::Message for #name {
            const NAME: &'static str = #kafka_name;
            const VERSIONS: ::core::ops::RangeInclusive<i16> = #first..=#last;
            const FLEXIBLE_FROM: ::core::option::Option<i16> = #flexible_from;
            #throttle
        }
        #request
    }
}

/// A message with the field that every response has in which a client can be asked to wait (KIP-219).
fn implement_throttle() -> TokenStream {
    quote! {
        fn throttle_time_ms(&self) -> i32 {
            self.throttle_time_ms
        }

        fn set_throttle_time_ms(&mut self, throttle_time_ms: i32) {
            self.throttle_time_ms = throttle_time_ms;
        }
    }
}
