//! The summary as a page of plain text, in one language: at most 60 lines of [`COLUMNS`] columns.

use std::cell::Cell;

use super::words::Words;
use super::{MainIndicator, NamedCity, PlanSummary};
use crate::action_plans::types::Level;
use crate::lines::{shortened, width, wrapped};
use crate::text::{Text, Title};

/// How wide the page is.
pub const COLUMNS: usize = 78;
/// Where the right-hand side of the head begins.
const INDENT: usize = 14;
/// How many goals have a line of their own.
const GOALS: usize = 6;

impl PlanSummary {
    /// The page in `language` (BCP 47). What the plan does not say in it is told in the plan's own language, and the
    /// page ends with a line that says so.
    pub fn to_text(&self, language: &str) -> String {
        let page = Page {
            summary: self,
            words: Words::of(language),
            reader: Reader {
                asked: language,
                own: &self.language,
                found: Cell::default(),
                missed: Cell::default(),
            },
        };
        let mut lines = page.head();
        for (heading, body) in [
            (page.words.activities, page.activities()),
            (page.words.results, page.results()),
            (page.words.joint_actions, page.joint_actions()),
        ] {
            if !body.is_empty() {
                lines.push(String::new());
                lines.push(heading.to_owned());
                lines.extend(body);
            }
        }
        if page.reader.missed.get() {
            let is_all = !page.reader.found.get();
            let instead = page.words.instead(language, &self.language, is_all);
            lines.push(String::new());
            lines.extend(wrapped(&instead, COLUMNS));
        }
        lines.join("\n") + "\n"
    }
}

/// Finds the words of the plan in the language asked for, and notes where there are none.
struct Reader<'a> {
    asked: &'a str,
    own: &'a str,
    found: Cell<bool>,
    missed: Cell<bool>,
}

impl Reader<'_> {
    fn title<'t>(&self, title: &'t Title) -> &'t str {
        self.note(
            title
                .in_language(self.asked)
                .or_else(|| title.in_language(self.primary())),
        )
        .or_else(|| title.in_language(self.own))
        .unwrap_or_else(|| title.best(self.own))
    }

    fn text<'t>(&self, text: &'t Text) -> &'t str {
        self.note(
            text.in_language(self.asked)
                .or_else(|| text.in_language(self.primary())),
        )
        .or_else(|| text.in_language(self.own))
        .unwrap_or_else(|| text.best(self.own))
    }

    fn note<'t>(&self, found: Option<&'t str>) -> Option<&'t str> {
        let cell = if found.is_some() {
            &self.found
        } else {
            &self.missed
        };
        cell.set(true);
        found
    }

    /// `de` for `de-AT`.
    fn primary(&self) -> &str {
        self.asked.split('-').next().unwrap_or_default()
    }

    /// A name that is not the plan's, and says nothing of the language the plan is in.
    fn name<'t>(&self, name: Option<&'t Title>, id: &'t str) -> &'t str {
        let name = name.map(|name| {
            name.in_language(self.asked)
                .unwrap_or_else(|| name.best(self.primary()))
        });
        name.unwrap_or(id)
    }
}

struct Page<'a> {
    summary: &'a PlanSummary,
    words: &'static Words,
    reader: Reader<'a>,
}

