//! What the pages of a document come to when all that they draw is drawn.
//!
//! A page draws forms by name, and a form others: a few hundred bytes can draw each other without end, or ten
//! billion times.

use std::collections::{BTreeMap, HashMap};

use aiva_core::knowledge::Unreadable;
use pdf_extract::content::Content;
use pdf_extract::{Dictionary, Document, Object, ObjectId};

use crate::extract::refused;

/// Forms in each other, at most.
const MAX_DEPTH: usize = 32;
/// What drawing a form takes beside its bytes, in bytes.
const DRAW_BYTES: u64 = 256;

/// Refuses a document whose pages come to more than `most` bytes of content, each form counted as often as
/// it is drawn.
pub(super) fn count(document: &Document, most: u64) -> Result<(), Unreadable> {
    let mut draws = Draws { document, known: HashMap::new() };
    let mut total = 0_u64;
    for page in document.page_iter() {
        let Ok(content) = document.get_page_content(page) else { continue };
        let resources = inherited(document, page);
        total = total.saturating_add(draws.cost(&content, resources, MAX_DEPTH)?.bytes);
        if total > most {
            return Err(refused("its pages draw more than can be read; split it"));
        }
    }
    Ok(())
}

/// The resources of a page or of the nearest folder above it that has some, as the reader finds them.
fn inherited(document: &Document, page: ObjectId) -> Option<&Dictionary> {
    let parent = |dict: &&Dictionary| {
        let id = dict.get(b"Parent").and_then(Object::as_reference);
        id.and_then(|id| document.get_dictionary(id)).ok()
    };
    let mut folders = std::iter::successors(document.get_dictionary(page).ok(), parent);
    folders.find_map(|dict| dictionary(document, dict, b"Resources"))
}

fn dictionary<'a>(
    document: &'a Document,
    dict: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Dictionary> {
    document.get_dict_in_dict(dict, key).ok()
}

/// What drawing something takes.
#[derive(Clone, Copy)]
struct Cost {
    bytes: u64,
    /// Forms in each other below it.
    depth: usize,
}

struct Draws<'a> {
    document: &'a Document,
    /// Forms by id and by the resources that they draw from: one without its own takes those of whoever
    /// draws it.
    known: HashMap<(ObjectId, *const Dictionary), Cost>,
}

impl<'a> Draws<'a> {
    fn cost(
        &mut self,
        content: &[u8],
        resources: Option<&'a Dictionary>,
        room: usize,
    ) -> Result<Cost, Unreadable> {
        let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let mut cost = Cost { bytes: bytes.saturating_add(DRAW_BYTES), depth: 0 };
        for (form, times) in self.drawn(content, resources) {
            let of_form = self.form(form, resources, room)?;
            cost.bytes = cost.bytes.saturating_add(of_form.bytes.saturating_mul(times));
            cost.depth = cost.depth.max(of_form.depth + 1);
        }
        Ok(cost)
    }

    /// The forms that a content draws, and how often. Pictures are empty by now and cost nothing.
    fn drawn(&self, content: &[u8], resources: Option<&'a Dictionary>) -> BTreeMap<ObjectId, u64> {
        let mut drawn = BTreeMap::new();
        let forms = resources.and_then(|dict| dictionary(self.document, dict, b"XObject"));
        let Some(forms) = forms else { return drawn };
        let is_form = |id: &ObjectId| {
            let stream = self.document.get_object(*id).and_then(Object::as_stream);
            stream.is_ok_and(|stream| !stream.content.is_empty())
        };
        let id = |object| self.document.dereference(object).ok().and_then(|(id, _)| id);
        let named = |name: &[u8]| forms.get(name).ok().and_then(id).filter(is_form);
        if !forms.iter().any(|(name, _)| named(name).is_some()) {
            return drawn;
        }
        // What cannot be parsed, the reader does not draw either.
        let Ok(content) = Content::decode(content) else { return drawn };
        for draw in content.operations.iter().filter(|operation| operation.operator == "Do") {
            let name = draw.operands.first().and_then(|name| name.as_name().ok());
            if let Some(id) = name.and_then(named) {
                *drawn.entry(id).or_default() += 1;
            }
        }
        drawn
    }

    fn form(
        &mut self,
        id: ObjectId,
        around: Option<&'a Dictionary>,
        room: usize,
    ) -> Result<Cost, Unreadable> {
        let endless =
            || refused("it is a damaged PDF: its drawings stand in each other without end");
        let room = room.checked_sub(1).ok_or_else(endless)?;
        let document = self.document;
        let Ok(form) = document.get_object(id).and_then(Object::as_stream) else {
            return Ok(Cost { bytes: 0, depth: 0 });
        };
        let resources = dictionary(document, &form.dict, b"Resources").or(around);
        let key = (id, resources.map_or(std::ptr::null(), std::ptr::from_ref));
        if let Some(known) = self.known.get(&key) {
            return if known.depth <= room { Ok(*known) } else { Err(endless()) };
        }
        let cost = self.cost(&form.content, resources, room)?;
        self.known.insert(key, cost);
        Ok(cost)
    }
}
