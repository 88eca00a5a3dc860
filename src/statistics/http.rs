//! `/statistics`: what is asked over HTTP, and what for.

use actix_web::get;
use actix_web::http::header::ACCEPT_LANGUAGE;
use diesel::QueryResult;
use serde::Serialize;

use super::counts::ProgrammeCounts;
use super::db::{count_goals, count_programme};
use super::matrix::{MatrixBy, SdgMatrix};
use super::types::{CsvTable, MatrixParams, SvgPicture, TableFormat, TableParams};
use crate::db::Connection;
use crate::messages::Language;
use crate::problem::Problem;
use crate::read::{Answer, bytes, conditional_as, in_language, negotiate};
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
#[utoipa::path(tag = "statistics", params(MatrixParams, TableParams), responses((status = 200, content((SdgMatrix = "application/json"), (CsvTable = "text/csv", example = json!("goal,title,frankfurt,yokohama,plans\r\n11,Sustainable Cities and Communities,1,2,3\r\n")), (SvgPicture = "image/svg+xml")))))]
#[get("/statistics/sdgs")]
pub async fn get_sdg_statistics(asking: Asking) -> Answer {
    let matrix = asking.ask().parameters::<MatrixParams>();
    let (asking, matrix) = asking.with(matrix).await?;
    let by = matrix.by.unwrap_or(MatrixBy::City);
    let count = async |conn: &Connection| count_goals(conn, by).await;
    table(asking, count, SdgMatrix::to_csv, SdgMatrix::to_svg).await
}

/// Count the programme
///
/// How many cities, pairings, meetings, tours and published action plans there are, by side, year, subject and status.
/// Also as `text/csv` and as a picture, `image/svg+xml`.
#[utoipa::path(tag = "statistics", params(TableParams), responses((status = 200, content((ProgrammeCounts = "application/json"), (CsvTable = "text/csv", example = json!("of,by,value,name,count\r\ncities,,,,16\r\ncities,side,eu,,8\r\n")), (SvgPicture = "image/svg+xml")))))]
#[get("/statistics/programme")]
pub async fn get_programme_statistics(asking: Asking) -> Answer {
    let count = async |conn: &Connection| count_programme(conn).await;
    table(
        asking,
        count,
        ProgrammeCounts::to_csv,
        ProgrammeCounts::to_svg,
    )
    .await
}

/// Answers what is counted in the form that is asked for.
async fn table<T: Serialize>(
    asking: Asking,
    count: impl AsyncFn(&Connection) -> QueryResult<T>,
    to_csv: fn(&T, &str, bool) -> Vec<u8>,
    to_svg: fn(&T, &str) -> String,
) -> Answer {
    let asked = form_of(asking.ask());
    let (asking, (params, format)) = asking.with(asked).await?;
    let (ask, conn, counted) = asking.read(async |conn, _| Ok(count(conn).await?)).await?;
    drop(conn);
    let language = match params.lang {
        Some(chosen) => chosen.as_str(),
        None => Language::negotiate(Some(&ask.header(ACCEPT_LANGUAGE))).tag(),
    };
    let (media_type, body) = match format {
        TableFormat::Json => ("application/json", bytes(&counted)?),
        TableFormat::Csv => {
            let bom = params.bom.unwrap_or_default();
            ("text/csv; charset=utf-8", to_csv(&counted, language, bom))
        }
        TableFormat::Svg => ("image/svg+xml", to_svg(&counted, language).into_bytes()),
    };
    let mut answer = conditional_as(&ask, media_type, body);
    if format != TableFormat::Json {
        in_language(&mut answer, language, params.lang.is_none());
    }
    Ok(answer)
}

fn form_of(ask: &Ask) -> Result<(TableParams, TableFormat), Problem> {
    let params: TableParams = ask.parameters()?;
    let format = negotiate(ask, params.format, FORMATS)?;
    Ok((params, format))
}
