//! What a study tour is checked for: each check once, for those who write a tour and for those who ask how it stands.
//!
//! What must hold of every tour is a fault of the body that breaks it. Of the programme's guidelines, the most
//! delegates that it pays for holds always; the least of them and the full days are asked of a tour that is confirmed,
//! unless an admin has waived them; neither a delegate nor a waiver that such a tour needs can be taken from it. The record
//! of a past visit, loaded by an admin as completed, may know less.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::full_days;
use super::types::{Tour, TourCheck, TourStatus};
use super::waivers::types::Waiver;
use crate::auth::Caller;
use crate::cities::types::{City, Side};
use crate::db::Connection;
use crate::edtf::Edtf;
use crate::ids::{AccountId, CityId};
use crate::pairings::types::Pairing;
use crate::policy::Role;
use crate::problem::{Fault, Faults, Problem, Rule};
use crate::programmes::types::{Guidelines, Programme};
use crate::resource::{Check, Known, References, Resource};
use crate::schema::waivers;
use crate::text::Text;

impl TourCheck {
    /// Whether an admin may let a tour be confirmed without it.
    pub fn is_waivable(self) -> bool {
        matches!(
            self,
            Self::ProgrammeFundedDelegatesMin | Self::TourFullDaysMin
        )
    }

    /// Whether it is a guideline, and what was settled before is not judged again by a change of something else.
    fn is_guideline(self) -> bool {
        self.is_waivable() || self == Self::ProgrammeFundedDelegatesMax
    }
}

/// How a tour stands to one check.
pub struct Finding {
    /// Which.
    pub check: TourCheck,
    /// What speaks against the tour; nothing when it is in order.
    pub faults: Vec<Fault>,
    /// What was looked at.
    pub evidence: Text,
}

/// How a tour stands to one check.
#[derive(Serialize, ToSchema)]
pub struct CheckResult {
    /// What it is checked for.
    pub check: TourCheck,
    /// Whether it is in order.
    pub ok: bool,
    /// What was looked at, in English and Japanese.
    pub evidence: Text,
    /// Why this is not asked of the tour; null when it is.
    pub waiver: Option<WaiverNote>,
}

/// Why a check is waived.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WaiverNote {
    /// The reason, in the words of the admin.
    #[schema(max_length = 2000)]
    pub reason: String,
    /// The account that waived it.
    pub by: Option<AccountId>,
    /// When.
    pub at: DateTime<Utc>,
}

impl WaiverNote {
    fn of(waiver: &Waiver) -> Self {
        Self {
            reason: waiver.reason.clone(),
            by: waiver.by,
            at: waiver.created_at,
        }
    }
}

/// How a tour stands to each check.
#[derive(Serialize, ToSchema)]
pub struct CheckResults {
    /// One for each check.
    #[schema(max_items = 20)]
    pub items: Vec<CheckResult>,
}

/// How a stored tour stands to each check.
pub async fn check_stored(conn: &Connection, tour: &Tour) -> QueryResult<CheckResults> {
    let known = known_of(conn, tour).await?;
    let waived: Vec<Waiver> = waivers::table
        .filter(waivers::tour.eq(tour.id))
        .select(Waiver::as_select())
        .load(&mut &*conn)
        .await?;
    let result = |finding: Finding| {
        let waiver = waived.iter().find(|waiver| waiver.check == finding.check);
        CheckResult {
            check: finding.check,
            ok: finding.faults.is_empty(),
            evidence: finding.evidence,
            waiver: waiver.map(WaiverNote::of),
        }
    };
    Ok(CheckResults {
        items: findings(tour, &known).into_iter().map(result).collect(),
    })
}

/// What a stored tour refers to.
async fn known_of(conn: &Connection, tour: &Tour) -> QueryResult<Known> {
    let (caller, mut unknown) = (&Caller::PROGRAMME, Faults::new());
    let mut references = References::default();
    tour.references(&mut references);
    let mut known = references.resolve(conn, caller, &mut unknown).await?;
    let mut references = References::default();
    tour.further_references(&known, &mut references);
    let pairing = known.get::<Pairing>(&tour.pairing);
    for city in pairing.map(Pairing::cities).iter().flatten() {
        references.to_seen::<City>(city);
    }
    references
        .resolve_into(&mut known, conn, caller, &mut unknown)
        .await?;
    Ok(known)
}

/// Refuses what would leave a tour that is confirmed, or took place, without this guideline: a delegate or a waiver that
/// goes. `tour` is as it would be stored then.
pub async fn hold(conn: &Connection, tour: &Tour, check: TourCheck) -> Result<(), Problem> {
    let asked = is_settled(tour) && !tour.waived.contains(&check);
    if !asked {
        return Ok(());
    }
    let known = known_of(conn, tour).await?;
    let found = findings(tour, &known).into_iter();
    let found = found.filter(|finding| finding.check == check);
    let faults = found.flat_map(|finding| finding.faults);
    Faults::from_iter(faults.map(|fault| fault.moved_to(""))).into_result()
}

