//! The representations of things beside pages: a line each, a table, a map, a calendar, a document.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::columns::Columns;
use super::wish::Wish;
use super::{JSON, NDJSON, write_thinned};
use crate::app::API_VERSION;
use crate::auth::Caller;
use crate::calendar::{Calendar, Event};
use crate::db::Connection;
use crate::messages::{Language, message};
use crate::policy::Thing;
use crate::problem::{Code, Problem};
use crate::query::Format;
use crate::request::Ask;
use crate::resource::{
    Content, Dated, DocumentForm, Included, Make, Mapped, Meta, Resource, Seen, Wanted, Written,
    included,
};
use crate::table;
use crate::text::LanguageTag;

/// The media type of a document for Word.
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// The media type of a document to print (RFC 8118).
const PDF: &str = "application/pdf";

/// The representations of lists of a kind of thing, with the media type of each.
pub(super) fn of_lists<R: Resource>() -> Vec<(Format, &'static str)> {
    let mut all = vec![
        (Format::Json, JSON),
        (Format::Ndjson, NDJSON),
        (Format::Csv, "text/csv"),
    ];
    all.extend(beside::<R>());
    all
}

/// The representations of one thing of a kind, with the media type of each.
pub(super) fn of_one<R: Resource>() -> Vec<(Format, &'static str)> {
    let mut all = vec![(Format::Json, JSON)];
    all.extend(beside::<R>());
    all.extend(documents::<R>());
    all
}

fn beside<R: Resource>() -> impl Iterator<Item = (Format, &'static str)> {
    let map = (Format::Geojson, "application/geo+json");
    let calendar = (Format::Ics, "text/calendar");
    let map = R::MAPPED.map(|_| map);
    map.into_iter().chain(R::DATED.map(|_| calendar))
}

fn documents<R: Resource>() -> impl Iterator<Item = (Format, &'static str)> {
    let all = [
        (Format::Md, "text/markdown"),
        (Format::Docx, DOCX),
        (Format::Pdf, PDF),
    ];
    R::WRITTEN.into_iter().flat_map(move |_| all)
}

/// How the items of an export are written.
pub(super) enum Form<R: Resource> {
    /// A line each, and one at the end.
    Lines { end: Vec<u8> },
    /// A table.
    Table { columns: Columns, bom: bool },
    /// A map.
    Map {
        mapped: &'static Mapped<R>,
        has_begun: bool,
    },
    /// A calendar.
    Dates {
        dated: &'static Dated<R>,
        calendar: Calendar,
        language: String,
        by_header: bool,
    },
    /// A document of one thing.
    Document {
        written: &'static Written<R>,
        form: DocumentForm,
        asked: Vec<LanguageTag>,
        /// The languages that it came to be in.
        languages: String,
        /// What makes it, where it is no text.
        file: Option<Make>,
    },
}

impl<R: Resource> Form<R> {
    /// The form of this format; none of JSON, and of what the kind of thing has not.
    pub(super) fn of(ask: &Ask, format: Format, wish: &Wish) -> Option<Self> {
        Some(match format {
            Format::Json => return None,
            Format::Ndjson => Self::Lines { end: Vec::new() },
            Format::Csv => {
                let schema = ask.app.contract.json_schema(&R::name()).unwrap_or_default();
                Self::Table {
                    columns: Columns::of(&schema, &wish.fields, &wish.lang),
                    bom: wish.bom == Some(true),
                }
            }
            Format::Geojson => Self::Map {
                mapped: R::MAPPED?,
                has_begun: false,
            },
            Format::Ics => {
                let (language, by_header) = wish.language(ask);
                let name = message(
                    Language::negotiate(Some(&language)),
                    &format!("calendar-{}", R::THING),
                    None,
                    &Vec::new(),
                );
                Self::Dates {
                    dated: R::DATED?,
                    calendar: Calendar::new(name.unwrap_or_default()),
                    language,
                    by_header,
                }
            }
            Format::Md | Format::Docx | Format::Pdf => Self::Document {
                written: R::WRITTEN?,
                form: match format {
                    Format::Docx => DocumentForm::Docx,
                    Format::Pdf => DocumentForm::Pdf,
                    _ => DocumentForm::Markdown,
                },
                asked: wish.lang.clone(),
                languages: String::new(),
                file: None,
            },
        })
    }

    /// Whether all items are to be foreseen before the beginning is written.
    pub(super) fn foresees(&self) -> bool {
        matches!(self, Self::Dates { .. })
    }

    /// Notes what the beginning tells of these items.
    pub(super) async fn foresee(
        &mut self,
        ask: &Ask,
        conn: &Connection,
        items: &[R::Seen],
    ) -> Result<(), Problem> {
        if let Self::Dates {
            dated,
            calendar,
            language,
            ..
        } = self
        {
            for event in events(ask, conn, dated, items, language).await? {
                calendar.foresee(&event);
            }
        }
        Ok(())
    }

