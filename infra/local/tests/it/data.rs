//! `docs/DATA.md` names every row that is stored, and every attribute of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

type Names = BTreeSet<String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources of the store, those of a folder and those below it.
fn sources(folder: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut folders = vec![root().join("shared/adapters/src/dynamo").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.to_string_lossy().ends_with("_tests.rs") {
                texts.push(fs::read_to_string(&path).unwrap());
            }
        }
    }
    texts
}

/// What stands between backticks.
fn quoted(text: &str) -> Names {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The section of the document, as what it says of everything and its lines of three cells.
fn section() -> (Names, Vec<[String; 3]>) {
    let text = fs::read_to_string(root().join("docs/DATA.md")).unwrap();
    let section = text.split("\n## Attributes\n").nth(1).expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    let everywhere = section.split("Everywhere:").nth(1).expect("what all rows have");
    let everywhere = quoted(everywhere.split("\n\n").next().unwrap_or_default());
    let lines = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = |line: &str| -> [String; 3] {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::to_owned).collect();
        cells.try_into().unwrap_or_else(|_| panic!("not three cells: {line}"))
    };
    (everywhere, lines.map(cells).collect())
}

/// The functions that name one row each.
fn keys() -> Names {
    let mut texts = sources("keys");
    texts.push(fs::read_to_string(root().join("shared/adapters/src/dynamo/keys.rs")).unwrap());
    let mut found = Names::new();
    for text in texts {
        for function in text.split("fn ").skip(1) {
            let signature = function.split('{').next().unwrap_or_default();
            let name = signature.split('(').next().unwrap_or_default();
            if signature.trim_end().ends_with("-> Key") {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// The structs of rows, each with its attributes.
fn rows() -> Vec<(String, Names)> {
    let mut found = Vec::new();
    for text in sources("row") {
        for after in text.split("struct ").skip(1) {
            let Some((name, rest)) = after.split_once(" {\n") else { continue };
            if !name.ends_with("Row") {
                continue;
            }
            let body = rest.split("\n}").next().unwrap_or_default();
            let fields = body.lines().map(str::trim).filter(|line| !line.starts_with(['#', '/']));
            let fields = fields.filter_map(|line| line.split_once(": ").map(|(field, _)| field));
            let fields = fields.filter_map(|field| field.split(' ').next_back());
            let names = fields.map(|field| field.trim_start_matches("r#").to_owned()).collect();
            found.push((name.to_owned(), names));
        }
    }
    found
}

/// The attributes that expressions name: `#` and a short name, inside a string.
fn updated() -> Names {
    let mut found = Names::new();
    for text in sources("") {
        for piece in text.split('"').skip(1).step_by(2) {
            for rest in piece.split('#').skip(1) {
                let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
                if (1..=4).contains(&name.len()) {
                    found.insert(name);
                }
            }
        }
    }
    found
}

#[test]
fn every_key_that_can_be_written_is_in_the_table_of_attributes() {
    let documented: Names = section().1.iter().flat_map(|[key, _, _]| quoted(key)).collect();
    let exist = keys();
    assert!(exist.len() > 30, "the keys were not read: {exist:?}");
    assert_eq!(documented, exist);
}

#[test]
fn every_attribute_of_every_row_is_documented_beside_its_row() {
    let (everywhere, lines) = section();
    let (rows, updated) = (rows(), updated());
    assert!(rows.len() > 30, "the rows were not read");
    let mut faults = Vec::new();
    for (name, attributes) in &rows {
        let told: Names = lines
            .iter()
            .filter(|[_, row, _]| quoted(row).contains(name))
            .flat_map(|[_, _, attributes]| quoted(attributes))
            .collect();
        let missing: Vec<_> = attributes
            .iter()
            .filter(|one| !told.contains(*one) && !everywhere.contains(*one))
            .collect();
        if !missing.is_empty() {
            faults.push(format!("{name}: {missing:?}"));
        }
        // The months of a counter are attributes that no struct has; some only updates write.
        let counter = |one: &str| one.len() == 7 && one[1..].parse::<u32>().is_ok();
        let known = |one: &&String| {
            let sets = [attributes, &everywhere, &updated];
            sets.iter().any(|names| names.contains(*one)) || counter(one)
        };
        let gone: Vec<_> = told.iter().filter(|one| !known(one)).collect();
        if !gone.is_empty() {
            faults.push(format!("{name} has no {gone:?}"));
        }
    }
    let exist: Names = rows.iter().map(|(name, _)| name.clone()).collect();
    let told: Names = lines.iter().flat_map(|[_, row, _]| quoted(row)).collect();
    faults.extend(told.difference(&exist).map(|name| format!("{name} does not exist")));
    assert!(faults.is_empty(), "docs/DATA.md, Attributes:\n  {}", faults.join("\n  "));
}

#[test]
fn every_attribute_that_an_update_names_is_documented() {
    let (everywhere, lines) = section();
    let told: Names = lines.iter().flat_map(|[_, _, attributes]| quoted(attributes)).collect();
    let known: Names = told.union(&everywhere).cloned().collect();
    let unknown: Vec<_> = updated().difference(&known).cloned().collect();
    assert!(unknown.is_empty(), "docs/DATA.md does not say what these are: {unknown:?}");
}
