//! A plan as a document to read, print and go on with: Markdown in the order of its template, in one language or in two
//! side by side.

mod markdown;

use std::cell::Cell;
use std::collections::BTreeMap;

use diesel::result::Error;

use self::markdown::{cell, inline, paragraphs, row};
use super::reports::wanted_language;
use super::summary::Names;
use super::summary::names::named;
use super::summary::words::Words;
use super::types::{
    ActionPlan, Activity, FollowUp, Implementation, Inputs, JointAction, Level, PlanKind, Risk,
    SdgRelevance, Source,
};
use crate::edtf::Edtf;
use crate::ids::CityId;
use crate::messages::{Language, message, word};
use crate::resource::{Document, Resource, Written};
use crate::templates::types::{Section, SectionField, Template};
use crate::text::{Text, Title};

/// The whole of it. Without a language it is in the one of the plan's that the reader wants most.
pub const WRITTEN: Written<ActionPlan> = Written {
    write: |conn, caller, stored, wanted| {
        Box::pin(async move {
            let plan = stored.plan()?;
            let template = Template::find(conn, caller, &stored.template).await?;
            let template = template.ok_or(Error::NotFound)?;
            let (_, names) = named(conn, &plan).await?.ok_or(Error::NotFound)?;
            let mut languages: Vec<String> = match wanted.asked {
                [] => vec![wanted_language(&plan, wanted.accept).to_owned()],
                asked => asked.iter().map(|tag| tag.0.clone()).collect(),
            };
            languages.dedup();
            let mut writer = Writer {
                plan: &plan,
                names: &names,
                languages: &languages,
                found: Cell::default(),
                missed: Cell::default(),
                out: String::new(),
            };
            writer.whole(&template.sections.0);
            let (text, found, missed) = (writer.out, writer.found.get(), writer.missed.get());
            if missed {
                languages.retain(|_| found);
                languages.push(plan.language.clone());
                languages.dedup();
            }
            Ok(Document { text, languages })
        })
    },
};

struct Writer<'a> {
    plan: &'a ActionPlan,
    names: &'a Names,
    languages: &'a [String],
    /// Whether the plan says something in what was asked for.
    found: Cell<bool>,
    /// Whether it does not, so that it is shown in the plan's own language.
    missed: Cell<bool>,
    out: String,
}

