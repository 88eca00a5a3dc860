//! How statistics are asked for.

use serde::Deserialize;
use utoipa::IntoParams;

use super::matrix::MatrixBy;
use crate::column::words;

words! {
    /// A representation of a table.
    TableFormat {
        /// `application/json`.
        Json = "json",
        /// `text/csv` (RFC 4180).
        Csv = "csv",
        /// `image/svg+xml`: a picture.
        Svg = "svg",
    }
}

words! {
    /// The language of a picture or a table.
    TableLanguage {
        /// English.
        En = "en",
        /// Japanese.
        Ja = "ja",
    }
}

/// How a table is answered.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TableParams {
    /// Representation, for links: overrides `Accept`.
    #[param(inline)]
    pub format: Option<TableFormat>,
    /// The language of titles in CSV and pictures; English when left out. JSON holds all languages.
    #[param(inline)]
    pub lang: Option<TableLanguage>,
    /// Whether CSV begins with a byte order mark, by which Excel knows UTF-8.
    #[serde(default)]
    #[param(default = false)]
    pub bom: Option<bool>,
}

impl TableParams {
    /// The language of titles (BCP 47).
    pub fn language(&self) -> &'static str {
        self.lang.unwrap_or(TableLanguage::En).as_str()
    }
}

/// What stands in the columns of the matrix.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MatrixParams {
    /// What the columns are; cities when left out.
    #[param(inline)]
    pub by: Option<MatrixBy>,
}
