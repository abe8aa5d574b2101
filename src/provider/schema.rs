//! JSON Schema in tool definitions: descriptions are text, the machinery is not.
//!
//! Source of the keywords: JSON Schema 2020-12 core and validation vocabularies, and the older `definitions`, `dependencies`;
//! the `Schema` type of google-genai 3.4.0, which also writes them in snake case.

use super::Shape::{self, Object, Opaque, Text};

/// A schema.
pub(super) static SCHEMA: Shape = Object {
    fields: &[
        ("$anchor", &Opaque),
        ("$defs", &SCHEMAS_BY_NAME),
        ("$dynamicAnchor", &Opaque),
        ("$dynamicRef", &Opaque),
        ("$id", &Opaque),
        ("$ref", &Opaque),
        ("$schema", &Opaque),
        ("$vocabulary", &Opaque),
        ("additionalProperties", &SCHEMA),
        ("additional_properties", &SCHEMA),
        ("allOf", &SCHEMA),
        ("anyOf", &SCHEMA),
        ("any_of", &SCHEMA),
        ("const", &Opaque),
        ("contains", &SCHEMA),
        ("contentEncoding", &Opaque),
        ("contentMediaType", &Opaque),
        ("contentSchema", &SCHEMA),
        ("definitions", &SCHEMAS_BY_NAME),
        ("defs", &SCHEMAS_BY_NAME),
        ("dependencies", &SCHEMAS_BY_NAME),
        ("dependentRequired", &Opaque),
        ("dependentSchemas", &SCHEMAS_BY_NAME),
        ("else", &SCHEMA),
        ("enum", &Opaque),
        ("format", &Opaque),
        ("if", &SCHEMA),
        ("items", &SCHEMA),
        ("not", &SCHEMA),
        ("oneOf", &SCHEMA),
        ("pattern", &Opaque),
        ("patternProperties", &SCHEMAS_BY_NAME),
        ("prefixItems", &SCHEMA),
        ("properties", &SCHEMAS_BY_NAME),
        ("propertyNames", &SCHEMA),
        ("propertyOrdering", &Opaque),
        ("property_ordering", &Opaque),
        ("ref", &Opaque),
        ("required", &Opaque),
        ("then", &SCHEMA),
        ("type", &Opaque),
        ("unevaluatedItems", &SCHEMA),
        ("unevaluatedProperties", &SCHEMA),
    ],
    rest: &Text,
};

/// Schemas under names that the user's own program resolves.
static SCHEMAS_BY_NAME: Shape = Object { fields: &[], rest: &SCHEMA };
