//! What a body is made of, in a form that can be written down in one line.

use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr, Schema};

/// A member of a body, or a parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) what: &'static str,
    /// Whether it is always there.
    pub(crate) required: bool,
    /// Whether it may be null.
    nullable: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// A text of 1 to so many characters.
    Limited(usize),
    /// A text of at most so many characters; an empty one is as if it was left out.
    AtMost(usize),
    /// RFC 3339, UTC: to the millisecond, or to the second where a dialect writes it so.
    Time,
    Whole,
    /// A whole number from the one to the other.
    Between(u32, u32),
    /// A whole number, or its digits as a text.
    WholeOrDigits,
    /// A number from 0 to 1.
    Share,
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
    /// The bytes of a file, in a form.
    File,
}

/// Several fields under a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Runs of fields, one after another.
    pub(crate) fields: &'static [&'static [Field]],
}

/// Several fields under a name.
pub(crate) const fn shape(
    name: &'static str,
    what: &'static str,
    fields: &'static [&'static [Field]],
) -> Shape {
    Shape { name, what, fields }
}

/// A field that is always there.
pub(crate) const fn field(name: &'static str, kind: Kind, what: &'static str) -> Field {
    Field { name, kind, what, required: true, nullable: false }
}

impl Field {
    /// The same field where it may be left out.
    pub(crate) const fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// The same field where it may be null.
    pub(crate) const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// Its schema.
    pub(crate) fn schema(&self) -> RefOr<Schema> {
        self.schema_saying(Some(self.what))
    }

    /// Its schema, where what it is stands elsewhere.
    pub(crate) fn bare_schema(&self) -> RefOr<Schema> {
        self.schema_saying(None)
    }

    fn schema_saying(&self, what: Option<&str>) -> RefOr<Schema> {
        let of = |kind: Type| {
            let kind = match self.nullable {
                true => SchemaType::from_iter([kind, Type::Null]),
                false => SchemaType::new(kind),
            };
            ObjectBuilder::new().schema_type(kind).description(what)
        };
        match self.kind {
            Kind::Text => of(Type::String).into(),
            Kind::Limited(most) => {
                of(Type::String).min_length(Some(1)).max_length(Some(most)).into()
            }
            Kind::AtMost(most) => of(Type::String).max_length(Some(most)).into(),
            Kind::Time => {
                let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
                of(Type::String).format(Some(format)).into()
            }
            Kind::Whole => of(Type::Integer).into(),
            Kind::Between(least, most) => {
                of(Type::Integer).minimum(Some(least)).maximum(Some(most)).into()
            }
            Kind::WholeOrDigits => of(Type::Integer)
                .schema_type(SchemaType::from_iter([Type::Integer, Type::String]))
                .into(),
            Kind::Share => of(Type::Number).minimum(Some(0)).maximum(Some(1)).into(),
            Kind::File => of(Type::String).content_media_type("application/octet-stream").into(),
            Kind::Flag => of(Type::Boolean).into(),
            Kind::Word(words) => of(Type::String).enum_values(Some(words.iter().copied())).into(),
            Kind::Document => of(Type::Object)
                .additional_properties(Some(AdditionalProperties::FreeForm(true)))
                .into(),
            Kind::Texts => {
                let text = ObjectBuilder::new().schema_type(Type::String);
                ArrayBuilder::new().items(text).description(what).into()
            }
            Kind::Shape(name) if self.nullable => {
                let nothing = ObjectBuilder::new().schema_type(Type::Null);
                let either = OneOfBuilder::new().item(Ref::from_schema_name(name)).item(nothing);
                either.description(what).into()
            }
            Kind::Shape(name) => Ref::from_schema_name(name).into(),
            Kind::Shapes(name) => {
                let item = Ref::from_schema_name(name);
                ArrayBuilder::new().items(item).description(what).into()
            }
        }
    }
}

/// An object of these fields.
pub(crate) fn object<'a>(fields: impl IntoIterator<Item = &'a Field>) -> ObjectBuilder {
    fields.into_iter().fold(ObjectBuilder::new().schema_type(Type::Object), |object, field| {
        let object = object.property(field.name, field.schema());
        if field.required { object.required(field.name) } else { object }
    })
}

impl Shape {
    /// Its schema; of a shape without fields, any object.
    pub(crate) fn schema(&self) -> Schema {
        let shape = object(self.fields.iter().copied().flatten()).description(Some(self.what));
        let any = self.fields.is_empty().then_some(AdditionalProperties::FreeForm(true));
        shape.additional_properties(any).build().into()
    }
}
