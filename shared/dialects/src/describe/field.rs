//! What a body is made of, in a form that can be written down in one line.

use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr, Schema};

/// A member of a body, or a parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) what: &'static str,
    /// Whether it is always there.
    pub(super) required: bool,
    /// Whether it may be null.
    nullable: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// RFC 3339, UTC, to the millisecond.
    Time,
    Whole,
    Flag,
    Texts,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any JSON object.
    Document,
    /// One of the shapes, by its name.
    Shape(&'static str),
    /// A list of them.
    Shapes(&'static str),
}

/// Several fields under a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// Runs of fields, one after another.
    pub(super) fields: &'static [&'static [Field]],
}

/// A field that is always there.
pub(super) const fn field(name: &'static str, kind: Kind, what: &'static str) -> Field {
    Field { name, kind, what, required: true, nullable: false }
}

impl Field {
    /// The same field where it may be left out.
    pub(super) const fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// The same field where it may be null.
    pub(super) const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// Its schema.
    pub(super) fn schema(&self) -> RefOr<Schema> {
        let of = |kind: Type| {
            let kind = match self.nullable {
                true => SchemaType::from_iter([kind, Type::Null]),
                false => SchemaType::new(kind),
            };
            ObjectBuilder::new().schema_type(kind).description(Some(self.what))
        };
        match self.kind {
            Kind::Text => of(Type::String).into(),
            Kind::Time => {
                let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
                of(Type::String).format(Some(format)).into()
            }
            Kind::Whole => of(Type::Integer).into(),
            Kind::Flag => of(Type::Boolean).into(),
            Kind::Word(words) => of(Type::String).enum_values(Some(words.iter().copied())).into(),
            Kind::Document => of(Type::Object)
                .additional_properties(Some(AdditionalProperties::FreeForm(true)))
                .into(),
            Kind::Texts => {
                let text = ObjectBuilder::new().schema_type(Type::String);
                ArrayBuilder::new().items(text).description(Some(self.what)).into()
            }
            Kind::Shape(name) => Ref::from_schema_name(name).into(),
            Kind::Shapes(name) => {
                let item = Ref::from_schema_name(name);
                ArrayBuilder::new().items(item).description(Some(self.what)).into()
            }
        }
    }
}

/// An object of these fields.
pub(super) fn object<'a>(fields: impl IntoIterator<Item = &'a Field>) -> ObjectBuilder {
    fields.into_iter().fold(ObjectBuilder::new().schema_type(Type::Object), |object, field| {
        let object = object.property(field.name, field.schema());
        if field.required { object.required(field.name) } else { object }
    })
}

impl Shape {
    /// Its schema.
    pub(super) fn schema(&self) -> Schema {
        object(self.fields.iter().copied().flatten()).description(Some(self.what)).build().into()
    }
}
