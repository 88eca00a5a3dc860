use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::action_plans::samples::{complete, plan, with};

/// A plan through its writes.
struct Life {
    plan: ActionPlan,
    kept: Bookkeeping,
    version: i64,
}

impl Life {
    fn begin() -> Self {
        let plan = with(&[]);
        let kept = record(None, &plan, &Bookkeeping::default(), 1, false);
        Self {
            plan,
            kept,
            version: 1,
        }
    }

    fn become_plan(&mut self, plan: ActionPlan, minor: bool) {
        self.version += 1;
        self.kept = record(Some(&self.plan), &plan, &self.kept, self.version, minor);
        self.plan = plan;
    }

    fn put(&mut self, pointer: &str, value: Value) -> &mut Self {
        self.write(pointer, value, false)
    }

    fn write(&mut self, pointer: &str, value: Value, minor: bool) -> &mut Self {
        let mut document = serde_json::to_value(&self.plan).unwrap();
        *document.pointer_mut(pointer).unwrap() = value;
        self.become_plan(serde_json::from_value(document).unwrap(), minor);
        self
    }

    fn status(&self, pointer: &str, language: &str) -> &'static str {
        let list = work_list(&self.plan, &self.kept, &[]);
        let found = list
            .iter()
            .find(|item| item.pointer == pointer && item.language == language);
        found.unwrap().status.as_str()
    }
}

fn greener(en: &str, ja: &str) -> Value {
    json!({"en": en, "ja": ja})
}

const EN: &str = "A greener harbour";
const JA: &str = "緑あふれる港";

#[test]
fn a_new_plan_is_current_or_missing() {
    let life = Life::begin();
    assert!(life.kept.is_empty());
    assert_eq!(life.status("/title", "en"), "current");
    assert_eq!(life.status("/title", "ja"), "current");
    assert_eq!(life.status("/context", "ja"), "missing");
    assert_eq!(life.status("/activities/1/title", "de"), "missing");
}

#[test]
fn a_changed_text_makes_its_translations_stale_until_they_follow() {
    let mut life = Life::begin();
    life.put("/title/en", json!("A green harbour"));
    assert_eq!(life.status("/title", "en"), "current");
    assert_eq!(life.status("/title", "ja"), "stale");
    assert_eq!(life.status("/objectives", "ja"), "current");
    let list = work_list(&life.plan, &life.kept, &["ja".into()]);
    assert_eq!(list[0].since, Some(2));
    life.put("/title/en", json!("A very green harbour"));
    assert_eq!(
        work_list(&life.plan, &life.kept, &["ja".into()])[0].since,
        Some(2)
    );
    life.put("/title/ja", json!("とても緑の港"));
    assert_eq!(life.status("/title", "ja"), "current");
    assert_eq!(life.status("/title", "de"), "stale");
    life.put("/title/de", json!("Ein sehr grüner Hafen"));
    assert!(life.kept.is_empty());
}

#[test]
fn a_text_changed_together_with_its_translation_leaves_it_current() {
    let mut life = Life::begin();
    life.put("/title", greener("A green harbour", "緑の港"));
    assert_eq!(life.status("/title", "ja"), "current");
}

#[test]
fn a_minor_edit_makes_nothing_stale_and_nothing_current() {
    let mut life = Life::begin();
    life.write("/title/en", json!("A greener harbor"), true);
    assert_eq!(life.status("/title", "ja"), "current");
    life.put("/title/en", json!("A green harbor"));
    life.write("/title/ja", json!("緑あふれる港。"), true);
    assert_eq!(life.status("/title", "ja"), "stale");
    life.write("/title/en", json!("A green harbour"), true);
    assert_eq!(life.status("/title", "ja"), "stale");
}

#[test]
fn a_text_that_comes_back_makes_its_translation_current_again() {
    let mut life = Life::begin();
    life.put("/title/en", json!("A port"));
    life.put("/title/en", json!("A harbour"));
    assert_eq!(life.status("/title", "ja"), "stale");
    life.put("/title/en", json!(EN));
    assert_eq!(life.status("/title", "ja"), "current");
    assert!(life.kept.is_empty());
}

#[test]
fn moving_and_removing_parts_makes_nothing_stale() {
    let mut life = Life::begin();
    life.put("/activities/0/title/en", json!("Plant many trees"));
    let mut moved = life.plan.clone();
    moved.activities.reverse();
    life.become_plan(moved, false);
    assert_eq!(life.status("/activities/2/title", "ja"), "stale");
    let mut fewer = life.plan.clone();
    fewer.activities.pop();
    life.become_plan(fewer, false);
    assert!(life.kept.is_empty());
    let mut again = life.plan.clone();
    again.activities = with(&[]).activities;
    life.become_plan(again, false);
    assert_eq!(life.status("/activities/0/title", "ja"), "current");
}

#[test]
fn a_translation_that_is_added_is_current_and_one_that_goes_is_missing() {
    let mut life = Life::begin();
    life.put("/title/en", json!("A port"));
    life.put("/title", json!({"en": "A port"}));
    assert!(life.kept.is_empty());
    life.put("/title", greener("A port", "港"));
    assert_eq!(life.status("/title", "ja"), "current");
}

