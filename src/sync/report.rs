//! What a run tells: a line for each file that something happened to, a progress bar on a terminal, and a sum at the end.
//!
//! What went well goes to standard output, what a person has to look at to standard error, so that cron tells of that alone
//! (`--quiet`).

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::lines::{shortened, width};

/// The width of what is told about one value.
const VALUE: usize = 60;

/// How many files are told one by one to which the same happened.
const ONE_BY_ONE: usize = 100;

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It went to the service.
    Sent,
    /// It came from the service.
    Received,
    /// Both sides had changed it, in different places.
    Merged,
    /// Its plan is gone at the service, so it was put away.
    PutAway,
    /// Its plan was removed at the service.
    Removed,
    /// It was removed here, and is back.
    Back,
    /// Both sides have changed the same in it.
    Conflict,
    /// It is not accepted.
    Refused,
}

impl What {
    const ALL: [(Self, &'static str, &'static str); 8] = [
        (Self::Sent, "sent", "sent"),
        (Self::Received, "received", "received"),
        (Self::Merged, "merged", "merged"),
        (Self::PutAway, "put away", "put away"),
        (Self::Removed, "removed", "removed at the service"),
        (Self::Back, "back", "brought back"),
        (Self::Conflict, "CONFLICT", "in conflict"),
        (Self::Refused, "REFUSED", "refused"),
    ];

    fn word(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(what, ..)| *what == self)
            .map_or("", |(_, word, _)| word)
    }

    fn is_for_a_person(self) -> bool {
        matches!(self, Self::Conflict | Self::Refused)
    }
}

/// What is told of one run.
pub struct Report {
    bar: ProgressBar,
    is_quiet: bool,
    /// What happened to which file, and what was told about it.
    happened: BTreeMap<What, BTreeMap<String, String>>,
    /// What a person has been told already.
    old: BTreeMap<String, String>,
    /// Plans of the city that have no key in our system.
    pub without_key: usize,
}

impl Report {
    /// A report; without what went well when `is_quiet`.
    pub fn new(is_quiet: bool) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            is_quiet,
            happened: BTreeMap::new(),
            old: BTreeMap::new(),
            without_key: 0,
        }
    }

    /// Tells what happened to a file.
    pub fn tell(&mut self, what: What, file: &str, more: impl Into<String>) {
        let more = more.into();
        let files = self.happened.entry(what).or_default();
        if files.insert(file.to_owned(), more.clone()).is_some() {
            return;
        }
        let mut line = format!("{:<9} {file}", what.word());
        if !more.is_empty() {
            line.push_str("  ");
            line.push_str(&more);
        }
        match what.is_for_a_person() {
            true if self.old.get(file) == Some(&line) => {}
            true => {
                self.say_aloud(&line);
                self.old.insert(file.to_owned(), line);
            }
            false => {
                let number = files.len();
                self.old.remove(file);
                if number <= ONE_BY_ONE {
                    self.say(&line);
                } else if number == ONE_BY_ONE + 1 {
                    self.say(&format!("{:<9} …", what.word()));
                }
            }
        }
    }

    /// Tells something to who watches.
    #[expect(
        clippy::print_stdout,
        reason = "what a command has to tell goes to standard output"
    )]
    pub fn say(&self, line: &str) {
        if !self.is_quiet {
            self.bar.suspend(|| println!("{line}"));
        }
    }

    /// Tells something that a person has to look at.
    pub fn say_aloud(&self, line: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }

    /// Begins something of `length` steps; of unknown length without.
    pub fn begin(&mut self, doing: &'static str, length: Option<usize>) {
        self.end();
        if self.is_quiet || length == Some(0) || !std::io::stderr().is_terminal() {
            return;
        }
        self.bar = match length {
            Some(length) => {
                let length = u64::try_from(length).unwrap_or(u64::MAX);
                let style = "{msg:10} {bar:30} {pos}/{len}  {eta} left";
                styled(ProgressBar::new(length), style)
            }
            None => styled(ProgressBar::new_spinner(), "{msg:10} {spinner} {pos}"),
        };
        self.bar.set_message(doing);
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    /// One step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// What was begun is done.
    pub fn end(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }

    /// How many files this happened to.
    pub fn count(&self, what: What) -> usize {
        self.happened.get(&what).map_or(0, BTreeMap::len)
    }

    /// Whether a person has to look at something.
    pub fn needs_a_person(&self) -> bool {
        self.count(What::Conflict) + self.count(What::Refused) > 0
    }

    /// Whether anything went to and fro.
    pub fn has_moved(&self) -> bool {
        self.happened.keys().any(|what| !what.is_for_a_person())
    }

    /// The sum, in words.
    pub fn sum(&self) -> String {
        let counts = What::ALL.into_iter();
        let counts = counts.map(|(what, _, words)| (self.count(what), words));
        let counts: Vec<String> = counts
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| format!("{count} {words}"))
            .collect();
        match counts.is_empty() {
            true => "nothing had changed".into(),
            false => counts.join(", "),
        }
    }

    /// Begins a new round: what a person was told is not told again as long as it stays so.
    pub fn begin_round(&mut self) {
        let happened = std::mem::take(&mut self.happened);
        let open = |what| happened.get(&what).into_iter().flat_map(BTreeMap::keys);
        let open: Vec<&String> = open(What::Conflict).chain(open(What::Refused)).collect();
        self.old.retain(|file, _| open.contains(&file));
        self.without_key = 0;
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A problem document for people: what is wrong, then each fault in a line of its own.
pub fn problem_text(problem: &Value, place_of: impl Fn(&str) -> Option<(usize, usize)>) -> String {
    let text = |value: &Value, name: &str| {
        let text = value.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let faults = problem.get("errors").and_then(Value::as_array);
    let faults = faults.map(Vec::as_slice).unwrap_or_default();
    let shown = |fault: &Value, pointer: &str| {
        let place = place_of(pointer);
        let place = place.map(|(line, column)| format!(" (line {line}, column {column})"));
        format!("{}{}", text(fault, "detail"), place.unwrap_or_default())
    };
    if let [fault] = faults
        && text(fault, "pointer").is_empty()
    {
        return shown(fault, "");
    }
    let mut lines = vec![match text(problem, "detail") {
        _ if !faults.is_empty() => "is not accepted as it stands:".to_owned(),
        detail if detail.is_empty() => text(problem, "title"),
        detail => detail,
    }];
    let pointers: Vec<String> = faults.iter().map(|fault| text(fault, "pointer")).collect();
    let room = pointers.iter().map(|pointer| width(pointer)).max();
    for (fault, pointer) in faults.iter().zip(&pointers) {
        let gap = " ".repeat(room.unwrap_or_default().saturating_sub(width(pointer)));
        let line = format!("{pointer}{gap}  {}", shown(fault, pointer));
        lines.push(line.trim_start().to_owned());
    }
    lines.join("\n          ")
}

/// A value in a line.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) => format!("“{}”", shortened(text, VALUE)),
        value => shortened(&value.to_string(), VALUE),
    }
}
