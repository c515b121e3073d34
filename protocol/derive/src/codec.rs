//! The bodies of `Field`'s functions for one struct.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use crate::attributes::{FieldAttributes, Structure};

/// The sum of what the fields take at least.
pub fn least_size(structure: &Structure) -> TokenStream {
    let sizes = structure
        .fields
        .iter()
        .filter(|field| field.tag.is_none())
        .map(|field| {
            let kind = &field.kind;
            let size = quote!(<#kind as ::ottla_protocol::wire::Field>::least_size(version));
            match field.present() {
                Some(present) => quote!(if #present { #size } else { 0 }),
                None => size,
            }
        });
    quote!(usize::from(version.flexible) #(+ (#sizes))*)
}

/// Reads the fields in order, then the tagged ones.
pub fn read(structure: &Structure) -> TokenStream {
    let plain = structure
        .fields
        .iter()
        .filter(|field| field.tag.is_none())
        .map(|field| {
            let local = local(field);
            let value = read_value(field);
            match field.present() {
                Some(present) => {
                    let default = field.default_value();
                    quote!(let #local = if #present { (#value)? } else { #default };)
                }
                None => quote!(let #local = (#value)?;),
            }
        });
    let defaults = structure
        .fields
        .iter()
        .filter(|field| field.tag.is_some())
        .map(|field| {
            let (local, value) = (local(field), field.default_value());
            quote!(let mut #local = #value;)
        });
    let tagged = read_tagged(structure);
    let names = structure.fields.iter().map(|field| {
        let (name, local) = (&field.name, local(field));
        quote!(#name: #local)
    });
    let unknown = structure
        .keeps_unknown
        .then(|| quote!(unknown_tagged_fields));
    quote! {
        #(#plain)*
        #(#defaults)*
        #tagged
        ::core::result::Result::Ok(Self { #(#names,)* #unknown })
    }
}

fn read_tagged(structure: &Structure) -> Option<TokenStream> {
    structure.keeps_unknown.then_some(())?;
    let tagged = structure.tagged();
    if tagged.is_empty() {
        return Some(quote! {
            let unknown_tagged_fields = if version.flexible {
                ::ottla_protocol::wire::TaggedFields::read_all(from)?
            } else {
                ::core::default::Default::default()
            };
        });
    }
    let arms = tagged.iter().map(|field| {
        let (local, tag) = (local(field), field.tag);
        let value = read_value(field);
        let refuse = field.present().map(|present| {
            quote! {
                if !(#present) {
                    return Err(::ottla_protocol::wire::DecodeError::TagNotInVersion { tag, version: version.number });
                }
            }
        });
        quote!(#tag => { #refuse #local = from.tagged(tag, size, |from| #value)?; })
    });
    Some(quote! {
        let mut tags = ::ottla_protocol::wire::TagReader::begin(from, version.flexible)?;
        while let Some((tag, size)) = tags.next(from)? {
            match tag {
                #(#arms)*
                _ => tags.keep(tag, size, from)?,
            }
        }
        let unknown_tagged_fields = tags.finish();
    })
}

/// An expression of type `Result<kind, DecodeError>`.
fn read_value(field: &FieldAttributes) -> TokenStream {
    let kind = &field.kind;
    let value = match field.optional() {
        Some(inner) if field.tag.is_some() => {
            quote!(<#inner as ::ottla_protocol::wire::NullableField>::read_tagged(from, version))
        }
        _ => quote!(<#kind as ::ottla_protocol::wire::Field>::read(from, version)),
    };
    let Some(nullable) = field.nullable.and_then(|versions| versions.test()) else {
        return value;
    };
    if let Some(inner) = field.optional() {
        quote! {
            if #nullable {
                #value
            } else {
                <#inner as ::ottla_protocol::wire::Field>::read(from, version)
                    .map(::core::option::Option::Some)
            }
        }
    } else {
        quote! {
            #value.and_then(|value| if value.is_null() && !(#nullable) {
                Err(::ottla_protocol::wire::DecodeError::UnexpectedNull)
            } else {
                Ok(value)
            })
        }
    }
}

/// Writes the fields in order, then the tagged ones.
pub fn write(structure: &Structure) -> TokenStream {
    let plain = structure
        .fields
        .iter()
        .filter(|field| field.tag.is_none())
        .map(|field| {
            let value = write_value(field);
            match field.present() {
                Some(present) => {
                    let refuse = refuse_set(field);
                    quote!(if #present { #value? } #refuse)
                }
                None => quote!(#value?;),
            }
        });
    let tagged = write_tagged(structure);
    quote! {
        #(#plain)*
        #tagged
        ::core::result::Result::Ok(())
    }
}

fn write_tagged(structure: &Structure) -> Option<TokenStream> {
    structure.keeps_unknown.then_some(())?;
    let tagged = structure.tagged();
    if tagged.is_empty() {
        return Some(quote!(self.unknown_tagged_fields.begin_writing(0, to, version)?.finish(to);));
    }
    let flags: Vec<_> = tagged
        .iter()
        .map(|field| quote::format_ident!("is_{}_set", unraw(field)))
        .collect();
    let tests = tagged.iter().zip(&flags).map(|(field, flag)| {
        let (name, default) = (&field.name, field.default_value());
        let present = field.present().map(|present| quote!((#present) &&));
        let refuse = field.present().map(|present| {
            let refuse = refuse_set(field);
            refuse.map(|refuse| quote!(if #present {} #refuse))
        });
        quote! {
            let #flag = version.flexible && #present ::ottla_protocol::wire::differs(&self.#name, &#default);
            #refuse
        }
    });
    let writes = tagged.iter().zip(&flags).map(|(field, flag)| {
        let tag = field.tag;
        let value = write_value(field);
        quote!(if #flag { tags.put_known(#tag, to, |to| #value)?; })
    });
    Some(quote! {
        #(#tests)*
        let known = 0 #(+ usize::from(#flags))*;
        let mut tags = self.unknown_tagged_fields.begin_writing(known, to, version)?;
        #(#writes)*
        tags.finish(to);
    })
}

fn refuse_set(field: &FieldAttributes) -> Option<TokenStream> {
    let (name, text, default) = (&field.name, unraw(field), field.default_value());
    (!field.ignorable).then(|| {
        quote! {
            else if ::ottla_protocol::wire::differs(&self.#name, &#default) {
                return Err(::ottla_protocol::wire::EncodeError::FieldNotInVersion {
                    field: #text,
                    version: version.number,
                });
            }
        }
    })
}

fn write_value(field: &FieldAttributes) -> TokenStream {
    let (name, text) = (&field.name, unraw(field));
    let value = if field.tag.is_some() && field.optional().is_some() {
        quote!(::ottla_protocol::wire::NullableField::write_tagged(self.#name.as_ref(), to, version))
    } else {
        quote!(::ottla_protocol::wire::Field::write(&self.#name, to, version))
    };
    let Some(nullable) = field.nullable.and_then(|versions| versions.test()) else {
        return value;
    };
    let refused = quote! {
        Err(::ottla_protocol::wire::EncodeError::NullNotInVersion { field: #text, version: version.number })
    };
    if field.is_records() {
        quote!(if self.#name.is_null() && !(#nullable) { #refused } else { #value })
    } else {
        quote! {
            match &self.#name {
                _ if #nullable => #value,
                Some(value) => ::ottla_protocol::wire::Field::write(value, to, version),
                None => #refused,
            }
        }
    }
}

/// The local variable that a field is read into: prefixed, so that no field's name hides a parameter.
fn local(field: &FieldAttributes) -> Ident {
    quote::format_ident!("field_{}", unraw(field))
}

fn unraw(field: &FieldAttributes) -> String {
    let text = field.name.to_string();
    text.trim_start_matches("r#").to_owned()
}

/// The default of the field that keeps unknown tagged fields, when there is one.
pub fn unknown_default(structure: &Structure) -> Option<TokenStream> {
    structure
        .keeps_unknown
        .then(|| quote!(unknown_tagged_fields: ::core::default::Default::default()))
}
