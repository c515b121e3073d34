//! Reads the annotated struct into plain values. Knows no codec.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Ident, LitInt, LitStr, Path, Result, Type};

/// Versions from the first to the last one; no last one is "and all that follow", a last one below the first is "none".
#[derive(Clone, Copy)]
pub struct Versions {
    pub first: i16,
    pub last: Option<i16>,
}

impl Versions {
    /// A test of `version.number`; `None` when every version passes it.
    pub fn test(self) -> Option<TokenStream> {
        let Self { first, last } = self;
        match last {
            Some(last) if last < first => Some(quote!(false)),
            None if first == 0 => None,
            None => Some(quote!(version.number >= #first)),
            Some(last) if first == 0 => Some(quote!(version.number <= #last)),
            Some(last) if first == last => Some(quote!(version.number == #first)),
            Some(last) => Some(quote!((#first..=#last).contains(&version.number))),
        }
    }

    fn parse(text: &LitStr) -> Result<Self> {
        let value = text.value();
        let number = |digits: &str| {
            digits
                .parse::<i16>()
                .map_err(|_| syn::Error::new(text.span(), "expected \"3..=13\", \"3..\" or \"3\""))
        };
        match value.split_once("..") {
            None if value == "none" => Ok(Self {
                first: 0,
                last: Some(-1),
            }),
            None => number(&value).map(|only| Self {
                first: only,
                last: Some(only),
            }),
            Some((first, "")) => Ok(Self {
                first: number(first)?,
                last: None,
            }),
            Some((first, last)) => Ok(Self {
                first: number(first)?,
                last: Some(number(last.trim_start_matches('='))?),
            }),
        }
    }
}

/// What stands on a struct that is a message of its own.
pub struct MessageAttributes {
    pub versions: Versions,
    pub flexible_from: Option<i16>,
    pub request: Option<(LitInt, Path)>,
}

/// One field.
pub struct FieldAttributes {
    pub name: Ident,
    pub kind: Type,
    pub versions: Option<Versions>,
    pub nullable: Option<Versions>,
    pub tag: Option<u32>,
    pub default: Option<Expr>,
    pub ignorable: bool,
}

impl FieldAttributes {
    /// A test of whether the version carries the field; `None` when every one does.
    pub fn present(&self) -> Option<TokenStream> {
        self.versions.and_then(Versions::test)
    }

    /// The `T` of a field of type `Option<T>`.
    pub fn optional(&self) -> Option<&Type> {
        let Type::Path(path) = &self.kind else {
            return None;
        };
        let last = path
            .path
            .segments
            .last()
            .filter(|last| last.ident == "Option")?;
        let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return None;
        };
        match arguments.args.first() {
            Some(syn::GenericArgument::Type(kind)) => Some(kind),
            _ => None,
        }
    }

    /// Whether the field is of type `Records`, which has a null of its own.
    pub fn is_records(&self) -> bool {
        matches!(&self.kind, Type::Path(path) if path.path.is_ident("Records"))
    }

    /// The expression of the default value.
    pub fn default_value(&self) -> TokenStream {
        match (&self.default, self.optional()) {
            (Some(expression), _) => quote!(#expression),
            (None, Some(_)) => quote!(::core::option::Option::Some(
                ::core::default::Default::default()
            )),
            (None, None) => quote!(::core::default::Default::default()),
        }
    }
}

/// An annotated struct.
pub struct Structure {
    pub name: Ident,
    pub message: Option<MessageAttributes>,
    pub fields: Vec<FieldAttributes>,
    /// Whether there is a field `unknown_tagged_fields`.
    pub keeps_unknown: bool,
}

impl Structure {
    /// Reads the derive macro's input.
    pub fn parse(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(syn::Error::new(input.span(), "a message is a struct"));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(syn::Error::new(input.span(), "a message has named fields"));
        };
        let mut fields = Vec::new();
        let mut keeps_unknown = false;
        for field in &named.named {
            let name = field.ident.clone().expect("named fields have names");
            if name == "unknown_tagged_fields" {
                keeps_unknown = true;
            } else {
                fields.push(parse_field(name, field.ty.clone(), &field.attrs)?);
            }
        }
        let message = parse_message(&input.attrs)?;
        Ok(Self {
            name: input.ident.clone(),
            message,
            fields,
            keeps_unknown,
        })
    }

    /// The tagged fields, ascending by tag.
    pub fn tagged(&self) -> Vec<&FieldAttributes> {
        let mut tagged: Vec<_> = self
            .fields
            .iter()
            .filter(|field| field.tag.is_some())
            .collect();
        tagged.sort_by_key(|field| field.tag);
        tagged
    }
}

fn parse_message(attributes: &[Attribute]) -> Result<Option<MessageAttributes>> {
    let (mut versions, mut flexible_from, mut key, mut response) = (None, None, None, None);
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("kafka"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("versions") {
                versions = Some(Versions::parse(&meta.value()?.parse()?)?);
            } else if meta.path.is_ident("flexible") {
                flexible_from = Some(Versions::parse(&meta.value()?.parse()?)?.first);
            } else if meta.path.is_ident("key") {
                key = Some(meta.value()?.parse::<LitInt>()?);
            } else if meta.path.is_ident("response") {
                response = Some(meta.value()?.parse::<Path>()?);
            } else {
                return Err(meta.error("unknown attribute of a message"));
            }
            Ok(())
        })?;
    }
    Ok(versions.map(|versions| MessageAttributes {
        versions,
        flexible_from,
        request: key.zip(response),
    }))
}

fn parse_field(name: Ident, kind: Type, attributes: &[Attribute]) -> Result<FieldAttributes> {
    let mut field = FieldAttributes {
        name,
        kind,
        versions: None,
        nullable: None,
        tag: None,
        default: None,
        ignorable: false,
    };
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("kafka"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("versions") {
                field.versions = Some(Versions::parse(&meta.value()?.parse()?)?);
            } else if meta.path.is_ident("nullable") {
                field.nullable = Some(Versions::parse(&meta.value()?.parse()?)?);
            } else if meta.path.is_ident("tag") {
                field.tag = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?);
            } else if meta.path.is_ident("default") {
                field.default = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("ignorable") {
                field.ignorable = true;
            } else {
                return Err(meta.error("unknown attribute of a field"));
            }
            Ok(())
        })?;
    }
    Ok(field)
}
