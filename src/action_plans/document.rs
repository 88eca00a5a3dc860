//! A plan as a document to read, print and go on with, in the order of its template, in one language or in two side by
//! side: first as blocks, then as these are written in Markdown, for Word or as PDF.

mod blocks;
mod docx;
mod markdown;
mod pdf;

use std::cell::Cell;
use std::collections::BTreeMap;

use diesel::result::Error;

use self::blocks::{Block, Inline, Style};
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
use crate::resource::{Content, Document, DocumentForm, Make, Resource, Written};
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
                blocks: Vec::new(),
            };
            writer.whole(&template.sections.0);
            let (found, missed) = (writer.found.get(), writer.missed.get());
            let blocks = writer.blocks;
            if missed {
                languages.retain(|_| found);
                languages.push(plan.language.clone());
                languages.dedup();
            }
            let (meta, own) = (plan.meta(), languages.clone());
            let text = markdown::written(&blocks);
            let make: Make = match wanted.form {
                DocumentForm::Markdown => {
                    let content = Content::Text(text);
                    return Ok(Document { content, languages });
                }
                DocumentForm::Docx => Box::new(move |_| Ok(docx::written(&blocks, &meta)?)),
                DocumentForm::Pdf => {
                    Box::new(move |is_unwanted| pdf::written(&blocks, &meta, &own, is_unwanted))
                }
            };
            let content = Content::File(text, make);
            Ok(Document { content, languages })
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
    blocks: Vec<Block>,
}

