//! The SQL and the accessors that most kinds of thing share, written once as macros: those of a table whose rows are
//! the things, with the usual columns.

/// Implements the SQL of [`Resource`] for a type whose fields are the columns of its table.
///
/// `visible` says what of the table a caller may see, [`to_everybody`] or a function of the slice (`None`: all of
/// it); every statement begins with it. `large` names the columns that can be large, where there are any: pages are cut by
/// their length. The block narrows the boxed query by the filter of a list; it stands in `list` and in `count` alike.
macro_rules! rows {
    ($table:ident, key = $key:ident, visible = $visible:expr, $(large = [$($large:ident),+],)? filter = |$query:ident, $filter:ident| $narrow:block) => {
        type Seen = Self;

        const TABLE: &'static str = stringify!($table);

        async fn find(
            mut conn: &$crate::db::Connection,
            caller: &$crate::auth::Caller,
            id: &Self::Id,
        ) -> diesel::QueryResult<Option<Self>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let row = $table::table.filter($table::$key.eq(id.clone())).select(Self::as_select());
            match $visible(caller) {
                None => row.first(&mut conn).await,
                Some(seen) => row.filter(seen).first(&mut conn).await,
            }
            .optional()
        }

        async fn lock(
            conn: &mut $crate::db::Connection,
            caller: &$crate::auth::Caller,
            id: &Self::Id,
        ) -> diesel::QueryResult<Option<Self>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let row = $table::table.filter($table::$key.eq(id.clone())).select(Self::as_select());
            match $visible(caller) {
                None => row.for_no_key_update().first(conn).await,
                Some(seen) => row.filter(seen).for_no_key_update().first(conn).await,
            }
            .optional()
        }

        async fn find_many(
            mut conn: &$crate::db::Connection,
            caller: &$crate::auth::Caller,
            ids: Vec<Self::Id>,
        ) -> diesel::QueryResult<Vec<Self>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let mut query = $table::table.filter($table::$key.eq_any(ids)).select(Self::as_select()).into_boxed();
            if let Some(seen) = $visible(caller) {
                query = query.filter(seen);
            }
            query.load(&mut conn).await
        }

        async fn list(
            mut conn: &$crate::db::Connection,
            caller: &$crate::auth::Caller,
            $filter: Self::Filter,
            page: $crate::query::Page,
        ) -> diesel::QueryResult<$crate::query::Stretch<Self>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let mut $query = $table::table.into_boxed::<diesel::pg::Pg>();
            if let Some(seen) = $visible(caller) {
                $query = $query.filter(seen);
            }
            $narrow
            if let Some(since) = page.narrowing.since {
                $query = $query.filter($table::updated_at.ge(since));
            }
            if let Some(found) = page.narrowing.found_by(Self::SEARCHED) {
                $query = $query.filter(found);
            }
            let walk = $query.filter(page.keyset()).order(page.order()).limit(page.reach());
            $crate::resource::load_walk!($table, $key, [$($($large),+)?], page, walk, conn, caller)
        }

        async fn count(
            mut conn: &$crate::db::Connection,
            caller: &$crate::auth::Caller,
            $filter: Self::Filter,
            narrowing: $crate::query::Narrowing,
        ) -> diesel::QueryResult<i64> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let mut $query = $table::table.select(diesel::dsl::count_star()).into_boxed::<diesel::pg::Pg>();
            if let Some(seen) = $visible(caller) {
                $query = $query.filter(seen);
            }
            $narrow
            if let Some(since) = narrowing.since {
                $query = $query.filter($table::updated_at.ge(since));
            }
            if let Some(found) = narrowing.found_by(Self::SEARCHED) {
                $query = $query.filter(found);
            }
            $query.first(&mut conn).await
        }

        async fn delete(conn: &mut $crate::db::Connection, id: &Self::Id) -> diesel::QueryResult<()> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            diesel::delete($table::table.filter($table::$key.eq(id.clone()))).execute(conn).await.map(drop)
        }
    };
}
pub(crate) use rows;

/// That the row at hand has the words of a search: `$column` is its id, of SQL type `$type`, and `$thing` the word for its kind
/// in the events. With `public`, what everybody reads of it in the place of what its cities read.
macro_rules! searched {
    ($column:literal, $type:literal, $thing:literal) => {
        concat!(
            $column,
            " IN (SELECT id::",
            $type,
            " FROM search_words \
            WHERE type = '",
            $thing,
            "' AND NOT is_public AND words @@ ?::tsquery)"
        )
    };
    ($column:literal, $type:literal, $thing:literal, public) => {
        concat!(
            $column,
            " IN (SELECT id::",
            $type,
            " FROM search_words \
            WHERE type = '",
            $thing,
            "' AND is_public AND words @@ ?::tsquery)"
        )
    };
}
pub(crate) use searched;

