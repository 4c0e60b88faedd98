//! The house rules that a program can check. Each failure names the place.

use std::fs;
use std::path::{Path, PathBuf};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_MAIN_LINES: usize = 60;
const DIALECTS: [&str; 5] = ["aiva", "aivastark", "aksita", "aerochat", "asyntai"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace exists")
}

/// Every file below a folder with this extension, generated and installed folders left out.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
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

#[test]
fn no_dialect_imports_another() {
    let faults: Vec<_> = sources()
        .iter()
        .filter_map(|(path, text)| {
            let own = path.strip_prefix("shared/dialects/src/")?.split('/').next()?;
            let own = DIALECTS.into_iter().find(|dialect| *dialect == own)?;
            let foreign = DIALECTS.into_iter().filter(|other| *other != own);
            let used = foreign.filter(|other| text.contains(&format!("crate::{other}::")));
            let used: Vec<_> = used.collect();
            (!used.is_empty()).then(|| format!("{path}: uses {}", used.join(", ")))
        })
        .collect();
    assert_none("dialects do not know each other", &faults);
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
