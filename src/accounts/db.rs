//! Users in the database.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::rules::check_city;
use super::types::{User, UserFilter};
use crate::auth::Caller;
use crate::cities::types::City;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::{CityId, UserId};
use crate::policy::{Relation, Role, Thing};
use crate::problem::{Faults, Rule};
use crate::query::{Key, KeyType, Sight, Sort, TieBreak};
use crate::resource::{
    Check, Include, Known, References, Resource, new_uuid, rows, strings, usual_fields,
    usual_sorts_by_uuid,
};
use crate::schema::{authorization_codes, sessions, users};

impl Resource for User {
    type Id = UserId;
    type Filter = UserFilter;

    const THING: Thing = Thing::User;
    const PATH: &'static str = "/users";
    const SORTS: &'static [Sort<Self>] = usual_sorts_by_uuid![];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };
    const INCLUDES: &'static [Include<Self>] = &[Include::new::<City>("cities", |item| {
        item.city
            .as_ref()
            .map(|city| strings(&[city]))
            .unwrap_or_default()
    })];

    usual_fields!(id);

    fn cities(&self) -> Vec<CityId> {
        self.city.iter().cloned().collect()
    }

    fn relation(&self, caller: &Caller) -> Relation {
        if caller.user == Some(self.id) {
            Relation::Own
        } else {
            Relation::Other
        }
    }

    fn references(&self, references: &mut References) {
        if let Some(city) = &self.city {
            references.to::<City>("/city", city);
        }
    }

    fn prepare(&mut self, before: Option<&Self>, _: &Known, faults: &mut Faults) {
        self.id = before.map_or_else(|| new_uuid().into(), |before| before.id);
        if self.password.is_unset() {
            match before {
                Some(before) => self.password = before.password.clone(),
                None => faults.check(true, "/password", Rule::Required),
            }
        }
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        check_city(self, check.known, faults);
    }

    rows!(
        users,
        key = id,
        visible = visible_to,
        filter = |query, filter| {
            if !filter.role.is_empty() {
                query = query.filter(users::role.eq_any(filter.role));
            }
            if !filter.city.is_empty() {
                query = query.filter(users::city.eq_any(filter.city));
            }
            if let Some(active) = filter.active {
                query = query.filter(users::active.eq(active));
            }
        }
    );

    async fn insert(&self, conn: &mut Connection, _: &Author) -> QueryResult<()> {
        diesel::insert_into(users::table)
            .values(self)
            .execute(conn)
            .await
            .map(drop)
    }

    /// Another password, or switching off, ends the sessions.
    async fn update(&self, conn: &mut Connection, before: &Self, _: &Author) -> QueryResult<()> {
        diesel::update(users::table.find(self.id))
            .set(self)
            .execute(conn)
            .await?;
        if self.password != before.password || !self.active {
            diesel::delete(sessions::table.filter(sessions::user.eq(self.id)))
                .execute(conn)
                .await?;
            let codes = authorization_codes::table.filter(authorization_codes::user.eq(self.id));
            diesel::delete(codes).execute(conn).await?;
        }
        Ok(())
    }
}

/// Admins see every account, everybody else the own one.
fn visible_to(caller: &Caller) -> Option<Sight> {
    match (caller.role, caller.user) {
        (Role::Admin, _) => None,
        (_, user) => Some(Sight::by(
            "id = ?",
            Key::Uuid(user.unwrap_or_default().uuid()),
        )),
    }
}

/// The active user with this e-mail address.
pub async fn find_active_by_email(conn: &mut Connection, email: &str) -> QueryResult<Option<User>> {
    users::table
        .filter(lower(users::email).eq(email.to_lowercase()))
        .filter(users::active)
        .select(User::as_select())
        .first(conn)
        .await
        .optional()
}

/// Whether the account is active and has the password that it had, locked so until the transaction ends.
pub async fn is_still(conn: &mut Connection, user: &User) -> QueryResult<bool> {
    let found: Option<UserId> = users::table
        .find(user.id)
        .filter(users::active)
        .filter(users::password_hash.eq(&user.password))
        .select(users::id)
        .for_share()
        .first(conn)
        .await
        .optional()?;
    Ok(found.is_some())
}

diesel::define_sql_function! {
    /// The text in lower case.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}