/// Whether its date and delegates are fixed, or it took place.
fn is_settled(tour: &Tour) -> bool {
    matches!(tour.status, TourStatus::Confirmed | TourStatus::Completed)
}

/// Holds a tour against everything that is asked of it in its state.
pub fn check_tour(tour: &Tour, check: &Check<'_, Tour>, faults: &mut Faults) {
    if let Some(before) = check.before {
        // Its delegates are for the eyes of these two cities.
        for (pointer, was, is) in [
            ("/visiting_city", &before.visiting_city, &tour.visiting_city),
            ("/host_city", &before.host_city, &tour.host_city),
        ] {
            faults.check(was != is && check.holds(was), pointer, Rule::NotYours);
        }
    }
    let settled = check.before.is_some_and(|before| {
        (
            before.status,
            &before.pairing,
            &before.when,
            &before.delegates,
        ) == (tour.status, &tour.pairing, &tour.when, &tour.delegates)
    });
    let past_record = tour.status == TourStatus::Completed && check.caller.role == Role::Admin;
    let confirmed = is_settled(tour);
    for finding in findings(tour, check.known) {
        let asked = match finding.check {
            check if check.is_waivable() => {
                confirmed && !past_record && !tour.waived.contains(&check)
            }
            _ => true,
        };
        if asked && !(settled && finding.check.is_guideline()) {
            faults.extend(Faults::from_iter(finding.faults));
        }
    }
}

/// How a tour stands to each check, as far as what it refers to is known.
pub fn findings(tour: &Tour, known: &Known) -> Vec<Finding> {
    let mut found = Vec::new();
    let pairing = known.get::<Pairing>(&tour.pairing);
    if let Some(pairing) = pairing {
        found.push(cities_of_pairing(tour, pairing, known));
    }
    found.extend(cities_of_both_sides(tour, known));
    found.push(programme_within_tour(tour));
    let programme = pairing.and_then(|pairing| known.get::<Programme>(&pairing.programme));
    if let Some(Programme { guidelines, .. }) = programme {
        found.push(funded_max(tour, guidelines));
        found.push(funded_min(tour, guidelines));
        found.push(full_days_min(tour, guidelines));
    }
    found
}

fn finding(check: TourCheck, faults: Vec<Fault>, en: String, ja: String) -> Finding {
    Finding {
        check,
        faults,
        evidence: Text::of([("en", en), ("ja", ja)]),
    }
}

fn cities_of_pairing(tour: &Tour, pairing: &Pairing, known: &Known) -> Finding {
    let places = [
        ("/visiting_city", &tour.visiting_city),
        ("/host_city", &tour.host_city),
    ];
    let foreign = places.into_iter().filter(|(_, city)| {
        !pairing.eu_cities.contains(city)
            && !pairing.jp_cities.contains(city)
            && known.get::<City>(city).is_some()
    });
    let faults = foreign
        .map(|(pointer, city)| {
            Fault::at(pointer, Rule::NotInPairing)
                .with("id", city)
                .with("pairing", &pairing.id)
        })
        .collect();
    let name = |city, language| name_of(city, known, language);
    let names = |language, join: &str| {
        let cities = pairing.cities();
        let names: Vec<&str> = cities
            .iter()
            .map(|city| name_of(city, known, language))
            .collect();
        names.join(join)
    };
    let (visiting, host) = (&tour.visiting_city, &tour.host_city);
    finding(
        TourCheck::CitiesOfPairing,
        faults,
        format!(
            "{} visits {}; the cities of the pairing are {}.",
            name(visiting, "en"),
            name(host, "en"),
            names("en", ", ")
        ),
        format!(
            "{}が{}を訪問。ペアリングの都市は{}。",
            name(visiting, "ja"),
            name(host, "ja"),
            names("ja", "・")
        ),
    )
}

/// What a city is called in `language`; its id where it is not known.
fn name_of<'a>(city: &'a CityId, known: &'a Known, language: &str) -> &'a str {
    let known = known.get::<City>(city);
    known.map_or(city.as_str(), |city| city.name.best(language))
}

fn cities_of_both_sides(tour: &Tour, known: &Known) -> Option<Finding> {
    let visiting = known.get::<City>(&tour.visiting_city)?;
    let host = known.get::<City>(&tour.host_city)?;
    let mut faults = Vec::new();
    if visiting.side == host.side {
        faults.push(Fault::at("/host_city", Rule::SameSide).against("/visiting_city"));
    }
    let (from, to) = (sides(visiting.side), sides(host.side));
    let name = |city| name_of(city, known, "en");
    let (visitor, visited) = (name(&visiting.id), name(&host.id));
    let en = format!(
        "{visitor} is on the {} side, {visited} on the {} side.",
        from.0, to.0
    );
    let name = |city| name_of(city, known, "ja");
    let (visitor, visited) = (name(&visiting.id), name(&host.id));
    let ja = format!("{visitor}は{}側、{visited}は{}側。", from.1, to.1);
    Some(finding(TourCheck::CitiesOfBothSides, faults, en, ja))
}

