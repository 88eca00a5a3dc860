//! How the programme's own types become columns: closed word lists as text, value objects as jsonb.

/// A closed list of words: an enum whose names are the words of the API, of the columns and of their checks.
macro_rules! words {
    ($(#[doc = $doc_text:literal])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc_text])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every word of the list, in its order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word itself.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::column::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word { $($word => Ok(Self::$variant),)+ _ => Err($crate::column::UnknownWord) }
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::column::words_schema(&[$($word),+], concat!($($doc_text),*).trim())
            }
        }

        impl utoipa::ToSchema for $name {}

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Text, diesel::pg::Pg>::to_sql(self.as_str(), out)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let word = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg>>::from_sql(bytes)?;
                Ok(word.parse::<Self>()?)
            }
        }
    };
}
pub(crate) use words;

/// The schema of a closed list of words.
pub(crate) fn words_schema(
    words: &[&str],
    description: &str,
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::schema::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some(description))
        .enum_values(Some(words.iter().copied()))
        .into()
}

/// The words of a text, as PostgreSQL looks them up. Written and read by SQL alone.
#[derive(
    Clone, Copy, Debug, Default, diesel::query_builder::QueryId, diesel::sql_types::SqlType,
)]
#[diesel(postgres_type(name = "tsvector", schema = "pg_catalog"))]
pub struct TsVector;

/// The word is not on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownWord;

impl std::fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the word is not on the list")
    }
}

impl std::error::Error for UnknownWord {}

/// Keeps a type in a jsonb column in the shape of its JSON. The type also derives `AsExpression` and
/// `FromSqlRow` with `#[diesel(sql_type = diesel::sql_types::Jsonb)]`.
macro_rules! jsonb {
    ($name:ty) => {
        impl diesel::deserialize::FromSql<diesel::sql_types::Jsonb, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                match value.as_bytes().split_first() {
                    Some((1, json)) => Ok(serde_json::from_slice(json)?),
                    _ => Err("a jsonb value begins with its version, 1".into()),
                }
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Jsonb, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                std::io::Write::write_all(out, &[1])?;
                serde_json::to_writer(out, self)?;
                Ok(diesel::serialize::IsNull::No)
            }
        }
    };
}
pub(crate) use jsonb;

/// Keeps a type in a `json` column, which holds the text as it was written. The type also derives `AsExpression` and
/// `FromSqlRow` with `#[diesel(sql_type = diesel::sql_types::Json)]`.
macro_rules! json {
    ($name:ty) => {
        impl diesel::deserialize::FromSql<diesel::sql_types::Json, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(serde_json::from_slice(value.as_bytes())?)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Json, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                serde_json::to_writer(out, self)?;
                Ok(diesel::serialize::IsNull::No)
            }
        }
    };
}
pub(crate) use json;

/// The text of a `json` column, unread.
#[derive(Clone, Debug, Default, PartialEq, Eq, diesel::deserialize::FromSqlRow)]
pub struct JsonText(pub Box<str>);

impl diesel::deserialize::FromSql<diesel::sql_types::Json, diesel::pg::Pg> for JsonText {
    fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(std::str::from_utf8(value.as_bytes())?.into()))
    }
}