impl Page<'_> {
    fn head(&self) -> Vec<String> {
        let (summary, words) = (self.summary, self.words);
        let title = summary
            .title
            .as_ref()
            .map_or(words.untitled, |title| self.reader.title(title));
        let mut lines = wrapped(&shortened(title, 3 * COLUMNS - INDENT), COLUMNS);
        let widest = lines
            .iter()
            .map(|line| width(line))
            .max()
            .unwrap_or_default();
        lines.push("=".repeat(widest));
        let pairing = format!("{} ({})", summary.pairing.number, summary.pairing.id);
        let subjects = summary.themes.subjects.iter();
        let subjects =
            subjects.map(|subject| self.reader.name(subject.name.as_ref(), subject.id.as_str()));
        let subjects = subjects.collect::<Vec<_>>().join(words.comma);
        for (label, value) in [
            (words.proponents, self.cities(&summary.proponents)),
            (words.partners, self.cities(&summary.partners)),
            (words.pairing, pairing),
            (words.status, words.plan_status(summary.status).to_owned()),
            (words.themes, subjects),
        ] {
            if !value.is_empty() {
                lines.extend(self.labelled(label, &value, 2));
            }
        }
        let mut label = words.goals;
        for goal in summary.themes.goals.iter().take(GOALS) {
            let title = self.reader.name(goal.title.as_ref(), "");
            let targets: Vec<_> = goal.targets.iter().map(|code| code.0.as_str()).collect();
            let targets = targets.join(", ");
            let targets = if targets.is_empty() {
                targets
            } else {
                format!(" ({targets})")
            };
            lines.extend(self.labelled(label, &format!("{} {title}{targets}", goal.number), 1));
            label = "";
        }
        let rest = summary.themes.goals.iter().skip(GOALS).count();
        if rest > 0 {
            lines.extend(self.labelled("", &words.more(rest), 1));
        }
        lines
    }

    /// A line of the head, with its label at the left.
    fn labelled(&self, label: &str, value: &str, most: usize) -> Vec<String> {
        let room = COLUMNS - INDENT;
        let lines = wrapped(&shortened(value, room * most - (most - 1) * INDENT), room);
        let label = format!("{label}{}", " ".repeat(INDENT.saturating_sub(width(label))));
        let blank = " ".repeat(INDENT);
        lines
            .iter()
            .enumerate()
            .map(|(index, line)| format!("{}{line}", if index == 0 { &label } else { &blank }))
            .collect()
    }

    fn cities(&self, cities: &[NamedCity]) -> String {
        let names = cities
            .iter()
            .map(|city| self.reader.name(city.name.as_ref(), city.id.as_str()));
        names.collect::<Vec<_>>().join(self.words.comma)
    }

    fn activities(&self) -> Vec<String> {
        let items = self.summary.activities.iter().map(|part| {
            let title = part
                .title
                .as_ref()
                .map_or(self.words.untitled, |title| self.reader.title(title));
            let facts = part.when.iter().map(|when| self.words.date(when));
            let facts = facts.chain([self.words.activity_status(part.status).to_owned()]);
            let facts = facts.chain(part.progress_percent.map(|progress| format!("{progress}%")));
            item(title, &facts.collect::<Vec<_>>().join(self.words.comma))
        });
        self.with_rest(items.collect(), self.summary.totals.activities)
    }

    fn results(&self) -> Vec<String> {
        let results = &self.summary.expected_results;
        let mut lines = Vec::new();
        if let Some(objectives) = &results.objectives {
            lines.extend(wrapped(self.reader.text(objectives), COLUMNS));
        }
        let items = results.indicators.iter().map(|part| {
            let name = part
                .name
                .as_ref()
                .map_or(self.words.untitled, |name| self.reader.title(name));
            item(name, &self.levels(part))
        });
        lines.extend(self.with_rest(items.collect(), self.summary.totals.indicators));
        lines
    }

    /// Where an indicator stood and where it should: `1200 trees (2018) → 2200 trees (2030)`.
    fn levels(&self, part: &MainIndicator) -> String {
        let unit = part.unit.as_ref().map(|unit| shortened(unit.as_str(), 12));
        let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
        let level = |level: &Level| {
            let on = level
                .on
                .as_ref()
                .map(|on| format!(" ({})", self.words.date(on)));
            format!("{}{unit}{}", level.value, on.unwrap_or_default())
        };
        match (&part.baseline, &part.target) {
            (Some(baseline), Some(target)) => format!("{} → {}", level(baseline), level(target)),
            (None, Some(target)) => format!("→ {}", level(target)),
            (Some(baseline), None) => level(baseline),
            (None, None) => String::new(),
        }
    }

    fn joint_actions(&self) -> Vec<String> {
        let items = self.summary.joint_actions.iter().map(|part| {
            let title = part
                .title
                .as_ref()
                .map_or(self.words.untitled, |title| self.reader.title(title));
            let cities = self.cities(&part.with);
            let cities = if cities.is_empty() {
                cities
            } else {
                self.words.with(&cities)
            };
            item(title, &cities)
        });
        self.with_rest(items.collect(), self.summary.totals.joint_actions)
    }

    fn with_rest(&self, mut items: Vec<String>, total: i32) -> Vec<String> {
        let rest = usize::try_from(total)
            .unwrap_or_default()
            .saturating_sub(items.len());
        if rest > 0 {
            items.push(format!("- {}", self.words.more(rest)));
        }
        items
    }
}

/// A line of a list: the title gives way to the facts, as far as half of the line.
fn item(title: &str, facts: &str) -> String {
    let room = COLUMNS - 2;
    if facts.is_empty() {
        return format!("- {}", shortened(title, room));
    }
    let half = room / 2;
    let facts = shortened(facts, (room - 2).saturating_sub(width(title)).max(half));
    let title = shortened(title, room - 2 - width(&facts));
    format!("- {title}: {facts}")
}