    /// What comes before the items.
    pub(super) fn begin(&self) -> Vec<u8> {
        match self {
            Self::Lines { .. } | Self::Document { .. } => Vec::new(),
            Self::Table { columns, bom } => table::csv([columns.names()], *bom),
            Self::Map { .. } => br#"{"type":"FeatureCollection","features":["#.to_vec(),
            Self::Dates { calendar, .. } => calendar.begin().into_bytes(),
        }
    }

    /// The items.
    pub(super) async fn items(
        &mut self,
        ask: &Ask,
        conn: &Connection,
        items: Vec<R::Seen>,
        fields: &[String],
    ) -> Result<Vec<u8>, Problem> {
        let mut out = Vec::with_capacity(items.len() * 1024);
        match self {
            Self::Lines { .. } => {
                for item in items {
                    write_thinned(&mut out, &item, fields)?;
                    out.push(b'\n');
                }
            }
            Self::Table { columns, .. } => {
                let mut rows = Vec::with_capacity(items.len());
                for item in items {
                    rows.push(columns.cells(&value_of(&item)?));
                }
                out = table::lines(rows, out);
            }
            Self::Map { mapped, has_begun } => {
                let along = along::<R>(conn, &ask.caller, &items, mapped.along).await?;
                for item in items {
                    if std::mem::replace(has_begun, true) {
                        out.extend_from_slice(b",\n");
                    }
                    write_feature(&mut out, mapped, &item, &along, fields)?;
                }
            }
            Self::Dates {
                dated, language, ..
            } => {
                for event in events(ask, conn, dated, &items, language).await? {
                    out.extend(Calendar::event(&event).into_bytes());
                }
            }
            Self::Document {
                written,
                form,
                asked,
                languages,
                file,
            } => {
                let accept = ask.header(header::ACCEPT_LANGUAGE);
                for item in &items {
                    let wanted = Wanted {
                        form: *form,
                        asked: asked.as_slice(),
                        accept: &accept,
                    };
                    let document = (written.write)(conn, &ask.caller, item, wanted).await?;
                    *languages = document.languages.join(", ");
                    match document.content {
                        Content::Text(text) => out.extend(text.into_bytes()),
                        Content::File(text, make) => {
                            out.extend(text.into_bytes());
                            *file = Some(make);
                        }
                    }
                }
            }
        }
        Ok(out)
    }

    /// What comes after the items.
    pub(super) fn end(&self) -> &[u8] {
        match self {
            Self::Lines { end } => end,
            Self::Table { .. } | Self::Document { .. } => b"",
            Self::Map { .. } => b"]}\n",
            Self::Dates { .. } => Calendar::end().as_bytes(),
        }
    }

    /// One item that stands for itself.
    pub(super) async fn alone(
        &mut self,
        ask: &Ask,
        conn: &Connection,
        item: R::Seen,
        fields: &[String],
    ) -> Result<Vec<u8>, Problem> {
        let items = vec![item];
        if let Self::Map { .. } = self {
            return self.items(ask, conn, items, fields).await;
        }
        self.foresee(ask, conn, &items).await?;
        let mut out = self.begin();
        out.extend(self.items(ask, conn, items, fields).await?);
        out.extend_from_slice(self.end());
        Ok(out)
    }

    /// What a file tells beside the text that it is made of: when that was written, and by which release.
    pub(super) fn stamp(&self, meta: &Meta) -> String {
        match self {
            Self::Document { file: Some(_), .. } => format!("{} {API_VERSION}", meta.updated_at),
            _ => String::new(),
        }
    }

    /// The file of one item, where `body` is what it is made of; it needs no connection any more. Files are made beside the
    /// workers, and by no more than two processors at once; what nobody waits for any more is not gone on with.
    pub(super) async fn made(&mut self, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
        static MAKING: Semaphore = Semaphore::const_new(2);
        const PATIENCE: Duration = Duration::from_secs(2);
        let Self::Document { file, .. } = self else {
            return Ok(body);
        };
        let Some(make) = file.take() else {
            return Ok(body);
        };
        let turn = timeout(PATIENCE, MAKING.acquire()).await;
        let turn = turn
            .map_err(|_| overloaded())?
            .map_err(Problem::unwritten)?;
        let is_unwanted = Arc::new(AtomicBool::new(false));
        let waiting = Waiting(is_unwanted.clone());
        let made = spawn_blocking(move || {
            let _turn = turn;
            make(&is_unwanted)
        });
        let made = made.await.map_err(Problem::unwritten)?;
        drop(waiting);
        made.map_err(Problem::unwritten)
    }

