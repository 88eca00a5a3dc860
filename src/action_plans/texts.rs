//! Every translated text of a plan, in the document's order, with its place.

use std::collections::{BTreeMap, HashMap};

use super::types::{ActionPlan, Source};
use crate::text::{Text, Title};

/// A translated text of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanText<'a> {
    /// The JSON Pointer to it, such as `/activities/0/title`.
    pub pointer: String,
    /// The same by the keys of parts, such as `/activities/bus-lanes/title`: it stays when parts move.
    pub path: String,
    /// What it says, by language.
    pub languages: BTreeMap<&'a str, &'a str>,
}

/// Every translated text that is there.
pub fn texts(plan: &ActionPlan) -> Vec<PlanText<'_>> {
    let mut walk = Walk::default();
    let top = Place::default();
    let revises = plan.revises.as_ref();
    walk.title(
        &top.member("revises"),
        "title",
        revises.and_then(|it| it.title.as_ref()),
    );
    walk.title(&top, "title", plan.title.as_ref());
    let codes = plan.sdg_relevance.iter().map(|entry| {
        let code = entry.target.as_deref().or(entry.goal.as_deref());
        code.unwrap_or_default().to_owned()
    });
    let places = top.member("sdg_relevance").entries(codes);
    for (place, entry) in places.iter().zip(&plan.sdg_relevance) {
        walk.text(place, "note", entry.note.as_ref());
    }
    walk.text(&top, "executive_summary", plan.executive_summary.as_ref());
    walk.text(&top, "objectives", plan.objectives.as_ref());
    walk.text(&top, "context", plan.context.as_ref());
    if let Some(inputs) = &plan.inputs {
        let place = top.member("inputs");
        walk.text(&place, "text", inputs.text.as_ref());
        walk.sources(&place, &inputs.sources);
    }
    let keys = plan.activities.iter().map(|part| part.key.0.clone());
    let places = top.member("activities").entries(keys);
    for (place, part) in places.iter().zip(&plan.activities) {
        walk.title(place, "title", part.title.as_ref());
        walk.text(place, "description", part.description.as_ref());
        walk.sources(place, &part.sources);
    }
    if let Some(implementation) = &plan.implementation {
        walk.text(
            &top.member("implementation"),
            "text",
            implementation.text.as_ref(),
        );
    }
    let keys = plan.risks.iter().map(|part| part.key.0.clone());
    let places = top.member("risks").entries(keys);
    for (place, part) in places.iter().zip(&plan.risks) {
        walk.text(place, "description", part.description.as_ref());
        walk.text(place, "mitigation", part.mitigation.as_ref());
    }
    if let Some(follow_up) = &plan.follow_up {
        let place = top.member("follow_up");
        walk.text(&place, "text", follow_up.text.as_ref());
        let keys = follow_up.indicators.iter().map(|part| part.key.0.clone());
        let places = place.member("indicators").entries(keys);
        for (place, part) in places.iter().zip(&follow_up.indicators) {
            walk.title(place, "name", part.name.as_ref());
        }
    }
    let keys = plan.joint_actions.iter().map(|part| part.key.0.clone());
    let places = top.member("joint_actions").entries(keys);
    for (place, part) in places.iter().zip(&plan.joint_actions) {
        walk.title(place, "title", part.title.as_ref());
        walk.text(place, "description", part.description.as_ref());
    }
    walk.0
}

#[derive(Default)]
struct Walk<'a>(Vec<PlanText<'a>>);

impl<'a> Walk<'a> {
    fn title(&mut self, at: &Place, member: &str, title: Option<&'a Title>) {
        if let Some(title) = title {
            self.note(at.member(member), title.languages().collect());
        }
    }

    fn text(&mut self, at: &Place, member: &str, text: Option<&'a Text>) {
        if let Some(text) = text {
            self.note(at.member(member), text.languages().collect());
        }
    }

    fn sources(&mut self, at: &Place, sources: &'a [Source]) {
        let names = sources
            .iter()
            .map(|source| format!("{}:{}", source.r#type, source.id));
        let places = at.member("sources").entries(names);
        for (place, source) in places.iter().zip(sources) {
            self.text(place, "note", source.note.as_ref());
        }
    }

    fn note(&mut self, place: Place, languages: BTreeMap<&'a str, &'a str>) {
        self.0.push(PlanText {
            pointer: place.pointer,
            path: place.path,
            languages,
        });
    }
}

/// A place in a plan, by indices and by keys.
#[derive(Clone, Default)]
struct Place {
    pointer: String,
    path: String,
}

impl Place {
    fn member(&self, name: &str) -> Self {
        Self {
            pointer: format!("{}/{name}", self.pointer),
            path: format!("{}/{name}", self.path),
        }
    }

    /// The places of the list's entries, by what names them; of those that are named alike, the later ones with
    /// their turn.
    fn entries(&self, names: impl Iterator<Item = String>) -> Vec<Self> {
        let mut turns: HashMap<String, usize> = HashMap::new();
        names
            .enumerate()
            .map(|(index, name)| {
                let turn = turns.entry(name.clone()).or_default();
                *turn += 1;
                let turn = if *turn > 1 {
                    format!("#{turn}")
                } else {
                    String::new()
                };
                Self {
                    pointer: format!("{}/{index}", self.pointer),
                    path: format!("{}/{name}{turn}", self.path),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::action_plans::samples::{complete, plan, with};

    /// The pointers to all objects whose members are languages.
    fn translated(at: &str, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members)
                if members
                    .keys()
                    .any(|name| name == "en" || name == "ja" || name == "de") =>
            {
                found.insert(at.to_owned());
            }
            Value::Object(members) => members
                .iter()
                .for_each(|(name, value)| translated(&format!("{at}/{name}"), value, found)),
            Value::Array(entries) => entries
                .iter()
                .zip(0..)
                .for_each(|(value, index)| translated(&format!("{at}/{index}"), value, found)),
            _ => {}
        }
    }

    fn check(plan: &ActionPlan) {
        let document = serde_json::to_value(plan).unwrap();
        let mut expected = BTreeSet::new();
        translated("", &document, &mut expected);
        let found = texts(plan);
        assert_eq!(
            found
                .iter()
                .map(|text| text.pointer.clone())
                .collect::<BTreeSet<_>>(),
            expected
        );
        for text in &found {
            assert_eq!(
                document.pointer(&text.pointer).unwrap(),
                &json!(text.languages)
            );
        }
        let paths: BTreeSet<_> = found.iter().map(|text| &text.path).collect();
        assert_eq!(paths.len(), found.len());
    }

    #[test]
    fn no_text_of_a_plan_is_left_out() {
        let mut document = complete();
        document["revises"] = json!({"title": {"en": "The plan before"}});
        document["activities"][1]["sources"] = json!([
            {"type": "meeting", "id": "exchange-meeting-3", "note": {"en": "Trams"}},
            {"type": "meeting", "id": "exchange-meeting-3", "note": {"en": "Again"}},
        ]);
        check(&serde_json::from_value(document).unwrap());
    }

    #[test]
    fn a_path_stays_when_its_part_moves() {
        let before = with(&[]);
        let mut after = before.clone();
        after.activities.reverse();
        let paths = |plan| {
            texts(plan)
                .into_iter()
                .map(|text| text.path)
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(paths(&before), paths(&after));
        assert!(paths(&after).contains("/activities/tram/title"));
    }

    proptest! {
        #[test]
        fn no_text_of_any_plan_is_left_out(plan in plan()) {
            check(&plan);
        }
    }
}
