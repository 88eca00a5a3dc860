//! What follows from an attempt: whether and when a delivery is tried again, how long its target rests, and when the
//! webhook is switched off; pure but for the dice.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::rules::wait_after;
use super::sending::{Attempt, Parcel};
use super::types::{DeliveryState, OffReason};
use crate::clock::seconds;
use crate::config::Settings;
use crate::schema::webhooks;

/// The longest rest of a target that fails, between two attempts at it.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// After so many failures in a row a target was away: when it is back, all that waits is due.
const AWAY: i32 = 3;

/// The status by which a target says that it wants no more.
const GONE: u16 = 410;

/// A delivery that is due.
pub struct Errand {
    /// What is sent.
    pub parcel: Parcel,
    /// Whether it tells of no change.
    pub is_test: bool,
    /// When it fell due.
    pub due_at: DateTime<Utc>,
    /// How often it was sent.
    pub attempts: i32,
    /// Since when it is tried.
    pub tried_since: Option<DateTime<Utc>>,
    /// Failed attempts at its target in a row.
    pub failures: i32,
    /// Until when its target rests after them.
    pub rests_until: DateTime<Utc>,
    /// Since when its target fails.
    pub failing_since: Option<DateTime<Utc>>,
}

/// What follows from an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// When.
    pub at: DateTime<Utc>,
    /// How the delivery stands.
    pub state: DeliveryState,
    /// When the delivery is tried again; none: it has ended.
    pub due_at: Option<DateTime<Utc>>,
    /// How the target fares.
    pub fare: Fare,
    /// Whether the target is back, so that all that waits is due.
    pub wakes: bool,
    /// Why the webhook is switched off.
    pub ends: Option<OffReason>,
}

/// How the target fares, as far as an attempt tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = webhooks)]
pub struct Fare {
    failures: Option<i32>,
    rests_until: Option<DateTime<Utc>>,
    failing_since: Option<Option<DateTime<Utc>>>,
    last_success_at: Option<DateTime<Utc>>,
}

impl Errand {
    /// What follows from an attempt at it.
    pub fn outcome(&self, attempt: &Attempt, settings: &Settings, at: DateTime<Utc>) -> Outcome {
        self.outcome_by(attempt, settings, at, chance())
    }

    /// Of the rest of a target and of the wait of a delivery the same chance makes the same time as long as both are
    /// short: so the delivery that failed goes first again, and the order stays.
    fn outcome_by(
        &self,
        attempt: &Attempt,
        settings: &Settings,
        at: DateTime<Utc>,
        chance: f64,
    ) -> Outcome {
        let state = match attempt.error {
            None => DeliveryState::Delivered,
            Some(_) => DeliveryState::Failed,
        };
        let mut outcome = Outcome {
            at,
            state,
            due_at: None,
            fare: Fare::default(),
            wakes: false,
            ends: None,
        };
        // A test says nothing of how the target fares.
        if self.is_test {
            return outcome;
        }
        if attempt.error.is_none() {
            outcome.wakes = self.failures >= AWAY;
            outcome.fare = Fare {
                failures: Some(0),
                rests_until: Some(at),
                failing_since: Some(None),
                last_success_at: Some(at),
            };
            return outcome;
        }
        let first = Duration::from_secs(settings.webhooks_first_retry);
        let later = |failures: i32, longest: Duration| {
            let wait = wait_after(failures, first, longest, chance);
            let wait = wait.max(attempt.retry_after.unwrap_or_default());
            at + TimeDelta::from_std(wait).unwrap_or_default()
        };
        let failures = self.failures.saturating_add(1);
        outcome.fare = Fare {
            failures: Some(failures),
            rests_until: Some(later(failures, LONGEST_REST)),
            failing_since: Some(Some(self.failing_since.unwrap_or(at))),
            last_success_at: None,
        };
        let tried = at.signed_duration_since(self.tried_since.unwrap_or(at));
        if attempt.status == Some(GONE) {
            outcome.ends = Some(OffReason::Gone);
        } else if tried >= seconds(settings.webhooks_give_up) {
            outcome.ends = Some(OffReason::Failing);
        } else {
            outcome.state = DeliveryState::Pending;
            let attempts = self.attempts.saturating_add(1);
            outcome.due_at = Some(later(attempts, Duration::MAX));
        }
        outcome
    }
}