impl Writer<'_> {
    fn whole(&mut self, sections: &[Section]) {
        let plan = self.plan;
        let title = self.title(plan.title.as_ref());
        self.heading(1, title);
        self.head();
        for section in sections {
            if section.field == SectionField::Title {
                continue;
            }
            let number = section.section.map(|number| format!("{number}. "));
            let title = self.name(&section.title);
            self.heading(2, Inline::plain(number.unwrap_or_default()).then(title));
            self.section(section.field);
        }
        if self.missed.get() {
            let (own, is_all) = (&plan.language, !self.found.get());
            let languages = self.languages.iter();
            let told = languages.map(|tag| ours(Words::of(tag).instead(tag, own, is_all), tag));
            let told = joined(told);
            self.paragraph(told.in_style(Style::Emphasis));
        }
    }

    /// Where it stands, and what it is.
    fn head(&mut self) {
        let plan = self.plan;
        let mut facts = vec![
            ("status", self.words(|words| words.plan_status(plan.status))),
            ("version", Inline::plain(plan.version.to_string())),
            ("pairing", Inline::line(plan.pairing.as_str())),
        ];
        if let (PlanKind::Revision, Some(revised)) = (plan.kind, &plan.revises) {
            let title = revised.title.as_ref().map(|title| self.title(Some(title)));
            let url = revised.url.as_ref().map(|url| Inline::line(url.as_str()));
            let plan = revised.plan.map(|plan| Inline::code(plan.to_string()));
            let told = title.into_iter().chain(url).chain(plan);
            facts.push(("revises", Inline::parted(told, " ")));
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

    fn relevance(&self, entry: &SdgRelevance) -> Inline {
        let mut told = match (&entry.target, &entry.goal) {
            (Some(target), _) => Inline::strong(target.to_string()),
            (None, Some(goal)) => {
                let title = goal
                    .parse()
                    .ok()
                    .and_then(|goal| self.names.goals.get(&goal));
                let title = title.map(|title| Inline::plain(" ").then(self.name(title)));
                Inline::strong(goal.to_string()).then(title.unwrap_or_default())
            }
            (None, None) => Inline::default(),
        };
        if let Some(note) = &entry.note {
            told = told.then(Inline::plain(": ")).then(self.short(note));
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
        self.paragraph(label.in_style(Style::Strong));
        let told = |source: &Source| {
            let kind = self.label(&word("source", source.r#type));
            let id = Inline::code(source.id.to_string());
            let told = kind.then(Inline::plain(" ")).then(id);
            match &source.note {
                Some(note) => told.then(Inline::plain(": ")).then(self.short(note)),
                None => told,
            }
        };
        let told = sources.iter().map(told).collect();
        self.list(told);
    }

    fn activities(&mut self, activities: &[Activity]) {
        for activity in activities {
            let title = self.title(activity.title.as_ref());
            self.heading(3, title);
            let targets = activity.sdg_targets.iter();
            let targets = Inline::parted(targets.map(|code| Inline::line(&code.0)), ", ");
            let progress = activity.progress_percent;
            let budget = activity.budget.as_ref();
            let facts = [
                ("when", self.date(activity.when.as_ref())),
                (
                    "responsible",
                    Inline::line(activity.responsible.as_ref().map_or("", |who| who.as_str())),
                ),
                (
                    "budget",
                    Inline::plain(budget.map_or_else(String::new, |money| {
                        format!("{} {}", money.amount, money.currency.as_str())
                    })),
                ),
                (
                    "status",
                    self.words(|words| words.activity_status(activity.status)),
                ),
                (
                    "progress",
                    Inline::plain(progress.map_or_else(String::new, |done| format!("{done} %"))),
                ),
                ("targets", targets),
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
                let name = Inline::lines(it.name.as_str());
                vec![name, Inline::lines(role.unwrap_or_default())]
            });
            self.table(&["stakeholder", "role"], rows.collect());
        }
        if !part.financing.is_empty() {
            let rows = part.financing.iter().map(|it| {
                let currency = it.currency.as_ref().map(|currency| currency.as_str());
                let amount = it.amount.as_deref().into_iter().chain(currency);
                let amount: Vec<&str> = amount.collect();
                let source = Inline::lines(it.source.as_str());
                vec![source, Inline::plain(amount.join(" "))]
            });
            self.table(&["financing", "amount"], rows.collect());
        }
    }

    fn risks(&mut self, risks: &[Risk]) {
        if risks.is_empty() {
            return self.say_if_empty(true);
        }
        let number = |number: Option<i32>| {
            Inline::plain(number.map_or_else(String::new, |it| it.to_string()))
        };
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
                Inline::lines(indicator.unit.as_ref().map_or("", |unit| unit.as_str())),
                self.level(indicator.baseline.as_ref()),
                self.level(indicator.target.as_ref()),
            ]
        });
        let rows = rows.collect();
        self.table(&["indicator", "unit", "baseline", "target"], rows);
    }

    fn level(&self, level: Option<&Level>) -> Inline {
        let Some(level) = level else {
            return Inline::default();
        };
        let value = Inline::plain(level.value.to_string());
        match &level.on {
            Some(on) => value.then(self.date(Some(on)).in_brackets()),
            None => value,
        }
    }

    fn joint_actions(&mut self, actions: &[JointAction]) {
        for action in actions {
            let title = self.title(action.title.as_ref());
            self.heading(3, title);
            let answers = action.consents.iter().map(|consent| {
                let decision = self.label(&word("consent", consent.decision));
                (consent.city.clone(), decision)
            });
            let answers: BTreeMap<CityId, Inline> = answers.collect();
            let with = action.with.iter().map(|city| match answers.get(city) {
                Some(decision) => self.city(city).then(decision.clone().in_brackets()),
                None => self.city(city),
            });
            let with = Inline::parted(with, ", ");
            self.facts(&[("with", with)]);
            self.prose_beside(action.description.as_ref(), false);
        }
        self.say_if_empty(actions.is_empty());
    }

    /// A word of the service, in each language of the document that it speaks.
    fn label(&self, name: &str) -> Inline {
        let languages = self.languages.iter();
        joined(languages.map(|tag| {
            let language = Language::negotiate(Some(tag));
            let said = message(language, &format!("document-{name}"), None, &Vec::new());
            Inline::plain(said.unwrap_or_default()).in_language(language.tag())
        }))
    }

    /// The same of the words of the summary.
    fn words(&self, say: impl Fn(&'static Words) -> &'static str) -> Inline {
        let languages = self.languages.iter();
        joined(languages.map(|tag| ours(say(Words::of(tag)), tag)))
    }

    fn date(&self, date: Option<&Edtf>) -> Inline {
        let Some(date) = date else {
            return Inline::default();
        };
        let languages = self.languages.iter();
        joined(languages.map(|tag| ours(Words::of(tag).date(date), tag)))
    }

    fn city(&self, city: &CityId) -> Inline {
        let name = self.names.cities.get(city);
        name.map_or_else(|| Inline::line(city.as_str()), |name| self.name(name))
    }

    /// A name that is not the plan's.
    fn name(&self, name: &Title) -> Inline {
        let languages = self.languages.iter();
        joined(languages.map(|tag| {
            let told = Inline::line(name.best(tag));
            match name.in_language(tag) {
                Some(_) => told.in_language(tag),
                None => told,
            }
        }))
    }

    /// What the plan calls something, in the plan's own language where it says it in none that was asked for.
    fn title(&self, title: Option<&Title>) -> Inline {
        let Some(title) = title else {
            return self.label("untitled");
        };
        let said = self.said(|tag| title.in_language(tag));
        let best = title.best(&self.plan.language);
        joined(self.told(&said, best, Inline::line))
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

    /// The same to be shown, or what the plan says best where it says it in none of them.
    fn told<'s>(
        &'s self,
        said: &'s [Option<&str>],
        best: &'s str,
        show: fn(&str) -> Inline,
    ) -> impl Iterator<Item = Inline> + 's {
        let all = said.iter().zip(self.languages);
        let told = all.filter_map(move |(said, tag)| Some(show((*said)?).in_language(tag)));
        let is_said = said.iter().any(Option::is_some);
        let instead = (!is_said).then(|| show(best).in_language(&self.plan.language));
        told.chain(instead)
    }

    /// A text in one line.
    fn short(&self, text: &Text) -> Inline {
        let said = self.said(|tag| text.in_language(tag));
        let best = text.best(&self.plan.language);
        joined(self.told(&said, best, Inline::line))
    }

    /// A text in a cell of a table.
    fn cell_of(&self, text: Option<&Text>) -> Inline {
        let Some(text) = text else {
            return Inline::default();
        };
        let said = self.said(|tag| text.in_language(tag));
        let best = text.best(&self.plan.language);
        Inline::parted(self.told(&said, best, Inline::lines), "\n\n")
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
        let best = text.best(&self.plan.language);
        let is_in_one = said.len() < 2 || said.iter().all(Option::is_none);
        let first = self.told(&said, best, Inline::lines).next();
        let told = match first.filter(|_| is_in_one) {
            Some(told) => Block::Prose(told),
            None => {
                let languages = self.languages.iter();
                let names = languages.map(|tag| ours(Words::of(tag).language(tag), tag));
                let cells = said
                    .iter()
                    .zip(self.languages)
                    .map(|(said, tag)| Inline::lines(said.unwrap_or_default()).in_language(tag));
                Block::Table {
                    head: names.collect(),
                    rows: vec![cells.collect()],
                }
            }
        };
        self.blocks.push(told);
    }

    fn table(&mut self, labels: &[&str], rows: Vec<Vec<Inline>>) {
        let head = labels.iter().map(|label| self.label(label)).collect();
        self.blocks.push(Block::Table { head, rows });
    }

    fn facts(&mut self, facts: &[(&str, Inline)]) {
        let facts = facts.iter().filter(|(_, fact)| !fact.is_empty());
        let facts = facts.map(|(name, fact)| {
            let label = self.label(name).in_style(Style::Strong);
            label.then(Inline::plain(": ")).then(fact.clone())
        });
        let facts = facts.collect();
        self.list(facts);
    }

    fn list(&mut self, entries: Vec<Inline>) {
        if !entries.is_empty() {
            self.blocks.push(Block::List(entries));
        }
    }

    fn say_if_empty(&mut self, is_empty: bool) {
        if is_empty {
            let nothing = self.label("nothing");
            self.paragraph(nothing.in_style(Style::Emphasis));
        }
    }

    fn heading(&mut self, level: u8, text: Inline) {
        self.blocks.push(Block::Heading { level, text });
    }

    fn paragraph(&mut self, text: Inline) {
        self.blocks.push(Block::Paragraph(text));
    }
}

/// Words of the service for the readers of a language: it speaks that or English.
fn ours(said: impl Into<String>, tag: &str) -> Inline {
    Inline::plain(said).in_language(Language::negotiate(Some(tag)).tag())
}

/// What is said in several languages, once where it is the same in all of them.
fn joined(said: impl Iterator<Item = Inline>) -> Inline {
    let mut all: Vec<Inline> = Vec::new();
    for said in said {
        if all.iter().all(|other| other.text() != said.text()) {
            all.push(said);
        }
    }
    Inline::parted(all, " / ")
}
