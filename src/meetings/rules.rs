//! The rules of a meeting.

use super::types::{Meeting, MeetingKind};
use crate::ids::KnowledgeId;
use crate::problem::{Faults, Rule};
use crate::text::Text;

/// Days derived from `when`, and a reason that belongs to the present date and not to the one before.
pub fn settle_dates(meeting: &mut Meeting, before: Option<&Meeting>) {
    meeting.earliest = meeting.when.as_ref().and_then(crate::edtf::Edtf::earliest);
    meeting.latest = meeting.when.as_ref().and_then(crate::edtf::Edtf::latest);
    if let Some(before) = before
        && moved(before, meeting)
    {
        meeting.when_reason = given_now(meeting.when_reason.take(), before.when_reason.as_ref());
    }
}

/// Of a reason what was said now: a patch that gives one language leaves the others as they were, and these told why the
/// last date was set.
fn given_now(reason: Option<Text>, before: Option<&Text>) -> Option<Text> {
    let reason = reason?;
    let is_new = |(language, said): &(&str, &str)| {
        before.and_then(|before| before.in_language(language)) != Some(*said)
    };
    let said = reason.languages().filter(is_new);
    let said: Vec<(String, String)> = said
        .map(|(language, said)| (language.to_owned(), said.to_owned()))
        .collect();
    (!said.is_empty()).then(|| said.into_iter().collect())
}

/// Whether the date or the status is another one.
pub fn moved(before: &Meeting, after: &Meeting) -> bool {
    before.when != after.when || before.status != after.status
}

/// An item ends after it starts.
pub fn check_agenda(meeting: &Meeting, faults: &mut Faults) {
    for (index, item) in meeting.agenda.0.iter().enumerate() {
        if let (Some(start), Some(end)) = (item.starts_at, item.ends_at) {
            faults.check(
                end < start,
                format!("/agenda/{index}/ends_at"),
                Rule::EndsBeforeStart,
            );
        }
    }
}

/// The knowledge items that are shown, each with its place.
pub fn shown(meeting: &Meeting) -> Vec<(String, KnowledgeId)> {
    let mut all = Vec::new();
    for (index, item) in meeting.agenda.0.iter().enumerate() {
        for (place, id) in item.knowledge_items.iter().enumerate() {
            all.push((format!("/agenda/{index}/knowledge_items/{place}"), *id));
        }
    }
    all
}

/// What the readable id is made of: `exchange-meeting-3`, or the title when there is no number.
pub fn suggested_name(meeting: &Meeting) -> Option<String> {
    let kind = match meeting.kind {
        MeetingKind::ExchangeMeeting => "exchange meeting",
        MeetingKind::Webinar => "webinar",
        MeetingKind::Workshop => "workshop",
    };
    match meeting.number {
        Some(number) => Some(format!("{kind} {number}")),
        None => meeting.title.in_language("en").map(str::to_owned),
    }
}
