//! How statistics are asked for.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

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
    /// The language of titles in CSV and pictures; when left out, the one that `Accept-Language` wants more, else English.
    /// JSON holds all languages.
    #[param(inline)]
    pub lang: Option<TableLanguage>,
    /// Whether CSV begins with a byte order mark, by which Excel knows UTF-8.
    #[serde(default)]
    #[param(default = false)]
    pub bom: Option<bool>,
}

/// A table as CSV (RFC 4180), in UTF-8: a line with the names of the columns, and a line for each entry.
#[derive(ToSchema)]
#[schema(value_type = String, format = "csv", max_length = 10_000_000)]
pub struct CsvTable(pub String);

/// A picture as SVG, that stands for itself: no script, no style sheet, nothing to fetch.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    format = "svg",
    max_length = 10_000_000,
    example = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" lang=\"en\" width=\"720\" height=\"900\"><title>Sustainable Development Goals in the cities’ action plans</title></svg>"
)]
pub struct SvgPicture(pub String);

/// What stands in the columns of the matrix.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MatrixParams {
    /// What the columns are; cities when left out.
    #[param(inline)]
    pub by: Option<MatrixBy>,
}
