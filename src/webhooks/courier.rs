//! The courier: runs in every instance, brings what is due, and looks again when the feed has gone on, at the latest
//! after a second.
//!
//! Each webhook is served by one courier at a time, one delivery after the other: its target gets them in their order,
//! and one that is slow or away keeps none but its own waiting, many of one city none but that city's. No connection to the
//! database is held while something is sent.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use reqwest::Client;
use tokio::sync::{Notify, OnceCell, Semaphore};
use tokio::time::Instant;

use super::claims::{Claim, claim};
use super::keepers::switch_abandoned_off;
use super::sending::send;
use super::target::client;
use super::walk::{behind, walk};
use crate::app::App;
use crate::clock::now;
use crate::db::Loan;
use crate::ids::CityId;
use crate::metrics::Job;
use crate::problem::{Code, Problem};
use crate::turns::Turns;

pub use super::deliveries::forget_old;

/// How many webhooks an instance serves at a time.
const AT_A_TIME: usize = 32;

/// How many of them may be of one city, or of the programme: targets that hang keep its others waiting, and nobody else's.
const OF_ONE_CITY: usize = 8;

/// How many connections to the database it uses for that.
const CONNECTIONS: usize = 2;

/// The longest time between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// After this time others that wait come first.
const TURN: Duration = Duration::from_secs(10);

/// How often what came of a delivery is tried to be written down; else it is sent again.
const ATTEMPTS: usize = 3;

struct Courier {
    app: Data<App>,
    /// Made for the first delivery.
    client: OnceCell<Client>,
    turns: Turns<Option<CityId>>,
    connections: Semaphore,
    /// Somebody has come back.
    back: Notify,
}

/// Brings what is due, until the service stops; what is being sent then is waited for like a write.
pub async fn run(app: Data<App>) {
    if app.config.settings.webhooks_allow_private {
        tracing::warn!(
            "webhooks may reach this machine and private networks (webhooks_allow_private): for trying only"
        );
    }
    let courier = Arc::new(Courier {
        app: app.clone(),
        client: OnceCell::new(),
        turns: Turns::new(AT_A_TIME, OF_ONE_CITY),
        connections: Semaphore::new(CONNECTIONS),
        back: Notify::new(),
    });
    let mut is_well = true;
    while !app.is_stopping() {
        let seen = app.head.seen();
        let wait = match courier.look().await {
            Ok(more) => {
                app.metrics.done(Job::ServeWebhooks);
                is_well = true;
                if more {
                    continue;
                }
                Duration::ZERO
            }
            Err(problem) => {
                if is_well {
                    tracing::warn!(%problem, "webhooks cannot be served; it is tried on");
                }
                is_well = false;
                LOOK_AGAIN
            }
        };
        tokio::time::sleep(wait).await;
        tokio::select! {
            () = app.stopped() => {}
            () = app.head.passes(seen) => {}
            () = courier.back.notified() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

impl Courier {
    /// Makes what is to be delivered, and takes up what is due; `true` when there is more at once.
    async fn look(self: &Arc<Self>) -> Result<bool, Problem> {
        self.on_connection(async |conn| switch_abandoned_off(conn).await)
            .await?;
        let ids = self
            .on_connection(async |conn| Ok(behind(conn).await?))
            .await?;
        let mut more = false;
        for id in ids {
            let walked = self.on_connection(async |conn| walk(conn, &self.app, id, now()).await);
            match walked.await {
                Ok(goes_on) => more |= goes_on,
                Err(problem) => tracing::warn!(%problem, webhook = %id, "a webhook does not go on"),
            }
        }
        while !self.turns.are_all_taken() {
            let busy = self.turns.taken_up_by();
            let claimed = self.on_connection(async |conn| Ok(claim(conn, &busy).await?));
            let Some((claimed, city)) = claimed.await? else {
                return Ok(more);
            };
            // Turns are taken here alone.
            let turn = self.turns.take(city);
            let courier = self.clone();
            self.app.writes.spawn(async move {
                courier.serve(claimed).await;
                drop(turn);
                courier.back.notify_one();
            });
        }
        Ok(more)
    }

    /// Brings what is due for one webhook, one after the other, and gives it back.
    async fn serve(&self, claimed: Claim) {
        let until = Instant::now() + TURN;
        let served = async {
            let client = self.client().await?;
            while !self.app.is_stopping() && Instant::now() < until {
                if !self.bring_next(client, &claimed).await? {
                    break;
                }
            }
            self.on_connection(async |conn| Ok(claimed.release(conn).await?))
                .await
        };
        if let Err(problem) = served.await {
            tracing::warn!(%problem, webhook = %claimed, "a webhook is left to others once its claim has ended");
        }
    }

    /// Brings what is due first; `false` when nothing is, or another has taken over.
    async fn bring_next(&self, client: &Client, claimed: &Claim) -> Result<bool, Problem> {
        let next = self.on_connection(async |conn| Ok(claimed.next(conn).await?));
        let Some(errand) = next.await? else {
            return Ok(false);
        };
        let settings = &self.app.config.settings;
        let private = settings.webhooks_allow_private;
        let attempt = send(client, &errand.parcel, private, now()).await;
        tracing::debug!(webhook = %claimed, delivery = %errand.parcel.id, ?attempt, "sent a delivery");
        self.app.metrics.attempt(attempt.error.is_none());
        let mut tries = 1;
        loop {
            let finished = self.on_connection(async |conn| {
                claimed.finish(conn, &errand, &attempt, settings).await
            });
            match finished.await {
                Err(_) if tries < ATTEMPTS => tries += 1,
                outcome => return outcome,
            }
        }
    }

    /// The client that deliveries are sent with. Making it reads the certificates of the system: that is not to keep waiting
    /// what else runs here, such as the numbering of the feed.
    async fn client(&self) -> Result<&Client, Problem> {
        let private = self.app.config.settings.webhooks_allow_private;
        let make = async || match tokio::task::spawn_blocking(move || client(private)).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(no_client(&error)),
            Err(error) => Err(no_client(&error)),
        };
        self.client.get_or_try_init(make).await
    }

    /// Does `work` on a connection, when one is free.
    async fn on_connection<T>(
        &self,
        work: impl AsyncFnOnce(&mut Loan) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let _place = self.connections.acquire().await;
        let mut conn = self.app.db.job_connection().await?;
        work(&mut conn).await
    }
}

fn no_client(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "no webhook can be served");
    Problem::new(Code::Internal)
}