impl Writer<'_> {
    fn whole(&mut self, sections: &[Section]) {
        let plan = self.plan;
        let title = self.title(plan.title.as_ref());
        self.heading(1, &title);
        self.head();
        for section in sections {
            if section.field == SectionField::Title {
                continue;
            }
            let number = section.section.map(|number| format!("{number}. "));
            let title = self.name(&section.title);
            self.heading(2, &format!("{}{title}", number.unwrap_or_default()));
            self.section(section.field);
        }
        if self.missed.get() {
            let (own, is_all) = (&plan.language, !self.found.get());
            let languages = self.languages.iter();
            let told = languages.map(|tag| Words::of(tag).instead(tag, own, is_all));
            let told = joined(told);
            self.paragraph(&format!("*{told}*"));
        }
    }

    /// Where it stands, and what it is.
    fn head(&mut self) {
        let plan = self.plan;
        let mut facts = vec![
            ("status", self.words(|words| words.plan_status(plan.status))),
            ("version", plan.version.to_string()),
            ("pairing", inline(plan.pairing.as_str())),
        ];
        if let (PlanKind::Revision, Some(revised)) = (plan.kind, &plan.revises) {
            let title = revised.title.as_ref().map(|title| self.title(Some(title)));
            let url = revised.url.as_ref().map(|url| inline(url.as_str()));
            let plan = revised.plan.map(|plan| format!("`{plan}`"));
            let told: Vec<String> = title.into_iter().chain(url).chain(plan).collect();
            facts.push(("revises", told.join(" ")));
        }
        self.facts(&facts);
    }

    fn section(&mut self, field: SectionField) {
        let plan = self.plan;
        match field {
            SectionField::Title => {}
            SectionField::Proponents => {
                let cities = plan.proponents.iter().map(|city| self.city(city));
                let cities = cities.collect();
                self.list(cities);
            }
            SectionField::SdgRelevance => {
                let entries = plan.sdg_relevance.iter().map(|entry| self.relevance(entry));
                let entries = entries.collect();
                self.list(entries);
                self.say_if_empty(plan.sdg_relevance.is_empty());
            }
            SectionField::ExecutiveSummary => self.prose(plan.executive_summary.as_ref()),
            SectionField::Objectives => self.prose(plan.objectives.as_ref()),
            SectionField::Context => self.prose(plan.context.as_ref()),
            SectionField::Inputs => self.inputs(plan.inputs.as_ref()),
            SectionField::Activities => self.activities(&plan.activities),
            SectionField::Implementation => self.implementation(plan.implementation.as_ref()),
            SectionField::Risks => self.risks(&plan.risks),
            SectionField::FollowUp => self.follow_up(plan.follow_up.as_ref()),
            SectionField::JointActions => self.joint_actions(&plan.joint_actions),
        }
    }

    fn relevance(&self, entry: &SdgRelevance) -> String {
        let mut told = match (&entry.target, &entry.goal) {
            (Some(target), _) => format!("**{}**", inline(target)),
            (None, Some(goal)) => {
                let title = goal
                    .parse()
                    .ok()
                    .and_then(|goal| self.names.goals.get(&goal));
                let title = title.map(|title| format!(" {}", self.name(title)));
                format!("**{}**{}", inline(goal), title.unwrap_or_default())
            }
            (None, None) => String::new(),
        };
        if let Some(note) = &entry.note {
            told.push_str(": ");
            told.push_str(&self.short(note));
        }
        told
    }

    fn inputs(&mut self, inputs: Option<&Inputs>) {
        let text = inputs.and_then(|inputs| inputs.text.as_ref());
        let sources = inputs.map_or(&[][..], |inputs| &inputs.sources);
        self.prose_beside(text, sources.is_empty());
        self.sources(sources);
    }

    fn sources(&mut self, sources: &[Source]) {
        if sources.is_empty() {
            return;
        }
        let label = self.label("sources");
        self.paragraph(&format!("**{label}**"));
        let told = |source: &Source| {
            let kind = self.label(&word("source", source.r#type));
            let mut told = format!("{kind} `{}`", source.id);
            if let Some(note) = &source.note {
                told.push_str(": ");
                told.push_str(&self.short(note));
            }
            told
        };
        let told = sources.iter().map(told).collect();
        self.list(told);
    }

    fn activities(&mut self, activities: &[Activity]) {
        for activity in activities {
            let title = self.title(activity.title.as_ref());
            self.heading(3, &title);
            let targets = activity.sdg_targets.iter().map(|code| inline(&code.0));
            let targets: Vec<String> = targets.collect();
            let progress = activity.progress_percent;
            let budget = activity.budget.as_ref();
            let facts = [
                ("when", self.date(activity.when.as_ref())),
                (
                    "responsible",
                    line(activity.responsible.as_ref().map(|who| who.as_str())),
                ),
                (
                    "budget",
                    budget.map_or_else(String::new, |money| {
                        format!("{} {}", money.amount, money.currency.as_str())
                    }),
                ),
                (
                    "status",
                    self.words(|words| words.activity_status(activity.status)),
                ),
                (
                    "progress",
                    progress.map_or_else(String::new, |done| format!("{done} %")),
                ),
                ("targets", targets.join(", ")),
            ];
            self.facts(&facts);
            self.prose_beside(activity.description.as_ref(), false);
            self.sources(&activity.sources);
        }
        self.say_if_empty(activities.is_empty());
    }

    fn implementation(&mut self, part: Option<&Implementation>) {
        let text = part.and_then(|part| part.text.as_ref());
        let is_all = part.is_none_or(|it| it.stakeholders.is_empty() && it.financing.is_empty());
        self.prose_beside(text, is_all);
        let Some(part) = part else { return };
        if !part.stakeholders.is_empty() {
            let rows = part.stakeholders.iter().map(|it| {
                let role = it.role.as_ref().map(|role| role.as_str());
                vec![cell(it.name.as_str()), cell(role.unwrap_or_default())]
            });
            self.table(&["stakeholder", "role"], rows.collect());
        }
        if !part.financing.is_empty() {
            let rows = part.financing.iter().map(|it| {
                let currency = it.currency.as_ref().map(|currency| currency.as_str());
                let amount = it.amount.as_deref().into_iter().chain(currency);
                let amount: Vec<&str> = amount.collect();
                vec![cell(it.source.as_str()), amount.join(" ")]
            });
            self.table(&["financing", "amount"], rows.collect());
        }
    }

    fn risks(&mut self, risks: &[Risk]) {
        if risks.is_empty() {
            return self.say_if_empty(true);
        }
        let number = |number: Option<i32>| number.map_or_else(String::new, |it| it.to_string());
        let rows = risks.iter().map(|risk| {
            vec![
                self.cell_of(risk.description.as_ref()),
                number(risk.likelihood),
                number(risk.impact),
                self.cell_of(risk.mitigation.as_ref()),
            ]
        });
        let rows = rows.collect();
        self.table(&["risk", "likelihood", "impact", "mitigation"], rows);
    }

    fn follow_up(&mut self, part: Option<&FollowUp>) {
        let text = part.and_then(|part| part.text.as_ref());
        let indicators = part.map_or(&[][..], |part| &part.indicators);
        self.prose_beside(text, indicators.is_empty());
        if indicators.is_empty() {
            return;
        }
        let rows = indicators.iter().map(|indicator| {
            vec![
                self.title(indicator.name.as_ref()),
                cell(indicator.unit.as_ref().map_or("", |unit| unit.as_str())),
                self.level(indicator.baseline.as_ref()),
                self.level(indicator.target.as_ref()),
            ]
        });
        let rows = rows.collect();
        self.table(&["indicator", "unit", "baseline", "target"], rows);
    }

    fn level(&self, level: Option<&Level>) -> String {
        level.map_or_else(String::new, |level| match &level.on {
            Some(on) => format!("{} ({})", level.value, self.date(Some(on))),
            None => level.value.to_string(),
        })
    }

    fn joint_actions(&mut self, actions: &[JointAction]) {
        for action in actions {
            let title = self.title(action.title.as_ref());
            self.heading(3, &title);
            let answers = action.consents.iter().map(|consent| {
                let decision = self.label(&word("consent", consent.decision));
                (consent.city.clone(), decision)
            });
            let answers: BTreeMap<CityId, String> = answers.collect();
            let with = action.with.iter().map(|city| match answers.get(city) {
                Some(decision) => format!("{} ({decision})", self.city(city)),
                None => self.city(city),
            });
            let with: Vec<String> = with.collect();
            self.facts(&[("with", with.join(", "))]);
            self.prose_beside(action.description.as_ref(), false);
        }
        self.say_if_empty(actions.is_empty());
    }

    /// A word of the service, in each language of the document that it speaks.
    fn label(&self, name: &str) -> String {
        let languages = self.languages.iter();
        let said = languages.map(|tag| {
            let language = Language::negotiate(Some(tag));
            message(language, &format!("document-{name}"), None, &Vec::new()).unwrap_or_default()
        });
        joined(said)
    }

    /// The same of the words of the summary.
    fn words(&self, say: impl Fn(&'static Words) -> &'static str) -> String {
        let languages = self.languages.iter();
        joined(languages.map(|tag| say(Words::of(tag)).to_owned()))
    }

    fn date(&self, date: Option<&Edtf>) -> String {
        let Some(date) = date else {
            return String::new();
        };
        let languages = self.languages.iter();
        joined(languages.map(|tag| Words::of(tag).date(date)))
    }

    fn city(&self, city: &CityId) -> String {
        let name = self.names.cities.get(city);
        name.map_or_else(|| inline(city.as_str()), |name| self.name(name))
    }

    /// A name that is not the plan's.
    fn name(&self, name: &Title) -> String {
        let languages = self.languages.iter();
        joined(languages.map(|tag| inline(name.best(tag))))
    }

    /// What the plan calls something, in the plan's own language where it says it in none that was asked for.
    fn title(&self, title: Option<&Title>) -> String {
        let Some(title) = title else {
            return self.label("untitled");
        };
        let said = self.said(|tag| title.in_language(tag));
        match joined(said.into_iter().flatten().map(inline)) {
            said if said.is_empty() => inline(title.best(&self.plan.language)),
            said => said,
        }
    }

    /// What is said in each of the languages of the document, for `de-AT` also in `de`; notes where nothing is in any.
    fn said<'t>(&self, get: impl Fn(&str) -> Option<&'t str>) -> Vec<Option<&'t str>> {
        let primary = |tag: &str| tag.split('-').next().and_then(&get);
        let languages = self.languages.iter();
        let said: Vec<Option<&str>> = languages
            .map(|tag| get(tag).or_else(|| primary(tag)))
            .collect();
        let is_said = said.iter().any(Option::is_some);
        let noted = if is_said { &self.found } else { &self.missed };
        noted.set(true);
        said
    }

    /// A text in one line.
    fn short(&self, text: &Text) -> String {
        let said = self.said(|tag| text.in_language(tag));
        match joined(said.into_iter().flatten().map(inline)) {
            said if said.is_empty() => inline(text.best(&self.plan.language)),
            said => said,
        }
    }

    /// A text in a cell of a table.
    fn cell_of(&self, text: Option<&Text>) -> String {
        let Some(text) = text else {
            return String::new();
        };
        let said = self.said(|tag| text.in_language(tag));
        let said: Vec<String> = said.into_iter().flatten().map(cell).collect();
        match said.as_slice() {
            [] => cell(text.best(&self.plan.language)),
            said => said.join("<br><br>"),
        }
    }

    /// A text of its own, beside which there is something else, or nothing.
    fn prose_beside(&mut self, text: Option<&Text>, is_all: bool) {
        if text.is_some() || is_all {
            self.prose(text);
        }
    }

    /// A text of its own: as paragraphs, or in two languages side by side.
    fn prose(&mut self, text: Option<&Text>) {
        let Some(text) = text else {
            return self.say_if_empty(true);
        };
        let said = self.said(|tag| text.in_language(tag));
        let told = match said.as_slice() {
            [Some(said)] => paragraphs(said),
            said if said.iter().all(Option::is_none) => paragraphs(text.best(&self.plan.language)),
            said => {
                let names = self.languages.iter();
                let names = names.map(|tag| Words::of(tag).language(tag));
                let said = said.iter().map(|said| cell(said.unwrap_or_default()));
                rows_of(names.collect(), vec![said.collect()])
            }
        };
        self.paragraph(&told);
    }

    fn table(&mut self, labels: &[&str], rows: Vec<Vec<String>>) {
        let labels = labels.iter().map(|label| self.label(label)).collect();
        let table = rows_of(labels, rows);
        self.paragraph(&table);
    }

    fn facts(&mut self, facts: &[(&str, String)]) {
        let facts = facts.iter().filter(|(_, fact)| !fact.is_empty());
        let facts = facts.map(|(name, fact)| format!("**{}**: {fact}", self.label(name)));
        let facts = facts.collect();
        self.list(facts);
    }

    fn list(&mut self, entries: Vec<String>) {
        let lines: Vec<String> = entries
            .into_iter()
            .map(|entry| format!("- {entry}"))
            .collect();
        self.paragraph(&lines.join("\n"));
    }

    fn say_if_empty(&mut self, is_empty: bool) {
        if is_empty {
            let nothing = self.label("nothing");
            self.paragraph(&format!("*{nothing}*"));
        }
    }

    fn heading(&mut self, level: usize, text: &str) {
        let heading = format!("{} {text}", "#".repeat(level));
        self.paragraph(&heading);
    }

    /// Something that stands for itself, with an empty line before it.
    fn paragraph(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }
}

fn line(text: Option<&str>) -> String {
    inline(text.unwrap_or_default())
}

fn rows_of(names: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let mut table = row(&names);
    table.push_str(&row(names.iter().map(|_| "---")));
    table.extend(rows.iter().map(row));
    table
}

/// What is said in several languages, once where it is the same in all of them.
fn joined(said: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for said in said {
        if !said.is_empty() && !all.contains(&said) {
            all.push(said);
        }
    }
    all.join(" / ")
}
