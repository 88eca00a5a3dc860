//! What a meeting looks like in a calendar.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::types::{AgendaItem, Meeting, MeetingStatus};
use crate::calendar::{Occasion, Standing};
use crate::resource::Dated;

/// Its days, or the hours of its agenda where it is on one known day; what has no date is in no calendar.
pub const DATED: Dated<Meeting> = Dated {
    along: &[],
    occasion: |meeting, _, language| {
        let when = meeting.when.clone()?;
        let place = meeting.place.as_ref();
        let zone = place.and_then(|place| place.time_zone.rules());
        Some(Occasion {
            summary: meeting.title.best(language).to_owned(),
            description: description(meeting, zone, language),
            location: place.map_or_else(String::new, |place| {
                let venue = place.venue.iter().map(|venue| venue.as_str());
                let town = format!(
                    "{} ({})",
                    place.name.best(language),
                    place.country_code.as_str()
                );
                let parts: Vec<&str> = venue.chain([town.as_str()]).collect();
                parts.join(", ")
            }),
            hours: zone.and_then(|zone| hours(meeting, zone)),
            when,
            standing: match meeting.status {
                MeetingStatus::Planned | MeetingStatus::Postponed => Standing::Tentative,
                MeetingStatus::Confirmed | MeetingStatus::Held => Standing::Confirmed,
                MeetingStatus::Cancelled => Standing::Cancelled,
            },
        })
    },
};

/// From when to when its agenda goes, where all of it is on the one day of the meeting.
fn hours(meeting: &Meeting, zone: Tz) -> Option<(DateTime<Tz>, DateTime<Tz>)> {
    let when = meeting.when.as_ref()?;
    let day = when.earliest()?;
    let is_known = when.is_to_the_day() && !when.is_approximate();
    let items = || meeting.agenda.0.iter();
    let starts = items().filter_map(|item| item.starts_at).min()?;
    let ends = items()
        .filter_map(|item| item.ends_at.or(item.starts_at))
        .max()?;
    let [starts, ends] = [starts, ends].map(|at| at.with_timezone(&zone));
    let on_that_day = [&starts, &ends].iter().all(|at| at.date_naive() == day);
    (is_known && when.latest() == Some(day) && on_that_day && starts < ends)
        .then_some((starts, ends))
}

/// Why it is when it is, and what is on its agenda.
fn description(meeting: &Meeting, zone: Option<Tz>, language: &str) -> String {
    let reason = meeting.when_reason.as_ref();
    let mut lines: Vec<String> = reason
        .map(|reason| reason.best(language).to_owned())
        .into_iter()
        .collect();
    lines.extend(
        meeting
            .agenda
            .0
            .iter()
            .map(|item| told(item, zone, language)),
    );
    lines.join("\n")
}

/// An item of the agenda as a line: when it begins, in the time of the place, what it is about, who speaks.
fn told(item: &AgendaItem, zone: Option<Tz>, language: &str) -> String {
    let time = |at: DateTime<Utc>| match zone {
        Some(zone) => at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string(),
        None => at.format("%Y-%m-%d %H:%MZ").to_string(),
    };
    let mut line = item.starts_at.map_or_else(String::new, |at| time(at) + " ");
    line.push_str(item.title.best(language));
    if !item.speakers.is_empty() {
        let speakers: Vec<&str> = item.speakers.iter().map(|who| who.as_str()).collect();
        line.push_str(&format!(" ({})", speakers.join(", ")));
    }
    line
}
