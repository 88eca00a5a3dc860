//! `/statistics`: what is asked over HTTP, and what for.

use actix_web::get;

use super::counts::ProgrammeCounts;
use super::db::{count_goals, count_programme};
use super::matrix::{MatrixBy, SdgMatrix};
use super::types::{MatrixParams, TableFormat, TableParams};
use crate::problem::Problem;
use crate::read::{Answer, bytes, conditional_as, negotiate};
use crate::request::{Ask, Asking};

const FORMATS: &[(TableFormat, &str)] = &[
    (TableFormat::Json, "application/json"),
    (TableFormat::Csv, "text/csv"),
    (TableFormat::Svg, "image/svg+xml"),
];

/// Count which goals the plans serve
///
/// How many published action plans serve each Sustainable Development Goal, by city or by pairing. Also as `text/csv`
/// and as a picture, `image/svg+xml`.
#[utoipa::path(tag = "statistics", params(MatrixParams, TableParams), responses((status = 200, body = SdgMatrix)))]
#[get("/statistics/sdgs")]
pub async fn get_sdg_statistics(asking: Asking) -> Answer {
    let asked = table_of(asking.ask());
    let (asking, (params, format)) = asking.with(asked).await?;
    let matrix: MatrixParams = asking.ask().parameters()?;
    let by = matrix.by.unwrap_or(MatrixBy::City);
    let (ask, conn, counted) = asking
        .read(async |conn, _| Ok(count_goals(conn, by).await?))
        .await?;
    drop(conn);
    let (language, bom) = (params.language(), params.bom.unwrap_or_default());
    let body = match format {
        TableFormat::Json => bytes(&counted)?,
        TableFormat::Csv => counted.to_csv(language, bom),
        TableFormat::Svg => counted.to_svg(language).into_bytes(),
    };
    Ok(conditional_as(&ask, media_type(format), body))
}

/// Count the programme
///
/// How many cities, pairings, meetings, tours and published action plans there are, by side, year, subject and status.
/// Also as `text/csv` and as a picture, `image/svg+xml`.
#[utoipa::path(tag = "statistics", params(TableParams), responses((status = 200, body = ProgrammeCounts)))]
#[get("/statistics/programme")]
pub async fn get_programme_statistics(asking: Asking) -> Answer {
    let asked = table_of(asking.ask());
    let (asking, (params, format)) = asking.with(asked).await?;
    let (ask, conn, counted) = asking
        .read(async |conn, _| Ok(count_programme(conn).await?))
        .await?;
    drop(conn);
    let (language, bom) = (params.language(), params.bom.unwrap_or_default());
    let body = match format {
        TableFormat::Json => bytes(&counted)?,
        TableFormat::Csv => counted.to_csv(language, bom),
        TableFormat::Svg => counted.to_svg(language).into_bytes(),
    };
    Ok(conditional_as(&ask, media_type(format), body))
}

fn table_of(ask: &Ask) -> Result<(TableParams, TableFormat), Problem> {
    let params: TableParams = ask.parameters()?;
    let format = negotiate(ask, params.format, FORMATS)?;
    Ok((params, format))
}

fn media_type(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Json => "application/json",
        TableFormat::Csv => "text/csv; charset=utf-8",
        TableFormat::Svg => "image/svg+xml",
    }
}
