//! The rules of a contribution.

use super::types::Contribution;
use crate::meetings::types::Meeting;
use crate::problem::{Fault, Faults, Rule};
use crate::resource::Known;

/// Whose answer it is, to what and where: another one is another contribution.
pub fn check_unmoved(contribution: &Contribution, before: &Contribution, faults: &mut Faults) {
    for (pointer, moved) in [
        ("/meeting", contribution.meeting != before.meeting),
        ("/question", contribution.question != before.question),
        ("/city", contribution.city != before.city),
    ] {
        faults.check(moved, pointer, Rule::Immutable);
    }
}

/// The city takes part in the meeting.
pub fn check_city(contribution: &Contribution, known: &Known, faults: &mut Faults) {
    if let Some(meeting) = known.get::<Meeting>(&contribution.meeting)
        && !meeting.cities.contains(&contribution.city)
    {
        faults.push(
            Fault::at("/city", Rule::NotInMeeting)
                .against("/meeting")
                .with("id", &contribution.city)
                .with("meeting", &meeting.id),
        );
    }
}
