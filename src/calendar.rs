//! Calendars as text (iCalendar, RFC 5545): events, and of each time zone that they name the rules that hold for them.
//!
//! The libraries for it put a time stamp and an id into the rules of a time zone too, where RFC 5545 (3.6.5) has no place
//! for them, so the few lines that are needed are written here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::{OffsetName, Tz};

use crate::edtf::Edtf;

/// Octets of a line, without its end (RFC 5545, 3.1).
const LINE: usize = 75;

/// How far before an event the rules of its time zone are looked for: in more than a year every one has its turn.
const BEFORE: TimeDelta = TimeDelta::days(400);

/// How often whoever subscribes may ask again.
const ASK_AGAIN: &str = "PT1H";

/// What takes place, in one language.
#[derive(Clone, Debug, PartialEq)]
pub struct Occasion {
    /// What it is.
    pub summary: String,
    /// More about it; may be empty.
    pub description: String,
    /// Where it is; may be empty.
    pub location: String,
    /// When it is, as precisely as is known.
    pub when: Edtf,
    /// From when to when on that day, where this is known.
    pub hours: Option<(DateTime<Tz>, DateTime<Tz>)>,
    /// How sure it is, where the day is known.
    pub standing: Standing,
}

/// How sure it is that something takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may take place.
    Tentative,
    /// It takes place, or has taken place.
    Confirmed,
    /// It does not take place.
    Cancelled,
}

/// An entry of a calendar.
#[derive(Clone, Debug)]
pub struct Event {
    /// Stays the same for as long as there is the thing.
    pub uid: String,
    /// Where the thing is.
    pub url: String,
    /// Counts the changes of the thing, from 1.
    pub version: i64,
    /// When the thing was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// What takes place.
    pub occasion: Occasion,
}

/// A calendar that is being written: first all events are foreseen, then its beginning, the events and its end are written.
#[derive(Debug, Default)]
pub struct Calendar {
    name: String,
    has_events: bool,
    zones: BTreeMap<&'static str, BTreeSet<Turn>>,
}

/// When the clocks of a time zone are set, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// What they showed then.
    at: NaiveDateTime,
    /// Seconds before UTC until then.
    from: i32,
    /// Seconds before UTC since then.
    to: i32,
    name: String,
}

impl Occasion {
    /// Whether its days are known; else it lies somewhere in a span.
    fn is_exact(&self) -> bool {
        self.when.is_to_the_day() && !self.when.is_approximate()
    }
}

