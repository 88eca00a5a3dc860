//! What the service does without being asked, from its start until it begins to stop.

use std::time::Duration;

use actix_web::web::Data;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::accounts::oauth::codes;
use crate::accounts::{clients, sessions, throttle};
use crate::app::App;
use crate::clock::now;
use crate::db::{begin, commit};
use crate::files::{Swept, sweep};
use crate::metrics::Job;
use crate::problem::Problem;
use crate::schema::search_words;
use crate::tours::delegates::retention::erase_old_delegates;
use crate::webhooks::courier;
use crate::write::forget_old_keys;
use crate::{feed, openapi};

/// Starts all jobs of an instance. Each ends when the service begins to stop, wherever it is: what it had not committed
/// is done by the next instance.
pub fn start(app: &Data<App>) {
    // The courier ends by itself, for it waits until the outcome of what it has sent is stored.
    tokio::spawn(courier::run(app.clone()));
    until_stopped(app, number_changes(app.clone()));
    until_stopped(app, forget_old(app.clone()));
    until_stopped(app, remove_files(app.clone()));
}

fn until_stopped(app: &Data<App>, job: impl Future<Output = ()> + Send + 'static) {
    let app = app.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = job => {}
            () = app.stopped() => {}
        }
    });
}

/// Has what is committed numbered for the change feed, and wakes who waits for it. It is looked for,
/// and nobody is told of it: a notification in the database would make all commits queue.
async fn number_changes(app: Data<App>) {
    let mut is_well = true;
    loop {
        tokio::time::sleep(feed::LOOK_EVERY).await;
        let numbered = async {
            let conn = app.db.job_connection().await?;
            Ok::<_, Problem>(feed::number(&conn).await?)
        };
        match numbered.await {
            Ok(seq) => {
                app.head.note(seq);
                app.metrics.done(Job::NumberChanges);
                is_well = true;
            }
            Err(problem) => {
                if is_well {
                    tracing::warn!(%problem, "changes cannot be numbered; it is tried on");
                }
                is_well = false;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// What has to be done now and then: forgetting what is kept for a time only.
async fn forget_old(app: Data<App>) {
    if has_no_words(&app).await.unwrap_or_default() {
        find_all_words(&app).await;
    }
    // None of it is due at once: a service that begins has others to answer first.
    let soon = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut hourly = tokio::time::interval_at(soon, Duration::from_secs(3600));
    loop {
        hourly.tick().await;
        app.forget_idle_callers();
        let work = async {
            let mut conn = app.db.job_connection().await?;
            let keys = forget_old_keys(&mut conn, now()).await?;
            throttle::delete_old_failures(&mut conn, now()).await?;
            let sessions = sessions::delete_old(&mut conn, now(), TimeDelta::days(30)).await?;
            clients::grants::delete_old(&mut conn, now()).await?;
            codes::delete_old(&mut conn, now()).await?;
            let months = app.config.settings.delegate_months;
            let delegates = erase_old_delegates(&mut conn, now(), months).await?;
            let changes = feed::forget_old(&mut conn, now(), app.config.settings.feed_days).await?;
            let deliveries = courier::forget_old(&mut conn, now()).await?;
            Ok::<_, Problem>((keys, sessions, delegates, changes, deliveries))
        };
        find_all_words(&app).await;
        match work.await {
            Ok((keys, sessions, delegates, changes, deliveries)) => {
                app.metrics.done(Job::ForgetOld);
                tracing::info!(
                    keys,
                    sessions,
                    delegates,
                    changes,
                    deliveries,
                    "forgot what was kept for a time only"
                )
            }
            Err(problem) => {
                tracing::warn!(%problem, "the hourly job failed; it runs again in an hour")
            }
        }
    }
}

/// Gives words to what has none; what is wrong with one kind of thing keeps no other from it.
async fn find_all_words(app: &App) {
    for (thing, find) in openapi::word_finders() {
        let work = async {
            let (mut after, mut all) = (String::new(), 0);
            loop {
                let mut conn = app.db.job_connection().await?;
                begin(&mut conn).await?;
                let found = find(&mut conn, after).await?;
                commit(&mut conn).await?;
                let Some((last, count)) = found else {
                    return Ok::<usize, Problem>(all);
                };
                (after, all) = (last, all + count);
            }
        };
        match work.await {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(%thing, count, "made searchable what was written without words")
            }
            Err(problem) => {
                tracing::warn!(%thing, %problem, "some things cannot be searched yet; it is tried again in an hour")
            }
        }
    }
}

/// Whether nothing has words, as when this is the first instance that makes them.
async fn has_no_words(app: &App) -> Result<bool, Problem> {
    let mut conn = app.db.job_connection().await?;
    let words = search_words::table.select(search_words::id);
    let first: Option<String> = words.first(&mut conn).await.optional()?;
    Ok(first.is_none())
}

/// Removes the objects of files that were deleted, or whose upload broke off.
async fn remove_files(app: Data<App>) {
    let minute = Duration::from_secs(60);
    // Nothing is due at once: an upload has its time first.
    let mut often = tokio::time::interval_at(tokio::time::Instant::now() + minute, minute);
    loop {
        often.tick().await;
        let work = async {
            let mut conn = app.db.job_connection().await?;
            sweep(&mut conn, &app.files, now()).await
        };
        match work.await {
            Ok(Swept { removed, left }) => {
                if removed > 0 {
                    tracing::info!(removed, "removed files to which nothing refers");
                }
                app.metrics.done(Job::RemoveFiles);
                app.metrics.files_left(left);
                if left > 0 {
                    tracing::warn!(
                        left,
                        "some files could not be removed; they are tried again"
                    );
                }
            }
            Err(problem) => {
                tracing::warn!(%problem, "files could not be removed; the job runs again in a minute")
            }
        }
    }
}