/// Loads what a list walks over. Where rows can be large, the walk answers ids and weights, and only what goes into the
/// page is read.
macro_rules! load_walk {
    ($table:ident, $key:ident, [], $page:ident, $walk:ident, $conn:ident, $caller:ident) => {
        Ok($page.cut($walk.select(Self::as_select()).load(&mut $conn).await?))
    };
    ($table:ident, $key:ident, [$($large:ident),+], $page:ident, $walk:ident, $conn:ident, $caller:ident) => {{
        let weight = $crate::query::weight!($(concat!(stringify!($table), ".", stringify!($large))),+);
        let weight = $crate::query::Weight(weight);
        let walked: Vec<(Self::Id, i64)> = $walk.select(($table::$key, weight)).load(&mut $conn).await?;
        let part = $page.cut_by_weight(walked);
        let items = Self::find_many($conn, $caller, part.items.clone()).await?;
        Ok(part.of_read(items, |item| item.$key.clone()))
    }};
}
pub(crate) use load_walk;

/// Implements `insert` and `update` of [`Resource`] for a type that is nothing but its row.
macro_rules! plain_writes {
    ($table:ident, key = $key:ident) => {
        async fn insert(
            &self,
            conn: &mut $crate::db::Connection,
            _author: &$crate::events::Author,
        ) -> diesel::QueryResult<()> {
            use diesel_async::RunQueryDsl;
            diesel::insert_into($table::table)
                .values(self)
                .execute(conn)
                .await
                .map(drop)
        }

        async fn update(
            &self,
            conn: &mut $crate::db::Connection,
            _before: &Self,
            _author: &$crate::events::Author,
        ) -> diesel::QueryResult<()> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            diesel::update($table::table.filter($table::$key.eq(self.$key.clone())))
                .set(self)
                .execute(conn)
                .await
                .map(drop)
        }
    };
}
pub(crate) use plain_writes;

/// Implements `id`, `meta` and `stamp` of [`Resource`] for a type with the usual fields; `beside` is a function of it that
/// tells what else its answer depends on, where there is something.
macro_rules! usual_fields {
    ($key:ident) => {
        $crate::resource::usual_fields!($key, beside = |_| 0);
    };
    ($key:ident, beside = $beside:expr) => {
        fn id(&self) -> Self::Id {
            self.$key.clone()
        }

        fn meta(&self) -> $crate::resource::Meta {
            let beside: fn(&Self) -> u64 = $beside;
            $crate::resource::Meta {
                version: self.version,
                created_at: self.created_at,
                updated_at: self.updated_at,
                beside: beside(self),
            }
        }

        fn stamp(&mut self, meta: $crate::resource::Meta) {
            self.version = meta.version;
            self.created_at = meta.created_at;
            self.updated_at = meta.updated_at;
        }
    };
}
pub(crate) use usual_fields;

/// The orders that every list offers, and those of its own: by id (the default), by age, by change.
macro_rules! usual_sorts {
    ($($own:expr),* $(,)?) => {
        $crate::resource::sorts_with_id![
            Sort { name: "id", sql: "id", kind: KeyType::Text, key: |item| Key::Text(item.id.to_string()) }, $($own),*
        ]
    };
}
pub(crate) use usual_sorts;

/// The same for things whose id is a UUID.
macro_rules! usual_sorts_by_uuid {
    ($($own:expr),* $(,)?) => {
        $crate::resource::sorts_with_id![
            Sort { name: "id", sql: "id", kind: KeyType::Uuid, key: |item| Key::Uuid(item.id.uuid()) }, $($own),*
        ]
    };
}
pub(crate) use usual_sorts_by_uuid;

macro_rules! sorts_with_id {
    ($id:expr, $($own:expr),*) => {
        &[
            $id,
            Sort { name: "created_at", sql: "created_at", kind: KeyType::Time, key: |item| Key::Time(item.created_at) },
            Sort { name: "updated_at", sql: "updated_at", kind: KeyType::Time, key: |item| Key::Time(item.updated_at) },
            $($own),*
        ]
    };
}
pub(crate) use sorts_with_id;