impl Calendar {
    /// One of this name.
    pub fn new(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// Notes the rules of the time zone that the event needs.
    pub fn foresee(&mut self, event: &Event) {
        self.has_events = true;
        if let Some((starts, ends)) = &event.occasion.hours {
            let zone = starts.timezone();
            let turns = turns(zone, starts.with_timezone(&Utc), ends.with_timezone(&Utc));
            self.zones.entry(zone.name()).or_default().extend(turns);
        }
    }

    /// What comes before the events.
    pub fn begin(&self) -> String {
        let mut out = String::new();
        let product = concat!(
            "-//IUC Japan//City-to-city API ",
            env!("CARGO_PKG_VERSION"),
            "//EN"
        );
        for (name, value) in [
            ("BEGIN", "VCALENDAR"),
            ("VERSION", "2.0"),
            ("PRODID", product),
            ("CALSCALE", "GREGORIAN"),
            ("REFRESH-INTERVAL;VALUE=DURATION", ASK_AGAIN),
            ("X-PUBLISHED-TTL", ASK_AGAIN),
            ("NAME", &escaped(&self.name)),
            ("X-WR-CALNAME", &escaped(&self.name)),
        ] {
            line(&mut out, name, value);
        }
        // A calendar has something in it (RFC 5545, 3.6).
        let nothing = BTreeMap::from([("UTC", BTreeSet::from([Turn::default()]))]);
        let zones = if self.has_events {
            &self.zones
        } else {
            &nothing
        };
        for (name, turns) in zones {
            line(&mut out, "BEGIN", "VTIMEZONE");
            line(&mut out, "TZID", name);
            let mut holds = None;
            for turn in turns {
                // What holds already is not told again.
                let is_known = turn.from == turn.to && holds == Some(turn.to);
                holds = Some(turn.to);
                if is_known {
                    continue;
                }
                let kind = match turn.to > turn.from {
                    true => "DAYLIGHT",
                    false => "STANDARD",
                };
                line(&mut out, "BEGIN", kind);
                line(&mut out, "DTSTART", &local(turn.at));
                line(&mut out, "TZOFFSETFROM", &offset(turn.from));
                line(&mut out, "TZOFFSETTO", &offset(turn.to));
                line(&mut out, "TZNAME", &escaped(&turn.name));
                line(&mut out, "END", kind);
            }
            line(&mut out, "END", "VTIMEZONE");
        }
        out
    }

    /// An event.
    pub fn event(event: &Event) -> String {
        let occasion = &event.occasion;
        let is_exact = occasion.is_exact();
        let mut out = String::new();
        line(&mut out, "BEGIN", "VEVENT");
        line(&mut out, "UID", &escaped(&event.uid));
        line(&mut out, "DTSTAMP", &utc(event.updated_at));
        line(&mut out, "CREATED", &utc(event.created_at));
        line(&mut out, "LAST-MODIFIED", &utc(event.updated_at));
        let sequence = event.version.saturating_sub(1).to_string();
        line(&mut out, "SEQUENCE", &sequence);
        match (&occasion.hours, days(&occasion.when)) {
            (Some((starts, ends)), _) => {
                for (name, at) in [("DTSTART", starts), ("DTEND", ends)] {
                    let zone = at.timezone();
                    // An hour that comes twice when the clocks are set back is told in UTC.
                    match zone.from_local_datetime(&at.naive_local()).single() {
                        Some(_) => {
                            let name = format!("{name};TZID={}", zone.name());
                            line(&mut out, &name, &local(at.naive_local()));
                        }
                        None => line(&mut out, name, &utc(at.with_timezone(&Utc))),
                    }
                }
            }
            (None, Some((first, last))) => {
                let end = last.checked_add_days(Days::new(1));
                // A year has four digits there.
                let end = end.filter(|day| day.year() <= 9999);
                for (name, day) in [("DTSTART", Some(first)), ("DTEND", end)] {
                    let day = day.map(|day| day.format("%Y%m%d").to_string());
                    if let Some(day) = day {
                        line(&mut out, &format!("{name};VALUE=DATE"), &day);
                    }
                }
            }
            (None, None) => {}
        }
        let mut summary = occasion.summary.clone();
        if !is_exact {
            summary.push_str(&format!(" ({})", occasion.when));
        }
        line(&mut out, "SUMMARY", &escaped(&summary));
        for (name, text) in [
            ("DESCRIPTION", &occasion.description),
            ("LOCATION", &occasion.location),
        ] {
            if !text.is_empty() {
                line(&mut out, name, &escaped(text));
            }
        }
        line(&mut out, "URL", &event.url);
        let status = match occasion.standing {
            Standing::Cancelled => "CANCELLED",
            Standing::Confirmed if is_exact => "CONFIRMED",
            Standing::Confirmed | Standing::Tentative => "TENTATIVE",
        };
        line(&mut out, "STATUS", status);
        // What lies somewhere in a span, may be moved, or does not take place, keeps nobody from anything.
        let is_busy = is_exact && occasion.standing == Standing::Confirmed;
        let transparency = if is_busy { "OPAQUE" } else { "TRANSPARENT" };
        line(&mut out, "TRANSP", transparency);
        line(&mut out, "X-IUC-WHEN", &escaped(occasion.when.as_str()));
        line(&mut out, "END", "VEVENT");
        out
    }

    /// What comes after the events.
    pub fn end() -> &'static str {
        "END:VCALENDAR\r\n"
    }
}

/// The first and the last day of the span; of one that is open, the day at which it begins or ends.
fn days(when: &Edtf) -> Option<(NaiveDate, NaiveDate)> {
    let (first, last) = (when.earliest(), when.latest());
    Some((first.or(last)?, last.or(first)?))
}

