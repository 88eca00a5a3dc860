//! Whatever several callers do, who may do it and who sees what of it is what a model of a few lines says, and every copy
//! made from the exports and the change feed comes to hold exactly that.
//!
//! `PROPTEST_CASES=200 cargo test --test api model` tries many more sequences, other ones each time.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use crate::support::kinds::contribution;
use crate::support::mirror::Mirror;
use crate::support::plans::complete_plan;
use crate::support::{App, Client, Reply, seeds};

/// Who acts and reads. Frankfurt and Yokohama are paired, Essen comes and goes; Toyota is paired with none of them. All
/// four take part in the meeting. The last one has not signed in.
const CALLERS: [&str; 6] = ["admin", "frankfurt", "yokohama", "essen", "toyota", ""];
const CITIES: [&str; 4] = ["frankfurt", "yokohama", "essen", "toyota"];
const PROPONENTS: [&[&str]; 3] = [&["frankfurt"], &["yokohama"], &["frankfurt", "yokohama"]];
const STATUSES: [&str; 5] = ["draft", "submitted", "returned", "approved", "withdrawn"];
const SHARED: [&str; 3] = ["partner", "participants", "public"];
/// The id of nothing.
const NOTHING: &str = "01a22300-0000-7000-8000-000000000000";
/// What the model is about.
const KINDS: [&str; 2] = ["action_plan", "contribution"];
const QUESTIONS: [&str; 2] = ["city-priorities", "good-practices"];

/// What somebody tries; things are told apart by their place among those that there are.
#[derive(Clone, Debug)]
enum Attempt {
    Make {
        by: usize,
        proponents: usize,
    },
    Edit {
        by: usize,
        plan: usize,
    },
    Propose {
        plan: usize,
        proponents: usize,
    },
    Move {
        by: usize,
        plan: usize,
        to: usize,
    },
    Delete {
        by: usize,
        plan: usize,
    },
    Contribute {
        by: usize,
        city: usize,
        question: usize,
        shared: usize,
    },
    Share {
        by: usize,
        item: usize,
        shared: usize,
    },
    Remove {
        by: usize,
        item: usize,
    },
    Pair {
        with_essen: bool,
    },
}

fn attempt() -> impl Strategy<Value = Attempt> {
    // Few things, so that much becomes of each.
    let (by, place) = (|| 0..CALLERS.len(), || 0..4_usize);
    let shared = || 0..SHARED.len();
    // The way of most plans: else few would ever be published.
    let to = prop::sample::select(vec![1, 1, 1, 1, 3, 3, 3, 3, 0, 2, 4]);
    let mover = prop_oneof![3 => Just(0), 2 => by()];
    prop_oneof![
        2 => (by(), 0..3_usize).prop_map(|(by, proponents)| Attempt::Make { by, proponents }),
        3 => (by(), place()).prop_map(|(by, plan)| Attempt::Edit { by, plan }),
        1 => (place(), 0..3_usize).prop_map(|(plan, proponents)| Attempt::Propose { plan, proponents }),
        8 => (mover, place(), to).prop_map(|(by, plan, to)| Attempt::Move { by, plan, to }),
        1 => (by(), place()).prop_map(|(by, plan)| Attempt::Delete { by, plan }),
        3 => (by(), 0..4_usize, 0..2_usize, shared())
            .prop_map(|(by, city, question, shared)| Attempt::Contribute { by, city, question, shared }),
        3 => (by(), place(), shared()).prop_map(|(by, item, shared)| Attempt::Share { by, item, shared }),
        1 => (by(), place()).prop_map(|(by, item)| Attempt::Remove { by, item }),
        3 => any::<bool>().prop_map(|with_essen| Attempt::Pair { with_essen }),
    ]
}

struct Plan {
    id: String,
    proponents: &'static [&'static str],
    status: &'static str,
    version: i64,
    published: Option<i64>,
}

struct Contribution {
    id: String,
    city: &'static str,
    question: usize,
    shared: &'static str,
    version: i64,
}

/// What there is.
#[derive(Default)]
struct Model {
    plans: Vec<Plan>,
    contributions: Vec<Contribution>,
    has_essen: bool,
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Done,
    /// As if there were no such thing.
    Hidden,
    /// By who tries it, or by how things are.
    Refused,
}

