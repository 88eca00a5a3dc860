//! The folder: one file a plan, JSON or YAML, called by the plan's key.
//!
//! A file is written whole or not at all: beside, to the disk, then in its place. What is not a plan is left alone: hidden
//! files, copies that editors keep, folders, and the files that tell of conflicts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_saphyr::{Location, MessageFormatter, UserMessageFormatter};

use super::names::{CONFLICT, Form, form_of, key_of, plan_name, shown, stem_of};
use super::parts::give_keys;
use crate::body;
use crate::messages::Language;
use crate::problem::Context;

/// Where the folder keeps what `iuc sync` has to know.
pub const OWN: &str = ".iuc-sync";

/// What a file says.
#[derive(Clone, Debug)]
pub enum Local {
    /// There is none.
    Absent,
    /// It cannot be read as a plan: a problem document.
    Bad(Value),
    /// A plan.
    Plan {
        /// What it says, each part with a key.
        document: Value,
        /// Whether each part had one.
        is_whole: bool,
    },
}

impl Local {
    /// The plan that it says.
    pub fn document(self) -> Option<Value> {
        match self {
            Self::Plan { document, .. } => Some(document),
            Self::Absent | Self::Bad(_) => None,
        }
    }
}

/// The files of the folder at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The file of each key.
    pub plans: BTreeMap<String, PathBuf>,
    /// Keys that have two files: which of them is meant, nobody knows.
    pub twofold: BTreeSet<String>,
    /// Names that stand for no plan, and why.
    pub odd: Vec<(String, String)>,
    /// When each was written, and how long it is: tells whether anything was edited.
    pub stamps: BTreeMap<String, (Option<SystemTime>, u64)>,
}

/// A folder of plan files.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    /// How a new plan is written.
    form: Form,
    /// Whether nothing is to be written.
    is_dry: bool,
}

impl Folder {
    /// The folder at `root`, made where it is not there.
    pub fn open(root: &Path, form: Form, is_dry: bool) -> io::Result<Self> {
        for folder in ["plans", "sending", "trash", "part"] {
            fs::create_dir_all(root.join(OWN).join(folder))?;
        }
        Ok(Self {
            root: root.to_owned(),
            form,
            is_dry,
        })
    }

    /// A file of ours in it.
    pub fn own(&self, name: &str) -> PathBuf {
        self.root.join(OWN).join(name)
    }

    /// What is there.
    pub fn files(&self) -> io::Result<Files> {
        let mut files = Files::default();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(about) = fs::metadata(entry.path()) else {
                continue;
            };
            let Some((stem, _)) = plan_name(&name).filter(|_| about.is_file()) else {
                continue;
            };
            let stamp = (about.modified().ok(), about.len());
            files.stamps.insert(name.clone(), stamp);
            if stem.ends_with(CONFLICT) {
                continue;
            }
            let Some(key) = key_of(stem) else {
                let why = "its name is to be the plan's key: up to 200 letters, digits and . _ ~ -, with : as %3A and / as %2F";
                files.odd.push((name, why.into()));
                continue;
            };
            match files.plans.get(&key) {
                Some(other) => {
                    let other = shown(other);
                    let why = format!("stands for the same plan as {other}: keep one of them");
                    files.odd.push((name, why));
                    files.twofold.insert(key);
                }
                None => {
                    files.plans.insert(key, entry.path());
                }
            }
        }
        Ok(files)
    }

    /// The file of a plan: the one that is there, else where it would be.
    pub fn path(&self, key: &str) -> PathBuf {
        let stem = stem_of(key);
        let named = |ending: &str| self.root.join(format!("{stem}.{ending}"));
        let there = ["json", "yaml", "yml"].map(named).into_iter();
        let mut there = there.filter(|path| path.exists());
        there.next().unwrap_or_else(|| match self.form {
            Form::Json => named("json"),
            Form::Yaml => named("yaml"),
        })
    }

    /// The file that tells of a conflict in a plan.
    pub fn conflict_path(&self, key: &str) -> PathBuf {
        self.root.join(format!("{}{CONFLICT}.json", stem_of(key)))
    }

    /// What the file of a plan says.
    pub fn read(&self, key: &str) -> io::Result<Local> {
        let path = self.path(key);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Local::Absent),
            Err(error) => return Err(error),
        };
        Ok(match parsed(&bytes, form_of(&path)) {
            Ok(mut document) => {
                let is_whole = give_keys(&mut document);
                Local::Plan { document, is_whole }
            }
            Err(problem) => Local::Bad(problem),
        })
    }

    /// Whether the file of a plan is there.
    pub fn has(&self, key: &str) -> bool {
        self.path(key).exists()
    }

    /// Writes the file of a plan, in the form that it has.
    pub fn write(&self, key: &str, document: &Value) -> io::Result<()> {
        let path = self.path(key);
        let text = match form_of(&path) {
            Form::Json => json_text(document)?,
            Form::Yaml => yaml_text(document)?,
        };
        self.put(&path, &text)
    }

    /// Writes a file that tells of a conflict.
    pub fn write_conflict(&self, key: &str, told: &Value) -> io::Result<()> {
        self.put(&self.conflict_path(key), &json_text(told)?)
    }

    /// Takes the file that tells of a conflict away.
    pub fn end_conflict(&self, key: &str) -> io::Result<()> {
        self.remove(&self.conflict_path(key))
    }

    /// Puts the file of a plan away, where a person finds it again.
    pub fn put_away(&self, key: &str) -> io::Result<()> {
        let path = self.path(key);
        let kept = self.own("trash").join(path.file_name().unwrap_or_default());
        match self.is_dry {
            true => Ok(()),
            false => ignore_absent(fs::rename(path, kept)),
        }
    }

    /// Keeps the file of a plan as it is, where a person finds it again, before another takes its place.
    pub fn keep_copy(&self, key: &str) -> io::Result<()> {
        let path = self.path(key);
        let kept = self.own("trash").join(path.file_name().unwrap_or_default());
        match self.is_dry {
            true => Ok(()),
            false => fs::copy(path, kept).map(drop),
        }
    }

    /// Writes a file so that it is whole or as it was, whatever happens.
    pub fn put(&self, path: &Path, text: &str) -> io::Result<()> {
        if self.is_dry {
            return Ok(());
        }
        let beside = self.own("part").join(path.file_name().unwrap_or_default());
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        fs::rename(beside, path)
    }

    /// Removes a file.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        match self.is_dry {
            true => Ok(()),
            false => ignore_absent(fs::remove_file(path)),
        }
    }
}