/// When the clocks of a zone were set, as far as it matters between two times.
fn turns(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Turn> {
    let seconds = |at: DateTime<Utc>| {
        let offset = zone.offset_from_utc_datetime(&at.naive_utc());
        offset.fix().local_minus_utc()
    };
    let turn = |at: DateTime<Utc>, from: i32| {
        let offset = zone.offset_from_utc_datetime(&at.naive_utc());
        Turn {
            at: at.naive_utc() + TimeDelta::seconds(from.into()),
            from,
            to: seconds(at),
            name: offset.abbreviation().unwrap_or(zone.name()).to_owned(),
        }
    };
    let mut found = Vec::new();
    let mut day = from - BEFORE;
    let begin = day;
    while day < until {
        let next = (day + TimeDelta::days(1)).min(until);
        if seconds(day) != seconds(next) {
            let (mut before, mut after) = (day.timestamp(), next.timestamp());
            while after - before > 1 {
                let middle = before.midpoint(after);
                match DateTime::from_timestamp(middle, 0) {
                    Some(at) if seconds(at) != seconds(day) => after = middle,
                    _ => before = middle,
                }
            }
            found.extend(DateTime::from_timestamp(after, 0).map(|at| turn(at, seconds(day))));
        }
        day = next;
    }
    // Where the clocks are never set, one rule holds all the time.
    if found.is_empty() {
        found.push(turn(begin, seconds(begin)));
    }
    found
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

fn local(at: NaiveDateTime) -> String {
    at.format("%Y%m%dT%H%M%S").to_string()
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

/// A text as a value (RFC 5545, 3.3.11), without control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\\' | ';' | ',' => out.extend(['\\', character]),
            character if character.is_control() && character != '\t' => {}
            character => out.push(character),
        }
    }
    out
}

