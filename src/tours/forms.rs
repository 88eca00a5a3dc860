//! What a study tour looks like in a calendar.

use serde::Deserialize;

use super::types::{Tour, TourProgrammeItem, TourStatus};
use crate::calendar::{Occasion, Standing};
use crate::ids::CityId;
use crate::messages::{Language, Value, message};
use crate::resource::{Dated, Included};
use crate::text::Title;

/// Its days, with what is visited on each.
pub const DATED: Dated<Tour> = Dated {
    along: &["cities"],
    occasion: |tour, along, language| {
        let host = name_of(&tour.host_city, along, language);
        let visiting = name_of(&tour.visiting_city, along, language);
        let args = vec![
            ("visiting", Value::Plain(visiting)),
            ("host", Value::Plain(host.clone())),
        ];
        let words = Language::negotiate(Some(language));
        let visits = tour.programme.0.iter();
        let visits: Vec<String> = visits.map(|visit| told(visit, tour, language)).collect();
        Some(Occasion {
            summary: message(words, "tour-in-calendar", None, &args).unwrap_or_default(),
            description: visits.join("\n"),
            location: host,
            when: tour.when.clone(),
            hours: None,
            standing: match tour.status {
                TourStatus::Planned => Standing::Tentative,
                TourStatus::Confirmed | TourStatus::Completed => Standing::Confirmed,
                TourStatus::Cancelled => Standing::Cancelled,
            },
        })
    },
};

/// What a city is called, as far as that is known.
fn name_of(city: &CityId, along: &Included, language: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        name: Title,
    }
    let json = along
        .get("cities")
        .and_then(|cities| cities.get(city.as_str()));
    let named = json.and_then(|json| serde_json::from_str::<Named>(json.get()).ok());
    named.map_or_else(
        || city.to_string(),
        |city| city.name.best(language).to_owned(),
    )
}

/// A visit as a line: when it begins, in the time of the host city, what and where it is.
fn told(visit: &TourProgrammeItem, tour: &Tour, language: &str) -> String {
    let at = visit.starts_at.zip(tour.time_zone.rules());
    let begins = at.map_or_else(
        || visit.day.to_string(),
        |(at, zone)| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string(),
    );
    let mut line = format!("{begins} {}", visit.title.best(language));
    if let Some(place) = &visit.place {
        line.push_str(&format!(" ({})", place.as_str()));
    }
    line
}
