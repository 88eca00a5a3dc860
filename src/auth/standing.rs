//! What accounts are by now, without a token of theirs: for what goes on in their name when they do not ask themselves.

use std::collections::HashMap;

use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use super::Caller;
use crate::db::Connection;
use crate::ids::{AccountId, CityId};
use crate::policy::{Role, Scope, scopes};

#[derive(QueryableByName)]
struct Account {
    #[diesel(sql_type = SqlUuid)]
    id: AccountId,
    #[diesel(sql_type = Text)]
    role: Role,
    #[diesel(sql_type = Nullable<Text>)]
    city: Option<CityId>,
    #[diesel(sql_type = Bool)]
    is_machine: bool,
    #[diesel(sql_type = Array<Text>)]
    scopes: Vec<Scope>,
}

/// Those of the accounts that there are and that are switched on; a machine client with all the scopes that it has.
pub async fn standing(
    mut conn: &Connection,
    accounts: &[AccountId],
) -> QueryResult<HashMap<AccountId, Caller>> {
    let found: Vec<Account> = diesel::sql_query(
        "SELECT id, role, city, false AS is_machine, ARRAY[]::text[] AS scopes FROM users WHERE id = ANY ($1) AND active \
         UNION ALL SELECT id, role, city, true, scopes FROM clients WHERE id = ANY ($1) AND active",
    )
    .bind::<Array<SqlUuid>, _>(accounts)
    .load(&mut conn)
    .await?;
    Ok(found.into_iter().map(Account::named).collect())
}

impl Account {
    fn named(self) -> (AccountId, Caller) {
        let reach = self.scopes.into_iter().collect();
        let caller = Caller {
            role: self.role,
            user: (!self.is_machine).then(|| self.id.uuid().into()),
            client: self.is_machine.then(|| self.id.uuid().into()),
            city: self.city,
            session: None,
            scopes: self.is_machine.then(|| scopes(self.role).and(reach)),
        };
        (self.id, caller)
    }
}
