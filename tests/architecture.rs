//! Imports point down: a module uses only modules printed above it in `src/lib.rs`, and its own folder; of another
//! slice only `types` and `db`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A module of `src/lib.rs`: its place in the reading order, and its level.
#[derive(Clone, Copy, Debug)]
struct Place {
    order: usize,
    level: usize,
}

/// The level of the slices: one folder for each kind of thing.
const SLICES: usize = 2;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn modules() -> BTreeMap<String, Place> {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let (mut modules, mut level) = (BTreeMap::new(), None);
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("// Level ") {
            level = rest[..1].parse().ok();
        }
        let name = line
            .strip_prefix("pub mod ")
            .or(line.strip_prefix("mod "))
            .and_then(|rest| rest.strip_suffix(';'));
        if let Some(name) = name {
            let order = modules.len();
            let level = level.unwrap_or_else(|| panic!("{name} stands below no level"));
            modules.insert(name.to_owned(), Place { order, level });
        }
    }
    modules
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Source without comments and without the bodies of texts.
fn bare(source: &str) -> String {
    let mut bare = String::new();
    for line in source.lines() {
        let code = line.split("//").next().unwrap_or_default();
        for (index, part) in code.split('"').enumerate() {
            if index % 2 == 0 {
                bare.push_str(part);
            }
        }
        bare.push('\n');
    }
    bare
}

/// Every path that begins with `crate`, in full: `use crate::a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(source: &str) -> Vec<String> {
    let text = bare(source);
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("crate::") {
        let before = rest[..at].chars().next_back();
        rest = &rest[at + "crate::".len()..];
        if before.is_none_or(|c| !c.is_alphanumeric() && c != '_') {
            expand("", rest, &mut found);
        }
    }
    found
}

/// Reads one path, with its braces; returns how much of `text` it took.
fn expand(prefix: &str, text: &str, found: &mut Vec<String>) -> usize {
    let mut at = 0;
    let mut path = prefix.to_owned();
    let bytes = text.as_bytes();
    loop {
        let word = text[at..]
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(text.len() - at);
        path.push_str(&text[at..at + word]);
        at += word;
        if text[at..].starts_with("::{") {
            at += 3;
            path.push_str("::");
            loop {
                at += text[at..].len() - text[at..].trim_start().len();
                match bytes.get(at) {
                    Some(b'}') | None => return at + 1,
                    Some(b',') => at += 1,
                    _ => at += expand(&path, &text[at..], found).max(1),
                }
            }
        } else if text[at..].starts_with("::")
            && bytes
                .get(at + 2)
                .is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_')
        {
            at += 2;
            path.push_str("::");
        } else {
            found.push(path);
            let alias = text[at..].trim_start();
            if let Some(alias) = alias.strip_prefix("as ") {
                let gap = text[at..].len() - alias.len();
                let word = alias
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(alias.len());
                at += gap + word;
            }
            return at;
        }
    }
}

#[test]
fn paths_are_read_in_full() {
    let source = "use crate::a::{self, b, c::{d, e as f}, g};\nlet x = crate::h::i::<crate::j::K>(); // crate::no\n\"crate::no\"; pub(crate) mod y;";
    let mut found = paths(source);
    found.sort();
    assert_eq!(
        found,
        [
            "a::b", "a::c::d", "a::c::e", "a::g", "a::self", "h::i", "j::K"
        ]
    );
}

#[test]
fn imports_point_down() {
    let modules = modules();
    assert!(modules.len() > 30, "{modules:?}");
    let mut all = Vec::new();
    files(&source(), &mut all);
    let (mut faults, mut read) = (Vec::new(), 0);
    for file in all {
        let relative = file.strip_prefix(source()).unwrap();
        let name = relative.components().next().unwrap().as_os_str();
        let name = name.to_str().unwrap().trim_end_matches(".rs");
        if matches!(name, "lib" | "main") {
            continue;
        }
        let own = modules
            .get(name)
            .unwrap_or_else(|| panic!("{} is in no module of lib.rs", file.display()));
        for path in paths(&fs::read_to_string(&file).unwrap()) {
            let mut parts = path.split("::");
            let target = parts.next().unwrap();
            let Some(other) = modules.get(target) else {
                if !target.is_empty() {
                    faults.push(format!(
                        "{}: crate::{path} is in no module of lib.rs",
                        relative.display()
                    ));
                }
                continue;
            };
            read += 1;
            if target == name {
                continue;
            }
            if other.order > own.order {
                faults.push(format!("{}: crate::{path} points up", relative.display()));
            }
            let part = parts.next().unwrap_or_default();
            if own.level == SLICES && other.level == SLICES && !matches!(part, "types" | "db") {
                faults.push(format!(
                    "{}: of another slice only types and db are used, not crate::{path}",
                    relative.display()
                ));
            }
        }
    }
    assert!(read > 300, "only {read} imports were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Within a slice: `http → rules, db, types`; `db → forms, rules, types`; `rules → types`; never back.
#[test]
fn in_a_slice_imports_point_from_http_to_types() {
    let rank = |name: &str| {
        ["types", "rules", "forms", "db", "sessions", "oauth", "http"]
            .iter()
            .position(|part| *part == name)
    };
    let mut faults = Vec::new();
    for (name, place) in modules() {
        if place.level != SLICES {
            continue;
        }
        let mut all = Vec::new();
        files(&source().join(&name), &mut all);
        for file in all {
            let own = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = bare(&fs::read_to_string(&file).unwrap());
            let used = text.split("super::").skip(1).filter_map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
            });
            for used in used {
                if let (Some(own_rank), Some(used_rank)) = (rank(&own), rank(used))
                    && used_rank > own_rank
                {
                    faults.push(format!("{name}/{own}.rs uses {used}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Diesel goes by the number alone: of two with the same, only one would run.
#[test]
fn every_migration_has_a_number_of_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    let number = |name: &str| name.split('_').next().unwrap().to_owned();
    for pair in names.windows(2) {
        assert_ne!(number(&pair[0]), number(&pair[1]), "{pair:?}");
    }
}