impl Fate {
    /// Of what `who` tries with something that they see or not.
    fn of(sees: bool, may: bool) -> Self {
        match (sees, may) {
            (false, _) => Self::Hidden,
            (true, true) => Self::Done,
            (true, false) => Self::Refused,
        }
    }

    fn is_told_by(self, who: &str, reply: &Reply) -> bool {
        match (self, reply.status) {
            (Self::Done, 200 | 201 | 204) => true,
            (_, status) if who.is_empty() => status == 401,
            (Self::Hidden, status) => status == 404,
            (Self::Refused, status) => matches!(status, 403 | 409),
            _ => false,
        }
    }
}

impl Model {
    fn is_paired(&self, city: &str) -> bool {
        matches!(city, "frankfurt" | "yokohama") || city == "essen" && self.has_essen
    }

    /// The version of a plan that `who` sees.
    fn plan_seen(&self, who: &str, plan: &Plan) -> Option<i64> {
        let works_on_it = owns(who, plan) || plan.status == "submitted" && self.is_paired(who);
        if works_on_it {
            Some(plan.version)
        } else {
            plan.published
        }
    }

    fn sees(&self, who: &str, item: &Contribution) -> bool {
        match item.shared {
            _ if who == "admin" || who == item.city => true,
            "partner" => self.is_paired(who) && self.is_paired(item.city),
            "participants" => !who.is_empty(),
            _ => true,
        }
    }

    /// All that `who` sees: the version of each thing, by its kind and id.
    fn seen(&self, who: &str) -> BTreeMap<(String, String), i64> {
        let plans = self.plans.iter().filter_map(|plan| {
            let version = self.plan_seen(who, plan)?;
            Some((("action_plan".to_owned(), plan.id.clone()), version))
        });
        let seen = self
            .contributions
            .iter()
            .filter(|item| self.sees(who, item));
        let contributions =
            seen.map(|item| (("contribution".to_owned(), item.id.clone()), item.version));
        plans.chain(contributions).collect()
    }
}

fn owns(who: &str, plan: &Plan) -> bool {
    who == "admin" || plan.proponents.contains(&who)
}

/// Whether `who` brings a plan from where it stands to this status.
fn moves(who: &str, plan: &Plan, to: &str) -> bool {
    match (plan.status, to) {
        ("draft" | "returned", "submitted") | ("withdrawn", "draft") => owns(who, plan),
        ("withdrawn", "withdrawn") => false,
        (_, "withdrawn") => owns(who, plan),
        ("submitted", "returned" | "approved") => who == "admin",
        _ => false,
    }
}

/// An attempt, who made it, what the model says of it, and what was answered.
struct Tried {
    by: usize,
    fate: Fate,
    /// Whether it changes anything, when it is done.
    changes: bool,
    reply: Reply,
}

/// The service, and its callers in the order of [`CALLERS`].
struct World {
    app: App,
    clients: Vec<Client>,
    model: Model,
    number: usize,
}

impl World {
    async fn begin() -> Self {
        let app = App::start().await;
        let mut clients = Vec::new();
        for who in CALLERS {
            clients.push(match who {
                "admin" => app.admin().await,
                "" => app.anonymous(),
                city => app.city_user(city).await,
            });
        }
        Self {
            app,
            clients,
            model: Model::default(),
            number: 0,
        }
    }

    /// Tries it, and demands that what becomes of it is what the model says.
    async fn attempt(&mut self, attempt: &Attempt) {
        self.number += 1;
        let events = self.app.events().await;
        let tried = match *attempt {
            Attempt::Make { by, proponents } => self.make(by, PROPONENTS[proponents]).await,
            Attempt::Edit { by, plan } => self.edit(by, plan, None).await,
            Attempt::Propose { plan, proponents } => {
                self.edit(0, plan, Some(PROPONENTS[proponents])).await
            }
            Attempt::Move { by, plan, to } => self.bring(by, plan, STATUSES[to]).await,
            Attempt::Delete { by, plan } => self.delete(by, plan).await,
            Attempt::Contribute {
                by,
                city,
                question,
                shared,
            } => {
                self.contribute(by, CITIES[city], question, SHARED[shared])
                    .await
            }
            Attempt::Share { by, item, shared } => self.share(by, item, SHARED[shared]).await,
            Attempt::Remove { by, item } => self.remove(by, item).await,
            Attempt::Pair { with_essen } => self.pair(with_essen).await,
        };
        let (who, reply) = (CALLERS[tried.by], &tried.reply);
        assert!(
            tried.fate.is_told_by(who, reply),
            "{attempt:?}, {:?} for {who}: {reply}",
            tried.fate
        );
        let changes = tried.fate == Fate::Done && tried.changes;
        let told = self.app.events().await - events;
        assert_eq!(told, i64::from(changes), "{attempt:?} for {who}: {reply}");
    }

