//! A document without what would make its reader run wild.
//!
//! The reader unpacks a stream each time that it meets it, follows parents without looking back, and lays out
//! every character that a font maps. So streams are unpacked once, under one budget, what has nothing to do
//! with text is emptied, maps of characters are written anew, and circles are refused.

use std::collections::BTreeSet;

use aiva_core::knowledge::Unreadable;
use pdf_extract::{Dictionary, Document, Object, ObjectId, Stream};

use super::{map, packed};
use crate::extract::{refused, too_much};

/// Folders of pages in each other.
const MAX_DEPTH: usize = 256;

/// Makes a document safe to read; what cannot be made so is refused.
pub(super) fn tame(document: &mut Document, most: u64) -> Result<(), Unreadable> {
    let uses = Uses::of(document);
    let (mut left, mut codes) = (most, map::MAX_CODES);
    for (id, object) in &mut document.objects {
        let Object::Stream(stream) = object else { continue };
        if uses.idle.contains(id) || is_idle(&stream.dict) {
            stream.set_plain_content(Vec::new());
            continue;
        }
        let bytes = packed::of_stream(stream, left).ok_or_else(too_much)?;
        left = left.checked_sub(bytes).ok_or_else(too_much)?;
        unpack(stream);
        if uses.maps.contains(id) {
            let map = map::rewritten(&stream.content, &mut codes)?;
            stream.set_plain_content(map);
        }
    }
    has_no_circles(document)
}

/// Where its filter is none that the reader knows, it takes the stream as it is.
fn unpack(stream: &mut Stream) {
    if stream.is_compressed()
        && let Ok(content) = stream.decompressed_content()
    {
        stream.set_plain_content(content);
    }
}

/// Pictures, functions of colours, what describes the file, and what was read when it was opened.
fn is_idle(dict: &Dictionary) -> bool {
    let is = |key: &[u8], names: &[&[u8]]| {
        dict.get(key).and_then(Object::as_name).is_ok_and(|name| names.contains(&name))
    };
    dict.has(b"FunctionType")
        || is(b"Subtype", &[b"Image"])
        || is(b"Type", &[b"EmbeddedFile", b"Metadata", b"ObjStm", b"XRef"])
}

/// Streams by what others use them for.
#[derive(Default)]
struct Uses {
    /// Maps from the characters of a font to Unicode.
    maps: BTreeSet<ObjectId>,
    /// Profiles of colours, and outlines.
    idle: BTreeSet<ObjectId>,
}

impl Uses {
    fn of(document: &Document) -> Self {
        let mut uses = Self::default();
        for object in document.objects.values() {
            uses.look(document, object);
        }
        uses
    }

    /// As deep as the parser lets objects stand in each other.
    fn look(&mut self, document: &Document, object: &Object) {
        match object {
            Object::Array(items) => {
                if let [Object::Name(name), profile, ..] = items.as_slice()
                    && name == b"ICCBased"
                {
                    self.idle.extend(target(document, profile));
                }
                items.iter().for_each(|item| self.look(document, item));
            }
            Object::Dictionary(dict) => self.look_in(document, dict),
            Object::Stream(stream) => self.look_in(document, &stream.dict),
            Object::Null
            | Object::Boolean(_)
            | Object::Integer(_)
            | Object::Real(_)
            | Object::Name(_)
            | Object::String(_, _)
            | Object::Reference(_) => {}
        }
    }

    fn look_in(&mut self, document: &Document, dict: &Dictionary) {
        for (key, value) in dict {
            match key.as_slice() {
                b"ToUnicode" => self.maps.extend(target(document, value)),
                b"FontFile2" => self.idle.extend(target(document, value)),
                _ => self.look(document, value),
            }
        }
    }
}

fn target(document: &Document, object: &Object) -> Option<ObjectId> {
    document.dereference(object).ok()?.0
}

/// Every page has a way up that ends.
fn has_no_circles(document: &Document) -> Result<(), Unreadable> {
    let parent = |dict: &Dictionary| {
        let id = dict.get(b"Parent").and_then(Object::as_reference);
        id.and_then(|id| document.get_dictionary(id)).ok()
    };
    for page in document.page_iter() {
        let page = document.get_dictionary(page).ok();
        if std::iter::successors(page, |dict| parent(dict)).nth(MAX_DEPTH).is_some() {
            return Err(refused("it is a damaged PDF: its pages stand in a circle"));
        }
    }
    Ok(())
}