    /// Its media type.
    pub(super) fn media_type(&self) -> &'static str {
        match self {
            Self::Lines { .. } => NDJSON,
            Self::Table { .. } => "text/csv; charset=utf-8; header=present",
            Self::Map { .. } => "application/geo+json",
            Self::Dates { .. } => "text/calendar; charset=utf-8",
            Self::Document { form, .. } => match form {
                DocumentForm::Markdown => "text/markdown; charset=utf-8",
                DocumentForm::Docx => DOCX,
                DocumentForm::Pdf => PDF,
            },
        }
    }

    /// The language that it is in; empty: in all of them.
    pub(super) fn language(&self) -> &str {
        match self {
            Self::Dates { language, .. } => language,
            _ => "",
        }
    }

    /// What the answer tells of itself: its media type, under which name to keep it, its language.
    pub(super) fn mark(&self, answer: &mut HttpResponse) {
        let ending = match self {
            Self::Lines { .. } => None,
            Self::Table { .. } => Some("csv"),
            Self::Map { .. } => Some("geojson"),
            Self::Dates { .. } => Some("ics"),
            Self::Document { form, .. } => Some(match form {
                DocumentForm::Markdown => "md",
                DocumentForm::Docx => "docx",
                DocumentForm::Pdf => "pdf",
            }),
        };
        if answer.status() != StatusCode::NOT_MODIFIED {
            let headers = answer.headers_mut();
            let media_type = HeaderValue::from_static(self.media_type());
            headers.insert(header::CONTENT_TYPE, media_type);
            if let Self::Document {
                form: DocumentForm::Docx | DocumentForm::Pdf,
                ..
            } = self
            {
                // It is packed already.
                let as_it_is = HeaderValue::from_static("identity");
                headers.insert(header::CONTENT_ENCODING, as_it_is);
            }
            let name = R::PATH.rsplit('/').next().unwrap_or_default();
            let kept_as = ending.map(|ending| format!("inline; filename=\"{name}.{ending}\""));
            if let Some(Ok(kept_as)) = kept_as.as_deref().map(HeaderValue::from_str) {
                headers.insert(header::CONTENT_DISPOSITION, kept_as);
            }
        }
        match self {
            Self::Dates {
                language,
                by_header,
                ..
            } => super::in_language(answer, language, *by_header),
            Self::Document {
                asked, languages, ..
            } => super::in_language(answer, languages, asked.is_empty()),
            _ => {}
        }
    }
}

/// Somebody who waits for a file, until this is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn overloaded() -> Problem {
    Problem::new(Code::Overloaded).header(header::RETRY_AFTER, "2")
}

fn value_of<R: Resource>(item: &impl Seen<R>) -> Result<Value, Problem> {
    let mut json = Vec::new();
    item.write_json(&mut json).map_err(Problem::unwritten)?;
    serde_json::from_slice(&json).map_err(Problem::unwritten)
}

/// The related things that a form has to know.
async fn along<R: Resource>(
    conn: &Connection,
    caller: &Caller,
    items: &[R::Seen],
    names: &[&str],
) -> Result<Included, Problem> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let found = included(conn, caller, items, R::INCLUDES, &names).await?;
    Ok(found.unwrap_or_default())
}

/// Writes a feature (RFC 7946, 3.2): its properties are what JSON tells of the thing.
fn write_feature<R: Resource>(
    out: &mut Vec<u8>,
    mapped: &Mapped<R>,
    item: &R::Seen,
    along: &Included,
    fields: &[String],
) -> Result<(), Problem> {
    let head: Map<String, Value> = Map::from_iter([
        ("type".to_owned(), json!("Feature")),
        ("id".to_owned(), json!(item.id().to_string())),
        ("geometry".to_owned(), json!((mapped.geometry)(item, along))),
    ]);
    serde_json::to_writer(&mut *out, &head).map_err(Problem::unwritten)?;
    out.pop();
    out.extend_from_slice(br#","properties":"#);
    write_thinned(out, item, fields)?;
    out.push(b'}');
    Ok(())
}

/// What takes place, of these things.
async fn events<R: Resource>(
    ask: &Ask,
    conn: &Connection,
    dated: &Dated<R>,
    items: &[R::Seen],
    language: &str,
) -> Result<Vec<Event>, Problem> {
    let along = along::<R>(conn, &ask.caller, items, dated.along).await?;
    let event = |item: &R::Seen| {
        let (id, meta) = (item.id(), item.meta());
        Some(Event {
            uid: uid(R::THING, &id),
            url: ask.app.url(&format!("/v1{}/{id}", R::PATH)),
            version: meta.version,
            created_at: meta.created_at,
            updated_at: meta.updated_at,
            occasion: (dated.occasion)(item, &along, language)?,
        })
    };
    Ok(items.iter().filter_map(event).collect())
}

/// What a thing is called in every calendar, as long as there is the thing; not after the host, which may come to be another.
fn uid(thing: Thing, id: &impl std::fmt::Display) -> String {
    format!("{thing}-{id}@iuc-japan")
}
