//! The JSON Schema of a tool's arguments: judged when it is saved, and asked before every call.

use std::collections::HashMap;

use boon::{Compiler, SchemaIndex, Schemas, SchemeUrlLoader};
use serde_json::Value;

/// The longest schema, in bytes of its compact text.
pub const MAX_BYTES: usize = 16 * 1024;
/// Places that a validation may visit at most, references followed: a few hundred bytes of references
/// to references would otherwise be work without end.
const MAX_PLACES: u64 = 20_000;
/// The longest account of broken rules, in characters.
const MAX_PROBLEM_CHARS: usize = 600;
/// Where the schema stands while it is compiled; nothing is ever fetched.
const HERE: &str = "tool:parameters";

/// Why something is refused, in words.
pub type Problem = String;

/// Judges a schema: an object that describes an object, within its bounds, whole in itself.
///
/// # Errors
/// What is wrong with it, for its author.
pub fn judge(schema: &Value) -> Result<(), Problem> {
    let Some(root) = schema.as_object() else { return Err("must be a JSON object".to_owned()) };
    if schema.to_string().len() > MAX_BYTES {
        return Err("must be at most 16 KiB".to_owned());
    }
    if root.get("type").is_some_and(|kind| kind != "object") {
        return Err("must describe an object: its type is \"object\"".to_owned());
    }
    let mut walk = Walk { root: schema, sizes: HashMap::new() };
    if walk.size(schema, 0)? > MAX_PLACES {
        return Err("refers to its own parts too often".to_owned());
    }
    compile(schema).map(|_| ())
}

/// Judges arguments, as the model wrote them, against a schema.
///
/// # Errors
/// What is wrong with them, for the model.
pub fn arguments(schema: &Value, text: &str) -> Result<Value, Problem> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let value: Value =
        serde_json::from_str(text).map_err(|_| "the arguments are not JSON".to_owned())?;
    if !value.is_object() {
        return Err("the arguments must be a JSON object".to_owned());
    }
    let (schemas, index) = compile(schema)?;
    match schemas.validate(&value, index) {
        Ok(()) => {}
        Err(error) => {
            // The library begins with the schema's address, which says nothing to a model.
            let rules = error.to_string();
            let rules = rules.split_once('\n').map_or(rules.as_str(), |(_, rules)| rules);
            return Err(shortened(&format!("the arguments break the schema: {rules}")));
        }
    }
    Ok(value)
}

fn compile(schema: &Value) -> Result<(Schemas, SchemaIndex), Problem> {
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    // The library's own loader would read files.
    compiler.use_loader(Box::new(SchemeUrlLoader::new()));
    let refused = |error: boon::CompileError| {
        shortened(&format!("is not a valid JSON Schema: {error}").replace(HERE, ""))
    };
    compiler.add_resource(HERE, schema.clone()).map_err(refused)?;
    let index = compiler.compile(HERE, &mut schemas).map_err(refused)?;
    Ok((schemas, index))
}

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_PROBLEM_CHARS).collect()
}

/// Counts what a validation may visit: every place, and behind every reference what it refers to.
struct Walk<'a> {
    root: &'a Value,
    /// What is known by pointer; `None` while it is being counted.
    sizes: HashMap<&'a str, Option<u64>>,
}

/// Deeper schemas are refused; the stack is not without end.
const MAX_DEPTH: u32 = 256;