/// What a side is called, in English and Japanese.
fn sides(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Eu => ("European", "欧州"),
        Side::Jp => ("Japanese", "日本"),
    }
}

/// What is visited lies within the tour, at a time of its day, and ends after it begins.
fn programme_within_tour(tour: &Tour) -> Finding {
    let mut faults = Vec::new();
    for (index, item) in tour.programme.0.iter().enumerate() {
        let pointer = format!("/programme/{index}");
        if !may_be_on(&tour.when, item.day) {
            let fault = Fault::at(format!("{pointer}/day"), Rule::DayOutside);
            faults.push(fault.against("/when").with("when", &tour.when));
        }
        // What goes on in the evening may end in the night.
        for (name, time, nights) in [
            ("starts_at", item.starts_at, 0),
            ("ends_at", item.ends_at, 1),
        ] {
            let local = time.and_then(|time| local_time(tour, time));
            let off = local.map(|local| (local.date() - item.day).num_days());
            if let (Some(local), Some(off)) = (local, off)
                && !(0..=nights).contains(&off)
            {
                let fault = Fault::at(format!("{pointer}/{name}"), Rule::NotOnDay)
                    .against(format!("{pointer}/day"))
                    .against("/time_zone")
                    .with("local", local.format("%Y-%m-%d %H:%M"))
                    .with("zone", tour.time_zone.as_str());
                faults.push(fault.with("day", item.day));
            }
        }
        if item
            .starts_at
            .zip(item.ends_at)
            .is_some_and(|(start, end)| end < start)
        {
            faults.push(Fault::at(
                format!("{pointer}/ends_at"),
                Rule::EndsBeforeStart,
            ));
        }
    }
    let (when, visits) = (&tour.when, tour.programme.0.len());
    let zone = tour.time_zone.as_str();
    finding(
        TourCheck::ProgrammeWithinTour,
        faults,
        format!("The tour is {when} ({zone}); its programme has {visits} items."),
        format!("訪問期間は{when}（{zone}）、プログラムは{visits}件。"),
    )
}

/// Whether something of a tour that is then can be on this day: nobody says how far an approximate date reaches.
fn may_be_on(when: &Edtf, day: NaiveDate) -> bool {
    let too_early = when.earliest().is_some_and(|first| day < first);
    let too_late = when.latest().is_some_and(|last| day > last);
    when.is_approximate() || !too_early && !too_late
}

fn local_time(tour: &Tour, time: DateTime<Utc>) -> Option<NaiveDateTime> {
    let zone = tour.time_zone.rules()?;
    Some(time.with_timezone(&zone).naive_local())
}

fn funded_max(tour: &Tour, guidelines: &Guidelines) -> Finding {
    let limit = guidelines.programme_funded_delegates.max;
    let funded = tour.delegates.programme_funded;
    let mut faults = Vec::new();
    if funded.is_some_and(|funded| funded > limit) {
        let fault = Fault::at("/delegates/programme_funded", Rule::TooManyFunded);
        faults.push(fault.with("limit", limit));
    }
    let (en, ja) = funded_words(funded);
    finding(
        TourCheck::ProgrammeFundedDelegatesMax,
        faults,
        format!("{en}; at most {limit} may be."),
        format!("{ja}（上限{limit}名）。"),
    )
}

fn funded_min(tour: &Tour, guidelines: &Guidelines) -> Finding {
    let least = guidelines.programme_funded_delegates.min;
    let funded = tour.delegates.programme_funded;
    let mut faults = Vec::new();
    if funded.unwrap_or(0) < least {
        let fault = Fault::at("/delegates/programme_funded", Rule::TooFewFunded);
        faults.push(fault.with("limit", least));
    }
    let (en, ja) = funded_words(funded);
    finding(
        TourCheck::ProgrammeFundedDelegatesMin,
        faults,
        format!("{en}; at least {least} have to be."),
        format!("{ja}（{least}名以上が必要）。"),
    )
}

fn funded_words(funded: Option<i32>) -> (String, String) {
    match funded {
        Some(number) => (
            format!("Delegates paid by the programme: {number}"),
            format!("プログラム負担の参加者：{number}名"),
        ),
        None => (
            "Delegates paid by the programme: not known".to_owned(),
            "プログラム負担の参加者：不明".to_owned(),
        ),
    }
}

fn full_days_min(tour: &Tour, guidelines: &Guidelines) -> Finding {
    let least = guidelines.tour_full_days_min;
    let days = full_days(&tour.when);
    let mut faults = Vec::new();
    if days.unwrap_or(0) < i64::from(least) {
        faults.push(Fault::at("/when", Rule::TourTooShort).with("limit", least));
    }
    let when = &tour.when;
    let (en, ja) = match days {
        Some(days) => (
            format!("Full days from {when}: {days}"),
            format!("{when}の日数：{days}日"),
        ),
        None => (
            format!("The days are not fixed: {when}"),
            format!("日程未定：{when}"),
        ),
    };
    finding(
        TourCheck::TourFullDaysMin,
        faults,
        format!("{en}; at least {least} are needed."),
        format!("{ja}（{least}日以上が必要）。"),
    )
}
