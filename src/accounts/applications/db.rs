//! Applications in the database.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::{Application, ApplicationFilter};
use crate::accounts::sessions;
use crate::auth::Caller;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::ApplicationId;
use crate::policy::{Role, Thing};
use crate::problem::{Fault, Faults, Rule};
use crate::query::{Key, KeyType, Sight, Sort, TieBreak};
use crate::resource::{Check, Known, Resource, derive_id, rows, usual_fields, usual_sorts};
use crate::schema::applications;

/// The `client_id` of Swagger UI, the service's own page: no application can have it.
pub const SWAGGER_UI: &str = "swagger-ui";

impl Resource for Application {
    type Id = ApplicationId;
    type Filter = ApplicationFilter;

    const THING: Thing = Thing::Application;
    const PATH: &'static str = "/applications";
    const SORTS: &'static [Sort<Self>] = usual_sorts![Sort {
        name: "name",
        sql: "coalesce(name ->> 'en', id)",
        kind: KeyType::Text,
        key: |item| Key::Text(
            item.name
                .in_language("en")
                .unwrap_or(item.id.as_str())
                .to_owned()
        ),
    }];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    };

    usual_fields!(id);

    fn prepare(&mut self, _: Option<&Self>, _: &Known, faults: &mut Faults) {
        derive_id(&mut self.id, self.name.in_language("en"), faults);
        self.scopes.sort_unstable();
        self.scopes.dedup();
    }

    fn check(&self, _: &Check<'_, Self>, faults: &mut Faults) {
        if self.id.as_str() == SWAGGER_UI {
            faults.push(Fault::at("/id", Rule::AlreadyUsed));
        }
    }

    rows!(
        applications,
        key = id,
        visible = visible_to,
        filter = |query, filter| {
            if let Some(active) = filter.active {
                query = query.filter(applications::active.eq(active));
            }
        }
    );

    async fn insert(&self, conn: &mut Connection, _: &Author) -> QueryResult<()> {
        diesel::insert_into(applications::table)
            .values(self)
            .execute(conn)
            .await
            .map(drop)
    }

    /// Switching it off, and taking scopes away, ends the sessions in it.
    async fn update(&self, conn: &mut Connection, before: &Self, _: &Author) -> QueryResult<()> {
        diesel::update(applications::table.find(self.id.clone()))
            .set(self)
            .execute(conn)
            .await?;
        if !self.active || !self.reach().contain(before.reach()) {
            sessions::end_in(conn, &self.id).await?;
        }
        Ok(())
    }
}

/// Admins see every application, nobody else any.
fn visible_to(caller: &Caller) -> Option<Sight> {
    (caller.role != Role::Admin).then(|| Sight::of("false"))
}

/// The application with this id to which people can sign in.
pub async fn find_active(
    conn: &mut Connection,
    id: &ApplicationId,
) -> QueryResult<Option<Application>> {
    applications::table
        .find(id)
        .filter(applications::active)
        .select(Application::as_select())
        .first(conn)
        .await
        .optional()
}

/// As [`find_active`], locked so until the transaction ends.
pub async fn lock_active(
    conn: &mut Connection,
    id: &ApplicationId,
) -> QueryResult<Option<Application>> {
    applications::table
        .find(id)
        .filter(applications::active)
        .select(Application::as_select())
        .for_share()
        .first(conn)
        .await
        .optional()
}