/// Writes a line, folded between characters where it is long.
fn line(out: &mut String, name: &str, value: &str) {
    let mut length = 0;
    for character in name.chars().chain([':']).chain(value.chars()) {
        if length + character.len_utf8() > LINE {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(character);
        length += character.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(when: &str, standing: Standing) -> Event {
        let at = DateTime::from_timestamp(1_539_216_000, 0).unwrap();
        Event {
            uid: "meeting-kick-off@iuc-japan".into(),
            url: "https://api.example/v1/meetings/kick-off".into(),
            version: 3,
            created_at: at,
            updated_at: at,
            occasion: Occasion {
                summary: "Kick-off; first, of all".into(),
                description: String::new(),
                location: String::new(),
                when: when.parse().unwrap(),
                hours: None,
                standing,
            },
        }
    }

    fn has(event: &Event, lines: &[&str]) {
        let text = Calendar::event(event);
        for line in lines {
            assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}: {text}");
        }
    }

    #[test]
    fn a_known_day_is_confirmed_and_ends_on_the_next() {
        has(
            &event("2018-10-11/2018-10-12", Standing::Confirmed),
            &[
                "UID:meeting-kick-off@iuc-japan",
                "SEQUENCE:2",
                "DTSTART;VALUE=DATE:20181011",
                "DTEND;VALUE=DATE:20181013",
                "SUMMARY:Kick-off\\; first\\, of all",
                "STATUS:CONFIRMED",
                "TRANSP:OPAQUE",
            ],
        );
    }

    #[test]
    fn a_day_that_is_not_known_is_a_tentative_span_with_the_date_as_it_was_written() {
        has(
            &event("2019-04/2019-05", Standing::Confirmed),
            &[
                "DTSTART;VALUE=DATE:20190401",
                "DTEND;VALUE=DATE:20190601",
                "SUMMARY:Kick-off\\; first\\, of all (2019-04/2019-05)",
                "STATUS:TENTATIVE",
                "TRANSP:TRANSPARENT",
                "X-IUC-WHEN:2019-04/2019-05",
            ],
        );
        has(
            &event("2020-05-02~", Standing::Confirmed),
            &["DTSTART;VALUE=DATE:20200502", "STATUS:TENTATIVE"],
        );
        has(
            &event("2019-04-01/..", Standing::Tentative),
            &["DTSTART;VALUE=DATE:20190401", "DTEND;VALUE=DATE:20190402"],
        );
        let last = Calendar::event(&event("9999", Standing::Tentative));
        assert!(last.contains("DTSTART;VALUE=DATE:99990101") && !last.contains("DTEND"));
        has(
            &event("2019-04", Standing::Cancelled),
            &["STATUS:CANCELLED", "DTSTART;VALUE=DATE:20190401"],
        );
    }

    #[test]
    fn hours_name_a_time_zone_whose_rules_come_first() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let at = |hour| zone.with_ymd_and_hms(2018, 10, 11, hour, 30, 0).unwrap();
        let mut timed = event("2018-10-11", Standing::Confirmed);
        timed.occasion.hours = Some((at(9), at(17)));
        let mut calendar = Calendar::new("Meetings".into());
        calendar.foresee(&timed);
        has(
            &timed,
            &[
                "DTSTART;TZID=Europe/Berlin:20181011T093000",
                "DTEND;TZID=Europe/Berlin:20181011T173000",
            ],
        );
        let begin = calendar.begin();
        let summer = "BEGIN:DAYLIGHT\r\nDTSTART:20180325T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT";
        let winter = "BEGIN:STANDARD\r\nDTSTART:20171029T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD";
        assert!(begin.contains(summer) && begin.contains(winter), "{begin}");
        assert!(begin.contains("TZID:Europe/Berlin\r\n"), "{begin}");
    }

    #[test]
    fn events_of_several_years_share_the_rules_of_their_zone() {
        let mut calendar = Calendar::new("Meetings".into());
        assert!(calendar.begin().contains("TZID:UTC"));
        let mut timed = |zone: &str, year: i32, month: u32| {
            let zone: Tz = zone.parse().unwrap();
            let at = |hour| zone.with_ymd_and_hms(year, month, 11, hour, 0, 0).unwrap();
            let mut timed = event("2018-10-11", Standing::Confirmed);
            timed.occasion.hours = Some((at(9), at(10)));
            calendar.foresee(&timed);
        };
        for year in 2018..2022 {
            timed("Asia/Tokyo", year, 10);
            timed("Europe/Dublin", year, 7);
        }
        // It stayed at summer time in 2016.
        timed("Europe/Istanbul", 2015, 12);
        timed("Europe/Istanbul", 2030, 12);
        let begin = calendar.begin();
        let of = |zone: &str| {
            let (_, rest) = begin.split_once(&format!("TZID:{zone}\r\n")).unwrap();
            rest.split_once("END:VTIMEZONE").unwrap().0.to_owned()
        };
        assert_eq!(of("Asia/Tokyo").matches("BEGIN:STANDARD").count(), 1);
        assert!(of("Europe/Dublin").contains("BEGIN:DAYLIGHT\r\nDTSTART:20180325T010000"));
        let istanbul = of("Europe/Istanbul");
        let last = istanbul.rsplit("BEGIN:").next().unwrap();
        assert!(last.contains("TZOFFSETTO:+0300"), "{istanbul}");
    }

    #[test]
    fn an_hour_that_comes_twice_is_told_in_utc() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let first = DateTime::from_timestamp(1_540_686_600, 0).unwrap();
        let mut timed = event("2018-10-28", Standing::Confirmed);
        timed.occasion.hours = Some((
            first.with_timezone(&zone),
            (first + TimeDelta::hours(1)).with_timezone(&zone),
        ));
        has(
            &timed,
            &["DTSTART:20181028T003000Z", "DTEND:20181028T013000Z"],
        );
    }

    #[test]
    fn a_zone_whose_clocks_are_never_set_has_one_rule() {
        let at = DateTime::from_timestamp(1_539_216_000, 0).unwrap();
        let found = turns("Asia/Tokyo".parse().unwrap(), at, at);
        let [only] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((only.from, only.to), (32_400, 32_400));
        assert_eq!(offset(-12_600), "-0330");
    }

    #[test]
    fn lines_are_folded_between_characters_and_hold_no_control_characters() {
        let mut long = event("2018-10-11", Standing::Confirmed);
        long.occasion.summary = format!("{}\u{7}\r\n終", "横浜市".repeat(40));
        let text = Calendar::event(&long);
        assert!(text.split("\r\n").all(|line| line.len() <= LINE));
        let unfolded = text.replace("\r\n ", "");
        assert!(unfolded.contains(&format!("SUMMARY:{}\\n終\r\n", "横浜市".repeat(40))));
    }
}
