//! Who answers for a webhook. It goes on telling when the token that made it has ended, so it is somebody's: the account
//! that made it, or last changed what it tells, or to where, or switched it on. It tells no more than as long as that
//! account is there and may do that still: looked at before each delivery, and each second, so that a webhook that rests
//! says why.

use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::switching::switch_off;
use super::types::{OffReason, Webhook};
use crate::auth::{Caller, standing};
use crate::clock::now;
use crate::db::{Connection, begin, commit, rollback};
use crate::ids::{AccountId, CityId, WebhookId};
use crate::policy::{Action, Thing, allows};
use crate::problem::Problem;
use crate::resource::Resource;
use crate::schema::webhooks;

impl Webhook {
    /// Whether who changes `before` to this answers for it from now on.
    pub fn takes_over(&self, before: &Self) -> bool {
        self.url != before.url
            || self.types != before.types
            || self.cities != before.cities
            || self.active && !before.active
    }
}

type Kept = (WebhookId, Option<CityId>, Option<AccountId>);

/// Whether who answers for the webhook still may.
pub async fn is_kept(conn: &Connection, id: WebhookId) -> QueryResult<bool> {
    Ok(abandoned(conn, Some(id)).await?.is_empty())
}

/// Switches off the webhooks that nobody answers for any more.
pub async fn switch_abandoned_off(conn: &mut Connection) -> Result<(), Problem> {
    for id in abandoned(conn, None).await? {
        begin(conn).await?;
        match switch_abandoned(conn, id).await {
            Ok(()) => commit(conn).await?,
            Err(problem) => {
                rollback(conn).await?;
                return Err(problem);
            }
        }
    }
    Ok(())
}

/// Looks again once it is locked: somebody may have taken it over meanwhile.
async fn switch_abandoned(conn: &mut Connection, id: WebhookId) -> Result<(), Problem> {
    let locked = Webhook::lock(conn, &Caller::PROGRAMME, &id).await?;
    if locked.is_none() || is_kept(conn, id).await? {
        return Ok(());
    }
    switch_off(conn, id, OffReason::KeeperGone, now()).await
}

/// The webhooks that are on, or this one, and that nobody answers for.
async fn abandoned(mut conn: &Connection, id: Option<WebhookId>) -> QueryResult<Vec<WebhookId>> {
    let mut kept = webhooks::table
        .filter(webhooks::active)
        .select((webhooks::id, webhooks::city, webhooks::kept_by))
        .into_boxed();
    if let Some(id) = id {
        kept = kept.filter(webhooks::id.eq(id));
    }
    let kept: Vec<Kept> = kept.load(&mut conn).await?;
    let mut keepers: Vec<AccountId> = kept.iter().filter_map(|(.., keeper)| *keeper).collect();
    keepers.sort_unstable();
    keepers.dedup();
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let keepers = standing(conn, &keepers).await?;
    let lost = kept.into_iter().filter(|(_, city, keeper)| {
        let keeper = keeper.and_then(|keeper| keepers.get(&keeper));
        !keeper.is_some_and(|keeper| may_keep(keeper, city.as_ref()))
    });
    Ok(lost.map(|(id, ..)| id).collect())
}

/// What changing it would be asked, too.
fn may_keep(keeper: &Caller, city: Option<&CityId>) -> bool {
    let relation = keeper.relation_to_cities(city.into_iter());
    keeper.permit(Action::Change, Thing::Webhook).is_ok()
        && allows(keeper.role, Action::Change, Thing::Webhook, relation).is_some()
}