    async fn make(&mut self, by: usize, proponents: &'static [&'static str]) -> Tried {
        let fate = Fate::of(
            true,
            CALLERS[by] == "admin" || proponents.contains(&CALLERS[by]),
        );
        let reply = self.clients[by]
            .post("/v1/action-plans", complete_plan(proponents))
            .await;
        if fate == Fate::Done {
            let id = reply.id();
            self.model.plans.push(Plan {
                id,
                proponents,
                status: "draft",
                version: 1,
                published: None,
            });
        }
        Tried {
            by,
            fate,
            changes: true,
            reply,
        }
    }

    /// The plan at this place, and what `by` may do with it who works on it.
    fn plan(
        &mut self,
        by: usize,
        place: usize,
        may: impl Fn(&Plan) -> bool,
    ) -> (String, Fate, Option<&mut Plan>) {
        let Some(place) = place.checked_rem(self.model.plans.len()) else {
            return (format!("/v1/action-plans/{NOTHING}"), Fate::Hidden, None);
        };
        let plan = &self.model.plans[place];
        let fate = Fate::of(self.model.plan_seen(CALLERS[by], plan).is_some(), may(plan));
        let path = format!("/v1/action-plans/{}", plan.id);
        (path, fate, self.model.plans.get_mut(place))
    }

    /// With other words, or other proponents.
    async fn edit(
        &mut self,
        by: usize,
        place: usize,
        proponents: Option<&'static [&'static str]>,
    ) -> Tried {
        let client = self.clients[by].clone();
        let change = match proponents {
            Some(proponents) => json!({"proponents": proponents}),
            None => json!({"context": {"en": format!("{} rivers.", self.number)}}),
        };
        // What changes nothing is refused to nobody who may write.
        let is_same = |plan: &Plan| proponents == Some(plan.proponents);
        let may =
            |plan: &Plan| owns(CALLERS[by], plan) && (plan.status != "withdrawn" || is_same(plan));
        let (path, fate, plan) = self.plan(by, place, may);
        let reply = client.patch(&path, "*", change).await;
        let mut changes = true;
        if let (Fate::Done, Some(plan)) = (fate, plan) {
            changes = proponents.is_none_or(|proponents| proponents != plan.proponents);
            plan.proponents = proponents.unwrap_or(plan.proponents);
            if changes {
                plan.version += 1;
                plan.status = if plan.status == "approved" {
                    "draft"
                } else {
                    plan.status
                };
            }
        }
        Tried {
            by,
            fate,
            changes,
            reply,
        }
    }

    async fn bring(&mut self, by: usize, place: usize, to: &'static str) -> Tried {
        let client = self.clients[by].clone();
        let (path, fate, plan) = self.plan(by, place, |plan| moves(CALLERS[by], plan, to));
        let body = json!({"to": to, "comment": "For this reason."});
        let reply = client.post(&format!("{path}/transitions"), body).await;
        if let (Fate::Done, Some(plan)) = (fate, plan) {
            plan.version += 1;
            plan.status = to;
            match to {
                "approved" => plan.published = Some(plan.version),
                "withdrawn" => plan.published = None,
                _ => {}
            }
        }
        Tried {
            by,
            fate,
            changes: true,
            reply,
        }
    }

    async fn delete(&mut self, by: usize, place: usize) -> Tried {
        let client = self.clients[by].clone();
        // Not what others have written too.
        let may = |plan: &Plan| {
            owns(CALLERS[by], plan) && (CALLERS[by] == "admin" || plan.proponents.len() == 1)
        };
        let (path, fate, _) = self.plan(by, place, may);
        let reply = client.delete(&path, "*").await;
        if fate == Fate::Done {
            self.model.plans.retain(|plan| !path.ends_with(&plan.id));
        }
        Tried {
            by,
            fate,
            changes: true,
            reply,
        }
    }

    async fn contribute(
        &mut self,
        by: usize,
        city: &'static str,
        question: usize,
        shared: &'static str,
    ) -> Tried {
        let mut known = self.model.contributions.iter();
        let is_new = !known.any(|item| (item.city, item.question) == (city, question));
        let fate = Fate::of(
            true,
            is_new && (CALLERS[by] == "admin" || CALLERS[by] == city),
        );
        let body = contribution(city, QUESTIONS[question], shared);
        let reply = self.clients[by].post("/v1/contributions", body).await;
        if fate == Fate::Done {
            let id = reply.id();
            self.model.contributions.push(Contribution {
                id,
                city,
                question,
                shared,
                version: 1,
            });
        }
        Tried {
            by,
            fate,
            changes: true,
            reply,
        }
    }

    /// The contribution at this place, and what becomes of it when `by` writes it.
    fn contribution(
        &mut self,
        by: usize,
        place: usize,
    ) -> (String, Fate, Option<&mut Contribution>) {
        let Some(place) = place.checked_rem(self.model.contributions.len()) else {
            return (format!("/v1/contributions/{NOTHING}"), Fate::Hidden, None);
        };
        let (who, item) = (CALLERS[by], &self.model.contributions[place]);
        let fate = Fate::of(
            self.model.sees(who, item),
            who == "admin" || who == item.city,
        );
        let path = format!("/v1/contributions/{}", item.id);
        (path, fate, self.model.contributions.get_mut(place))
    }

    async fn share(&mut self, by: usize, place: usize, shared: &'static str) -> Tried {
        let client = self.clients[by].clone();
        let (path, fate, item) = self.contribution(by, place);
        let reply = client
            .patch(&path, "*", json!({"visibility": shared}))
            .await;
        let mut changes = true;
        if let (Fate::Done, Some(item)) = (fate, item) {
            changes = std::mem::replace(&mut item.shared, shared) != shared;
            item.version += i64::from(changes);
        }
        Tried {
            by,
            fate,
            changes,
            reply,
        }
    }

    async fn remove(&mut self, by: usize, place: usize) -> Tried {
        let client = self.clients[by].clone();
        let (path, fate, _) = self.contribution(by, place);
        let reply = client.delete(&path, "*").await;
        if fate == Fate::Done {
            self.model
                .contributions
                .retain(|item| !path.ends_with(&item.id));
        }
        Tried {
            by,
            fate,
            changes: true,
            reply,
        }
    }

    async fn pair(&mut self, with_essen: bool) -> Tried {
        let mut cities = vec!["frankfurt"];
        cities.extend(with_essen.then_some("essen"));
        let path = "/v1/pairings/frankfurt-yokohama";
        let reply = self.clients[0]
            .patch(path, "*", json!({"eu_cities": cities}))
            .await;
        let changes = std::mem::replace(&mut self.model.has_essen, with_essen) != with_essen;
        Tried {
            by: 0,
            fate: Fate::Done,
            changes,
            reply,
        }
    }
}