/// From 0 to 1.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the whole time is waited.
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;
    use crate::resource::new_uuid;
    use crate::webhooks::types::DeliveryError;

    fn errand(attempts: i32, failures: i32) -> Errand {
        Errand {
            parcel: Parcel {
                id: new_uuid().into(),
                url: String::new(),
                body: String::new(),
                secrets: Vec::new(),
            },
            is_test: false,
            due_at: now(),
            attempts,
            tried_since: None,
            failures,
            rests_until: now(),
            failing_since: None,
        }
    }

    fn answered(status: u16) -> Attempt {
        Attempt {
            status: Some(status),
            error: (status >= 300).then_some(DeliveryError::Status),
            retry_after: None,
            took: Duration::from_millis(7),
        }
    }

    #[test]
    fn a_delivery_that_failed_goes_first_again_as_long_as_the_target_rests_as_long() {
        let (settings, at) = (Settings::default(), now());
        for failures in 0..6 {
            let outcome = errand(failures, failures).outcome_by(&answered(500), &settings, at, 0.7);
            assert_eq!(outcome.state, DeliveryState::Pending);
            assert_eq!(outcome.due_at, outcome.fare.rests_until, "{failures}");
            assert!(outcome.due_at.unwrap() > at);
        }
        // A target is looked at every five minutes; a delivery that it does not like waits longer.
        let outcome = errand(20, 20).outcome_by(&answered(500), &settings, at, 1.0);
        assert_eq!(
            outcome.fare.rests_until.unwrap() - at,
            TimeDelta::seconds(300)
        );
        assert_eq!(outcome.due_at.unwrap() - at, TimeDelta::hours(6));
    }

    #[test]
    fn three_days_of_failures_and_a_410_switch_off_and_a_test_never_does() {
        let (settings, at) = (Settings::default(), now());
        let mut old = errand(40, 40);
        old.tried_since = Some(at - TimeDelta::days(3) + TimeDelta::seconds(1));
        assert_eq!(
            old.outcome_by(&answered(500), &settings, at, 0.5).ends,
            None
        );
        old.tried_since = Some(at - TimeDelta::days(3));
        let outcome = old.outcome_by(&answered(500), &settings, at, 0.5);
        assert_eq!(
            (outcome.ends, outcome.state),
            (Some(OffReason::Failing), DeliveryState::Failed)
        );
        assert_eq!(outcome.due_at, None);
        let outcome = errand(0, 0).outcome_by(&answered(410), &settings, at, 0.5);
        assert_eq!(outcome.ends, Some(OffReason::Gone));
        let mut test = errand(0, 0);
        test.is_test = true;
        let outcome = test.outcome_by(&answered(410), &settings, at, 0.5);
        assert_eq!((outcome.ends, outcome.fare), (None, Fare::default()));
        assert_eq!(outcome.state, DeliveryState::Failed);
    }

    #[test]
    fn a_target_that_was_away_and_is_back_gets_all_that_waits() {
        let (settings, at) = (Settings::default(), now());
        assert!(
            !errand(0, AWAY - 1)
                .outcome_by(&answered(204), &settings, at, 0.5)
                .wakes
        );
        let outcome = errand(3, AWAY).outcome_by(&answered(204), &settings, at, 0.5);
        assert!(outcome.wakes);
        assert_eq!(
            (outcome.fare.failures, outcome.fare.failing_since),
            (Some(0), Some(None))
        );
    }
}
