//! A plan as a document to read, print and go on with: Markdown in the order of its template, in one language or in two
//! side by side.

mod markdown;

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
            let languages = match wanted.asked {
                [] => vec![wanted_language(&plan, wanted.accept).to_owned()],
                asked => asked.iter().map(|tag| tag.0.clone()).collect(),
            };
            let mut writer = Writer {
                plan: &plan,
                names: &names,
                languages: &languages,
                out: String::new(),
            };
            writer.whole(&template.sections.0);
            let text = writer.out;
            Ok(Document { text, languages })
        })
    },
};

struct Writer<'a> {
    plan: &'a ActionPlan,
    names: &'a Names,
    languages: &'a [String],
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
            let mut told = self.title(revised.title.as_ref());
            if let Some(url) = &revised.url {
                told.push_str(&format!(" ({})", inline(url.as_str())));
            }
            facts.push(("revises", told));
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
        self.prose(inputs.and_then(|inputs| inputs.text.as_ref()));
        if let Some(inputs) = inputs {
            self.sources(&inputs.sources);
        }
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
            self.prose(activity.description.as_ref());
            self.sources(&activity.sources);
        }
        self.say_if_empty(activities.is_empty());
    }

    fn implementation(&mut self, part: Option<&Implementation>) {
        self.prose(part.and_then(|part| part.text.as_ref()));
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
                self.cell(risk.description.as_ref()),
                number(risk.likelihood),
                number(risk.impact),
                self.cell(risk.mitigation.as_ref()),
            ]
        });
        let rows = rows.collect();
        self.table(&["risk", "likelihood", "impact", "mitigation"], rows);
    }

    fn follow_up(&mut self, part: Option<&FollowUp>) {
        self.prose(part.and_then(|part| part.text.as_ref()));
        let indicators = part.map(|part| part.indicators.as_slice());
        let Some(indicators) = indicators.filter(|indicators| !indicators.is_empty()) else {
            return;
        };
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
            self.prose(action.description.as_ref());
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
        let said = self
            .languages
            .iter()
            .filter_map(|tag| title.in_language(tag));
        match joined(said.map(inline)) {
            said if said.is_empty() => inline(title.best(&self.plan.language)),
            said => said,
        }
    }

    /// A text in one line.
    fn short(&self, text: &Text) -> String {
        let said = self
            .languages
            .iter()
            .filter_map(|tag| text.in_language(tag));
        match joined(said.map(inline)) {
            said if said.is_empty() => inline(text.best(&self.plan.language)),
            said => said,
        }
    }

    /// A text in a cell.
    fn cell(&self, text: Option<&Text>) -> String {
        let Some(text) = text else {
            return String::new();
        };
        let said = self
            .languages
            .iter()
            .filter_map(|tag| text.in_language(tag));
        let said: Vec<String> = said.map(cell).collect();
        match said.as_slice() {
            [] => cell(text.best(&self.plan.language)),
            said => said.join("<br><br>"),
        }
    }

    /// A text of its own: as paragraphs, or in two languages side by side.
    fn prose(&mut self, text: Option<&Text>) {
        let Some(text) = text else {
            return self.say_if_empty(true);
        };
        let own = &self.plan.language;
        if let [language] = self.languages {
            let said = text.in_language(language);
            let said = paragraphs(said.unwrap_or_else(|| text.best(own)));
            return self.paragraph(&said);
        }
        let said = self.languages.iter().map(|tag| text.in_language(tag));
        let mut said: Vec<String> = said.map(|said| cell(said.unwrap_or_default())).collect();
        if said.iter().all(String::is_empty)
            && let Some(first) = said.first_mut()
        {
            *first = cell(text.best(own));
        }
        let names = self.languages.iter();
        let names = names.map(|tag| Words::of(tag).language(tag));
        let table = rows_of(names.collect(), vec![said]);
        self.paragraph(&table);
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