impl<'a> Walk<'a> {
    fn size(&mut self, value: &'a Value, depth: u32) -> Result<u64, Problem> {
        if depth > MAX_DEPTH {
            return Err("is nested too deeply".to_owned());
        }
        let mut sum = 1_u64;
        match value {
            Value::Array(items) => {
                for item in items {
                    sum = sum.saturating_add(self.size(item, depth + 1)?);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let part = match (name.as_str(), member) {
                        ("$ref", Value::String(pointer)) => self.referred(pointer, depth + 1)?,
                        ("$dynamicRef" | "$recursiveRef" | "$anchor" | "$dynamicAnchor", _) => {
                            return Err(format!("must not use {name}; refer by #/$defs/…"));
                        }
                        ("$id", Value::String(_)) if depth > 0 => {
                            return Err("must have $id at its top only".to_owned());
                        }
                        _ => self.size(member, depth + 1)?,
                    };
                    sum = sum.saturating_add(part);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Ok(sum)
    }

    fn referred(&mut self, pointer: &'a str, depth: u32) -> Result<u64, Problem> {
        match self.sizes.get(pointer) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err("must not refer to itself".to_owned()),
            None => {}
        }
        let Some(path) = pointer.strip_prefix('#') else {
            return Err("must refer to its own parts only, by #/$defs/…".to_owned());
        };
        let target = self.root.pointer(path);
        let target = target.ok_or_else(|| "refers to a part that is not there".to_owned())?;
        self.sizes.insert(pointer, None);
        let size = self.size(target, depth)?;
        self.sizes.insert(pointer, Some(size));
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_taken_in_the_drafts_of_today() {
        let order = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": { "order": { "$ref": "#/definitions/id" }, "$id": { "type": "string" } },
            "required": ["order"],
            "additionalProperties": false,
            "definitions": { "id": { "type": "string", "pattern": "^[0-9]{1,9}$" } }
        });
        assert_eq!(judge(&order), Ok(()));
        assert_eq!(judge(&json!({})), Ok(()));
        assert_eq!(arguments(&order, r#"{"order": "4821"}"#), Ok(json!({ "order": "4821" })));
        for bad in [r#"{"order": 4821}"#, r#"{"order": "x"}"#, "{}", r#"{"order":"1","more":1}"#] {
            let problem = arguments(&order, bad).unwrap_err();
            assert!(problem.contains("break the schema"), "{problem}");
        }
        for bad in ["[]", "4", "{", "null"] {
            assert!(arguments(&order, bad).is_err(), "{bad}");
        }
        assert_eq!(arguments(&json!({}), " "), Ok(json!({})));
    }

    #[test]
    fn what_is_no_schema_of_an_object_or_not_whole_in_itself_is_refused() {
        for bad in [
            json!([]),
            json!("string"),
            json!({ "type": "string" }),
            json!({ "type": "nonsense" }),
            json!({ "properties": 4 }),
            json!({ "required": "order" }),
            json!({ "properties": { "a": { "pattern": "(" } } }),
            json!({ "$schema": "https://example.com/own" }),
            json!({ "properties": { "a": { "$ref": "https://example.com/schema" } } }),
            json!({ "properties": { "a": { "$ref": "file:///etc/hostname" } } }),
            json!({ "properties": { "a": { "$ref": "#/nowhere" } } }),
            json!({ "properties": { "a": { "$id": "https://example.com/x" } } }),
            json!({ "description": "x".repeat(MAX_BYTES) }),
        ] {
            assert!(judge(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_schema_that_is_work_without_end_is_refused() {
        assert!(judge(&json!({ "$ref": "#" })).is_err());
        let circle = json!({ "allOf": [{ "$ref": "#/$defs/a" }],
            "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } });
        assert_eq!(judge(&circle).unwrap_err(), "must not refer to itself");
        let mut defs = serde_json::Map::new();
        for level in 0..40 {
            let next = json!({ "$ref": format!("#/$defs/d{}", level + 1) });
            defs.insert(format!("d{level}"), json!({ "allOf": [next, next] }));
        }
        defs.insert("d40".to_owned(), json!({ "type": "object" }));
        let laughs = json!({ "$ref": "#/$defs/d0", "$defs": defs });
        assert_eq!(judge(&laughs).unwrap_err(), "refers to its own parts too often");
        let mut deep = json!({});
        for _ in 0..120 {
            deep = json!({ "not": deep });
        }
        assert_eq!(judge(&deep), Ok(()));
    }
}
