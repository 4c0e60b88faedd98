//! The house rules that a program can check. Each failure names the place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_MAIN_LINES: usize = 60;
const DIALECTS: [&str; 5] = ["aiva", "aivastark", "aksita", "aerochat", "asyntai"];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace exists")
}

/// Every file below a folder with this extension, generated and installed folders left out.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree is readable") {
            let path = entry.expect("an entry is readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = fs::read_to_string(&path).expect("a source is UTF-8");
                let relative = path.strip_prefix(&root).expect("below the root");
                found.push((relative.to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, String)> {
    ["shared", "functions", "infra"]
        .into_iter()
        .flat_map(|folder| files(folder, "rs"))
        .filter(|(path, _)| !path.contains("/tests/") && !path.ends_with("_tests.rs"))
        .collect()
}

/// The lines before a file's tests.
fn product_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"))
}

#[track_caller]
fn assert_none(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let faults: Vec<_> = sources()
        .iter()
        .map(|(path, text)| (path, product_lines(text).count()))
        .filter(|(_, lines)| *lines > MAX_FILE_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert_none("a file this long has a second noun in it", &faults);
}

#[test]
fn a_function_only_wires() {
    let faults: Vec<_> = files("functions", "rs")
        .iter()
        .filter(|(_, text)| text.lines().count() > MAX_FUNCTION_MAIN_LINES)
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect();
    assert_none("a composition root has at most 60 lines", &faults);
}

#[test]
fn key_strings_stand_in_keys_rs_alone() {
    let key_like = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        ["\"W#", "#K#", "#X#", "#B#", "\"M#", "\"O#", "\"L#"].iter().any(|part| code.contains(part))
    };
    let faults: Vec<_> = sources()
        .iter()
        .filter(|(path, _)| path.starts_with("shared/") && !path.contains("/dynamo/keys"))
        .flat_map(|(path, text)| {
            let lines = product_lines(text).enumerate().filter(|(_, line)| key_like(line));
            lines
                .map(|(at, line)| format!("{path}:{}: {}", at + 1, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none("only dynamo/keys.rs knows a key string", &faults);
}

/// The sources of the dialects: the dialect's name, the path, the text.
fn dialect_sources() -> impl Iterator<Item = (&'static str, String, String)> {
    sources().into_iter().filter_map(|(path, text)| {
        let folder = path.strip_prefix("shared/dialects/src/")?.split('/').next()?;
        let own = DIALECTS.into_iter().find(|dialect| *dialect == folder)?;
        Some((own, path, text))
    })
}

#[test]
fn the_five_dialects_have_the_same_shape_and_there_is_no_sixth() {
    let root = root();
    let folders = |path: &str| -> Vec<String> {
        let entries = fs::read_dir(root.join(path)).expect("the folder is there");
        let entries = entries.map(|entry| entry.expect("an entry is readable").path());
        let folders = entries.filter(|path| path.is_dir());
        let mut names: Vec<_> = folders
            .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    let of_dialects = |path: &str, others: &[&str]| -> Vec<String> {
        folders(path).into_iter().filter(|name| !others.contains(&name.as_str())).collect()
    };
    let mut expected = DIALECTS;
    expected.sort_unstable();
    let beside = ["describe", "http", "operator", "payments", "verify"];
    assert_eq!(of_dialects("shared/dialects/src", &beside), expected);
    assert_eq!(of_dialects("shared/dialects/tests/transcripts", &["operator"]), expected);
    let known = aiva_core::dialect::Dialect::ALL.map(aiva_core::dialect::Dialect::as_str);
    assert_eq!(known, DIALECTS, "the core knows the same five");
    let faults: Vec<_> = DIALECTS
        .iter()
        .flat_map(|dialect| {
            ["mod.rs", "error.rs", "wire.rs"].map(|file| format!("{dialect}/{file}"))
        })
        .filter(|file| !root.join("shared/dialects/src").join(file).is_file())
        .collect();
    assert_none("every dialect has its routes, its errors and its wire types", &faults);
}

/// What a line names of its own crate: `crate::http::Call` names `http`, `crate::{aiva, http}` both.
fn named_of_the_crate(line: &str) -> Vec<String> {
    let mut named = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let (list, braced) = match rest.strip_prefix('{') {
            Some(inner) => (inner.split('}').next().unwrap_or_default(), true),
            None => (rest, false),
        };
        for part in list.split(',').take(if braced { usize::MAX } else { 1 }) {
            let name = part.trim().split(|c: char| !(c.is_alphanumeric() || c == '_')).next();
            named.extend(name.map(str::to_owned));
        }
    }
    named
}

#[test]
fn a_dialect_knows_itself_and_the_shared_way_of_http_and_no_other_dialect() {
    assert_eq!(named_of_the_crate("use crate::{aiva, http::Call};"), ["aiva", "http"]);
    let mut seen = Vec::new();
    let mut faults = Vec::new();
    for (own, path, text) in dialect_sources() {
        seen.push(own);
        for (at, line) in product_lines(&text).enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let foreign = named_of_the_crate(code);
            let known = ["http", "asking", "describe", "intake", own];
            if foreign.iter().any(|name| !known.contains(&name.as_str())) {
                faults.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), DIALECTS.len(), "a dialect was not looked at: {seen:?}");
    assert_none("dialects do not know each other, nor the operator API", &faults);
}

/// What changes something is a use case of the core, which all dialects share.
#[test]
fn a_dialect_has_no_rule_of_its_own_it_reads_and_asks_the_core_for_the_rest() {
    let writes = [
        "advance", "begin", "change", "claim", "count", "create", "credit", "decide", "delete",
        "end", "grant", "narrow", "postpone", "put", "record", "reopen", "revoke", "set", "settle",
        "submit", "take", "transfer", "update", "use",
    ];
    let is_write = |call: &str| {
        let name = call.split('(').next().unwrap_or_default();
        writes.contains(&name.split('_').next().unwrap_or_default())
    };
    let ports = [".queue.", ".vault.", ".mailer."];
    let faults: Vec<_> = dialect_sources()
        .flat_map(|(_, path, text)| {
            let lines: Vec<_> = product_lines(&text)
                .enumerate()
                .filter(|(_, line)| {
                    let code = line.split("//").next().unwrap_or_default();
                    code.split("store.").skip(1).any(is_write)
                        || ports.iter().any(|port| code.contains(port))
                })
                .map(|(at, line)| format!("{path}:{}: {}", at + 1, line.trim()))
                .collect();
            lines
        })
        .collect();
    assert_none("only the core writes to a store, a queue, a vault or a mailbox", &faults);
}

#[test]
fn a_dialect_shows_the_world_wire_types_alone() {
    let faults: Vec<_> = dialect_sources()
        .flat_map(|(_, path, text)| {
            let lines: Vec<&str> = product_lines(&text).collect();
            let is_type =
                |line: &&str| line.starts_with("pub struct ") || line.starts_with("pub enum ");
            let is_wire = |at: usize| {
                let above = lines[..at].iter().rev().take_while(|line| !line.is_empty());
                let derives: Vec<_> = above.filter(|line| line.starts_with("#[")).collect();
                ["Serialize", "ToSchema", "OpenApi"]
                    .iter()
                    .any(|name| derives.iter().any(|line| line.contains(name)))
            };
            let types = lines.iter().enumerate().filter(|(_, line)| is_type(line));
            let others = types.filter(|(at, _)| !is_wire(*at));
            others.map(|(at, line)| format!("{path}:{}: {line}", at + 1)).collect::<Vec<_>>()
        })
        .collect();
    assert_none("a public type of a dialect is one of its wire", &faults);
}

#[test]
fn the_core_knows_nothing_of_the_outside() {
    let manifest = fs::read_to_string(root().join("shared/core/Cargo.toml")).unwrap();
    let foreign = ["aws", "tokio", "axum", "http", "reqwest", "lambda", "rusqlite", "getrandom"];
    let faults: Vec<_> = manifest
        .lines()
        .filter(|line| foreign.iter().any(|name| line.starts_with(name)))
        .map(str::to_owned)
        .collect();
    assert_none("shared/core depends on no AWS, HTTP, runtime or randomness", &faults);
}

#[test]
fn the_direction_of_dependencies_holds() {
    let forbidden: [(&str, &[&str]); 5] = [
        (
            "shared/core",
            &["aiva-dialects", "aiva-adapters", "aiva-kit", "aiva-embedded", "aiva-local"],
        ),
        ("shared/dialects", &["aiva-adapters", "aiva-kit", "aiva-embedded", "aiva-local"]),
        ("shared/adapters", &["aiva-dialects", "aiva-kit", "aiva-embedded", "aiva-local"]),
        ("shared/kit", &["aiva-dialects", "aiva-adapters", "aiva-embedded", "aiva-local"]),
        (
            "infra/embedded",
            &["aiva-core", "aiva-dialects", "aiva-adapters", "aiva-kit", "aiva-local"],
        ),
    ];
    let mut faults = Vec::new();
    for (member, names) in forbidden {
        let manifest = fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
        let normal = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for name in names.iter().filter(|name| normal.lines().any(|line| line.starts_with(**name)))
        {
            faults.push(format!("{member} depends on {name}"));
        }
    }
    assert_none("functions, infra/local → kit, dialects, adapters → core", &faults);
}

#[test]
fn features_of_outside_crates_are_set_in_the_one_table() {
    let faults: Vec<_> = ["shared", "functions", "infra"]
        .into_iter()
        .flat_map(|folder| files(folder, "toml"))
        .filter(|(path, _)| path.ends_with("Cargo.toml"))
        .flat_map(|(path, text)| {
            let normal = text.split("[dev-dependencies]").next().unwrap_or_default().to_owned();
            let own = |line: &str| line.starts_with("aiva-") || line.starts_with("tokio =");
            let faulty = |line: &&str| {
                line.contains("= {") && line.contains("features") && !own(line)
                    || line.contains("= {") && line.contains("version")
            };
            normal.lines().filter(faulty).map(|line| format!("{path}: {line}")).collect::<Vec<_>>()
        })
        .collect();
    assert_none("features stand in [workspace.dependencies] only", &faults);
}

#[test]
fn every_function_of_the_template_exists_and_every_function_is_in_it() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let mut named: Vec<_> = template
        .lines()
        .filter_map(|line| line.trim().strip_prefix("CodeUri: functions/"))
        .map(|folder| folder.trim_end_matches('/').to_owned())
        .collect();
    named.sort();
    named.dedup();
    let mut present: Vec<_> = fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    present.sort();
    assert_eq!(named, present);
}

#[test]
fn no_work_is_left_unfinished_in_the_tree() {
    let marks = ["todo!", "unimplemented!", "TODO", "FIXME", "XXX"].map(str::to_owned);
    let faults: Vec<_> = sources()
        .iter()
        .flat_map(|(path, text)| {
            let marked = text
                .lines()
                .enumerate()
                .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
            marked
                .map(|(at, line)| format!("{path}:{}: {}", at + 1, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none("finish it or leave it out", &faults);
}

#[test]
fn no_module_is_called_by_a_name_that_says_nothing() {
    let empty = ["common", "utils", "util", "helpers", "types", "misc"];
    let faults: Vec<_> = sources()
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.split('/').any(|part| empty.contains(&part.trim_end_matches(".rs"))))
        .cloned()
        .collect();
    assert_none("name it after what is in it", &faults);
}

/// The functions whose entry in the template sets a variable.
fn functions_with(variable: &str) -> BTreeSet<String> {
    let template = fs::read_to_string(root().join("template.yaml")).expect("the template is there");
    let mut found = BTreeSet::new();
    let mut folder = None;
    for line in template.lines() {
        let is_resource = line.starts_with("  ") && !line.starts_with("   ");
        if is_resource {
            folder = None;
        }
        if let Some(path) = line.trim().strip_prefix("CodeUri:") {
            folder =
                path.trim().split('/').find(|part| root().join("functions").join(part).is_dir());
        }
        if line.trim().starts_with(&format!("{variable}:")) {
            let function = folder.expect("the variable stands behind the code's place");
            found.insert(function.to_owned());
        }
    }
    found
}

#[test]
fn the_runbook_names_every_function_that_holds_the_key_ring() {
    let runbook = fs::read_to_string(root().join("docs/RUNBOOK.md")).expect("the runbook is there");
    let chapter =
        runbook.split("## The key ring").nth(1).expect("it has a chapter of the key ring");
    let chapter = chapter.split("\n## ").next().unwrap_or_default();
    let named: BTreeSet<String> = fs::read_dir(root().join("functions"))
        .expect("there are functions")
        .map(|entry| {
            entry.expect("an entry is readable").file_name().to_string_lossy().into_owned()
        })
        .filter(|name| chapter.contains(&format!("`{name}`")))
        .collect();
    assert_eq!(named, functions_with("AIVA_KEYRING_SECRET"));
}
