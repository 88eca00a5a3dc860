//! What files are called: a plan's key, such as `LAP-7` or `2019%2FLAP%3A7`, and an ending that tells the form.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a file that tells of a conflict is called after the key.
pub const CONFLICT: &str = ".conflict";

/// What a key's name on the disk writes as `%2F`: what is not plain in the names of files everywhere.
const ODD: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'-');

/// The longest name of a file, with what may be added to it.
const LONGEST: usize = 230;

/// A form in which plans are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `KEY.json`
    Json,
    /// `KEY.yaml` or `KEY.yml`
    Yaml,
}

/// A path without its folder.
pub fn shown(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The name of a plan's file without its ending, and its form; none of what is no plan's.
pub fn plan_name(name: &str) -> Option<(&str, Form)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let form = match ending {
        "json" => Form::Json,
        "yaml" | "yml" => Form::Yaml,
        _ => return None,
    };
    (!stem.is_empty() && !stem.starts_with('.')).then_some((stem, form))
}

pub fn form_of(path: &Path) -> Form {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => Form::Json,
        _ => Form::Yaml,
    }
}

/// A key as the name of a file.
pub fn stem_of(key: &str) -> String {
    let stem = utf8_percent_encode(key, ODD).to_string();
    let stem = match stem.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => stem,
    };
    match stem.strip_suffix(CONFLICT) {
        Some(rest) => format!("{rest}%2Econflict"),
        None => stem,
    }
}

/// The key that a file's name stands for.
pub fn key_of(stem: &str) -> Option<String> {
    let key = percent_decode_str(stem).decode_utf8().ok()?.into_owned();
    (fits(&key) && stem_of(&key) == stem).then_some(key)
}

/// Whether a key can be the name of a file, and stand in a path.
pub fn fits(key: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:/-".contains(&byte);
    (1..=200).contains(&key.len())
        && key.bytes().all(is_plain)
        && key != "."
        && key != ".."
        && stem_of(key).len() <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_plain_name_and_comes_back_from_it() {
        for (key, stem) in [
            ("LAP-7", "LAP-7"),
            ("2019/LAP:7", "2019%2FLAP%3A7"),
            (".hidden", "%2Ehidden"),
            ("a.b", "a.b"),
            ("LAP.conflict", "LAP%2Econflict"),
            ("~x_y~", "~x_y~"),
        ] {
            assert_eq!(stem_of(key), stem);
            assert_eq!(key_of(stem).as_deref(), Some(key));
        }
        for stem in ["a b", "LAP%207", "%2E%2E", "LAP%2D7", "ä", &"x".repeat(201)] {
            assert_eq!(key_of(stem), None, "{stem}");
        }
    }

    #[test]
    fn what_editors_keep_is_no_plan() {
        for name in [
            ".LAP.json.swp",
            ".#LAP.json",
            "#LAP.json#",
            "LAP.json~",
            "LAP.json.bak",
            ".json",
            "4913",
            "LAP",
        ] {
            assert_eq!(plan_name(name), None, "{name}");
        }
        assert_eq!(plan_name("LAP.yml"), Some(("LAP", Form::Yaml)));
    }
}