/// What a file of ours says; none where there is none. One that says nothing sensible is an error: it was not written by us.
pub fn read_own<T: DeserializeOwned>(path: PathBuf) -> io::Result<Option<T>> {
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let text = format!(
                "{} cannot be read ({error}); remove it, and the plan is brought together anew",
                path.display()
            );
            io::Error::other(text)
        }),
    }
}

fn ignore_absent(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn parsed(bytes: &[u8], form: Form) -> Result<Value, Value> {
    let context = Context {
        language: Language::En,
        public_url: "",
        path: "",
        request_id: "",
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(
            json!({"detail": "It is empty from line 1, column 1 on: write the plan, or remove the file."}),
        );
    }
    let json = match form {
        Form::Json => bytes.to_vec(),
        // The rules of a body are those of JSON: it goes on as that.
        Form::Yaml => match serde_saphyr::from_slice::<Value>(bytes) {
            Ok(value) => value.to_string().into_bytes(),
            Err(error) => return Err(no_yaml(&error)),
        },
    };
    body::parse(&json)
        .and_then(body::Sent::good)
        .map_err(|problem| serde_json::from_slice(&problem.document(&context)).unwrap_or_default())
}

fn no_yaml(error: &serde_saphyr::Error) -> Value {
    let why = UserMessageFormatter.format_message(error.without_snippet());
    let place = error.location().unwrap_or(Location::UNKNOWN);
    let (line, column) = (place.line(), place.column());
    // In one line of the terminal, whatever the file holds.
    let words: Vec<&str> = why.split_whitespace().collect();
    let why = words.join(" ").replace(char::is_control, "\u{fffd}");
    json!({"detail": format!("This is no YAML: {why} at line {line}, column {column}.")})
}

fn json_text(value: &Value) -> io::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(text + "\n")
}

fn yaml_text(value: &Value) -> io::Result<String> {
    serde_saphyr::to_string(value).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "\\PC{0,100}",
            "[ \\n\\t#:>|&*!%@`'\"{}\\[\\],?-]{0,8}",
            "(yes|no|null|~|1e3|0x1F|1_000|2026-01-01|12:30|\\.nan|---|<<|=)",
            "( ?[a-z]{1,9}|\\n){0,40}"
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e12..1e12).prop_map(|number: f64| json!(number)),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((text.clone(), inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn what_is_no_yaml_is_told_in_one_line_as_people_write_it() {
        for text in [
            "a: 'x",
            "a: \"x",
            "a: [\"b\" \"c\"]",
            "a: b: c",
            "a: {en: x\nb: y",
            "*x",
            "a: !!int 'q'",
            "a: |\n b\n- c",
        ] {
            let problem = parsed(text.as_bytes(), Form::Yaml).unwrap_err();
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.starts_with("This is no YAML: "), "{text}: {detail}");
            let is_plain = |letter: char| letter != '\\' && !letter.is_control();
            assert!(detail.chars().all(is_plain), "{text}: {detail}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_as_yaml_is_read_as_the_same(value in any_value()) {
            let text = yaml_text(&value).unwrap();
            let read: Value = serde_saphyr::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(read, value, "{}", text);
        }
    }
}
