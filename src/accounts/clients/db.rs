//! Machine clients in the database.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use secrecy::SecretString;

use super::grants::end_of;
use super::secrets::store;
use super::types::{Client, ClientFilter};
use crate::accounts::types::UserRole;
use crate::auth::Caller;
use crate::cities::types::{City, Side};
use crate::db::Connection;
use crate::events::Author;
use crate::ids::{CityId, ClientId};
use crate::policy::{Role, Scope, Thing};
use crate::problem::{Fault, Faults, Rule};
use crate::query::{Key, KeyType, Sight, Sort, TieBreak};
use crate::resource::{
    Check, Include, Known, References, Resource, new_uuid, rows, strings, usual_fields,
    usual_sorts_by_uuid,
};
use crate::rotation::Secrets;
use crate::schema::clients;

impl Resource for Client {
    type Id = ClientId;
    type Filter = ClientFilter;

    const THING: Thing = Thing::Client;
    const PATH: &'static str = "/clients";
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

    fn claim(&mut self, before: Option<&Self>, caller: &Caller) {
        if before.is_none() && self.city.is_none() {
            self.city.clone_from(&caller.city);
        }
    }

    fn references(&self, references: &mut References) {
        if let Some(city) = &self.city {
            references.to::<City>("/city", city);
        }
    }

    fn prepare(&mut self, before: Option<&Self>, known: &Known, _: &mut Faults) {
        self.id = before.map_or_else(|| new_uuid().into(), |before| before.id);
        self.scopes.sort_unstable();
        self.scopes.dedup();
        self.role = match &self.city {
            None => UserRole::Admin,
            Some(city) => match known.get::<City>(city).map(|city| city.side) {
                Some(Side::Jp) => UserRole::JpCity,
                _ => UserRole::EuCity,
            },
        };
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        if check.before.is_some_and(|before| before.city != self.city) {
            faults.push(Fault::at("/city", Rule::Immutable));
        }
        let beyond = self.city.is_some() && self.scopes.contains(&Scope::Admin);
        faults.check(beyond, "/scopes", Rule::ProgrammeScope);
    }

    fn sign(&mut self, author: &Author) {
        self.secrets = Secrets::first::<Self>(author.at);
    }

    fn secret(&self) -> Option<SecretString> {
        self.secrets.fresh()
    }

    rows!(
        clients,
        key = id,
        visible = visible_to,
        filter = |query, filter| {
            if !filter.city.is_empty() {
                query = query.filter(clients::city.eq_any(filter.city));
            }
            if let Some(active) = filter.active {
                query = query.filter(clients::active.eq(active));
            }
        }
    );

    async fn insert(&self, conn: &mut Connection, _: &Author) -> QueryResult<()> {
        diesel::insert_into(clients::table)
            .values(self)
            .execute(conn)
            .await?;
        let none = Secrets::default();
        store(conn, self.id, &self.secrets, &none).await
    }

    /// Switching it off ends its tokens: switched on again, it asks for others.
    async fn update(&self, conn: &mut Connection, before: &Self, _: &Author) -> QueryResult<()> {
        diesel::update(clients::table.find(self.id))
            .set(self)
            .execute(conn)
            .await?;
        if !self.active {
            end_of(conn, self.id).await?;
        }
        store(conn, self.id, &self.secrets, &before.secrets).await
    }
}

/// Admins see every client, city users those of their city, nobody else any.
fn visible_to(caller: &Caller) -> Option<Sight> {
    match (caller.role, &caller.city, caller.client) {
        (Role::Admin, _, None) => None,
        (_, Some(city), None) => Some(Sight::by("city = ?", Key::Text(city.to_string()))),
        _ => Some(Sight::of("false")),
    }
}