#[test]
fn an_own_text_that_goes_counts_as_changed_and_a_first_one_does_not() {
    let mut life = Life::begin();
    life.put("/title", json!({"ja": JA}));
    assert_eq!(life.status("/title", "en"), "missing");
    assert_eq!(life.status("/title", "ja"), "stale");
    life.put("/title", greener(EN, JA));
    assert_eq!(life.status("/title", "ja"), "current");
    life.put("/context", json!({"ja": "古い港"}));
    life.put("/context", json!({"en": "The old port", "ja": "古い港"}));
    assert_eq!(life.status("/context", "ja"), "current");
}

#[test]
fn the_own_language_is_current_also_after_it_became_another() {
    let mut life = Life::begin();
    life.put("/title/en", json!("A port"));
    life.put("/language", json!("ja"));
    assert_eq!(life.status("/title", "ja"), "current");
    assert_eq!(life.status("/title", "de"), "stale");
    life.put("/title/ja", json!("港"));
    assert_eq!(life.status("/title", "en"), "stale");
}

#[test]
fn asked_for_a_language_the_list_holds_it_alone() {
    let plan = with(&[]);
    let list = work_list(&plan, &Bookkeeping::default(), &["fr".into()]);
    assert!(list.iter().all(|item| item.language == "fr"));
    assert!(
        list.iter()
            .all(|item| item.status == TranslationStatus::Missing)
    );
    assert_eq!(list.len(), texts(&plan).len());
    let all = work_list(&plan, &Bookkeeping::default(), &[]);
    let languages: Vec<_> = all
        .iter()
        .take(3)
        .map(|item| item.language.as_str())
        .collect();
    assert_eq!(languages, ["en", "de", "ja"]);
}

#[test]
fn bookkeeping_is_kept_as_short_json() {
    let mut life = Life::begin();
    life.put("/activities/0/title/en", json!("Trees"));
    let kept = serde_json::to_value(&life.kept).unwrap();
    let fingerprint = fingerprint(complete()["activities"][0]["title"]["en"].as_str().unwrap());
    assert_eq!(fingerprint.len(), 16);
    assert_eq!(
        kept,
        json!({"/activities/trees/title": {"ja": {"since": 2, "of": fingerprint}}})
    );
    assert_eq!(
        serde_json::from_value::<Bookkeeping>(kept).unwrap(),
        life.kept
    );
}

/// The rules again, told from the whole history: what the translation was made from, and what is there now.
#[derive(Default)]
struct Model(BTreeMap<(String, String), Option<String>>);

proptest! {
    #[test]
    fn a_translation_is_stale_exactly_when_the_own_text_is_not_what_it_was_made_from(
        plans in prop::collection::vec(plan(), 1..6)
    ) {
        let mut model = Model::default();
        let mut kept = Bookkeeping::default();
        let mut before: Option<ActionPlan> = None;
        for (mut plan, version) in plans.into_iter().zip(1..) {
            plan.language = "en".into();
            kept = record(before.as_ref(), &plan, &kept, version, false);
            let earlier = before.as_ref().map(texts).unwrap_or_default();
            let mut next = Model::default();
            for text in texts(&plan) {
                let was = earlier.iter().find(|earlier| earlier.path == text.path);
                for (language, words) in &text.languages {
                    let key = (text.path.clone(), (*language).to_owned());
                    let own = text.languages.get("en").map(|own| (*own).to_owned());
                    let untouched = was.is_some_and(|was| was.languages.get(language) == Some(words));
                    let made_from = model.0.get(&key).cloned().flatten();
                    next.0.insert(key, if untouched { made_from.or(own) } else { own });
                }
            }
            model = next;
            for item in work_list(&plan, &kept, &[]) {
                let text = texts(&plan).into_iter().find(|text| text.pointer == item.pointer).unwrap();
                let own = text.languages.get("en").map(|own| (*own).to_owned());
                let key = (text.path, item.language.clone());
                let expected = match model.0.get(&key) {
                    None => TranslationStatus::Missing,
                    Some(made_from) if made_from.is_some() && *made_from != own && key.1 != "en" => TranslationStatus::Stale,
                    Some(_) => TranslationStatus::Current,
                };
                prop_assert_eq!(item.status, expected, "{:?}", key);
            }
            before = Some(plan);
        }
    }

    #[test]
    fn minor_edits_leave_every_translation_as_it_was(from in plan(), to in plan()) {
        let kept = record(Some(&from), &to, &Bookkeeping::default(), 2, true);
        prop_assert!(kept.is_empty());
    }

    #[test]
    fn nothing_is_kept_of_what_is_not_there(from in plan(), between in plan(), to in plan()) {
        let kept = record(Some(&from), &between, &Bookkeeping::default(), 2, false);
        let kept = record(Some(&between), &to, &kept, 3, false);
        let there = texts(&to);
        for (path, languages) in &kept.0 {
            let text = there.iter().find(|text| text.path == *path).unwrap();
            prop_assert!(languages.keys().all(|language| text.languages.contains_key(language.as_str())));
        }
    }
}