/// Tries all of it. Copies begin with the exports at the beginning and in the middle, or with nothing, and follow the feed
/// now and then.
async fn holds(attempts: Vec<Attempt>) {
    let mut world = World::begin().await;
    let mut copies = Vec::new();
    for (number, attempt) in attempts.iter().enumerate() {
        if number == 0 || number == attempts.len() / 2 {
            for (who, client) in CALLERS.into_iter().zip(&world.clients) {
                copies.push((who, Mirror::exported(client, 7).await));
            }
        }
        world.attempt(attempt).await;
        if number % 8 == 7 || number + 1 == attempts.len() {
            for (who, copy) in &mut copies {
                copy.follow().await;
                assert_eq!(
                    copy.versions(&KINDS),
                    world.model.seen(who),
                    "{who} after {number}"
                );
            }
        }
    }
    for (who, client) in CALLERS.into_iter().zip(&world.clients) {
        let mut copy = Mirror::of(client, 500);
        copy.follow().await;
        copy.equals_service(who).await;
        assert_eq!(
            copy.versions(&KINDS),
            world.model.seen(who),
            "{who}, from the beginning"
        );
    }
}

#[test]
fn who_may_do_what_and_sees_what_is_as_the_model_says_and_every_copy_holds_that() {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let mut runner = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => TestRunner::new(config),
        None => {
            config.cases = u32::try_from(seeds(2).count()).unwrap();
            TestRunner::new_with_rng(config, seed)
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let attempts = prop::collection::vec(attempt(), 60..90);
    runner
        .run(&attempts, |attempts| {
            runtime.block_on(holds(attempts));
            Ok(())
        })
        .unwrap();
}
