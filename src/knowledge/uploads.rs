//! The files of a knowledge item: each that is added or deleted makes a new version of the item.

use actix_web::http::StatusCode;
use actix_web::web::Payload;

use super::types::KnowledgeItem;
use crate::db::Connection;
use crate::events::Author;
use crate::files::{Conditions, MAX_FILES, Received, StoredFile, Stray, deliver, receive};
use crate::ids::{FileId, KnowledgeId};
use crate::policy::Action;
use crate::problem::{Code, Fault, Problem, Rule};
use crate::read::{Answer, cache, http_date, not_modified, vary};
use crate::request::{Ask, etag};
use crate::resource::{Resource, new_uuid};
use crate::write::{
    AsyncWork, Doing, Done, Stored, change, in_transaction, is_dry_run, look_at, open,
};

/// The object that holds a file.
fn key_of(item: KnowledgeId, file: FileId) -> String {
    format!("knowledge/{item}/{file}")
}

/// The file that the path names.
fn file_in<'a>(ask: &Ask, item: &'a KnowledgeItem) -> Result<&'a StoredFile, Problem> {
    let id: FileId = ask
        .part_of::<KnowledgeItem>()
        .parse()
        .map_err(|_| Problem::new(Code::NotFound))?;
    let found = item.files.0.iter().find(|file| file.id == id);
    found.ok_or(Problem::new(Code::NotFound))
}

/// Adds the file of a form. It is streamed into the store before the transaction, in which the rights are asked again.
pub async fn upload(mut ask: Ask, payload: Payload) -> Answer {
    let dry_run = is_dry_run(&ask)?;
    let item = {
        let conn = ask.app.db.connection().await?;
        let item = look_at::<KnowledgeItem>(&conn, &ask, Action::Change).await?;
        check_state(&ask, &item)?;
        item.id
    };
    let app = ask.app.clone();
    let _turn = app.files.turn(ask.caller.account().unwrap_or_default())?;
    let id = FileId::from(new_uuid());
    let stray = Stray::note(key_of(item, id), &app.files, &app.db, &app.writes).await?;
    let received = receive(&app.files, app.contract, &ask.headers, payload, stray.key()).await?;
    ask.body_digest = received.fingerprint();
    let work = AddFile {
        id,
        stray,
        received,
        dry_run,
    };
    in_transaction(ask, dry_run, work).await
}

struct AddFile {
    id: FileId,
    stray: Stray,
    received: Received,
    dry_run: bool,
}

impl AsyncWork for AddFile {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        // The file may have taken an hour to come.
        ask.reconfirm(conn).await?;
        let before = open::<KnowledgeItem>(conn, ask, Action::Change).await?;
        check_state(ask, &before)?;
        if before.files.0.len() >= MAX_FILES {
            let fault = Fault::at("/file", Rule::TooMany);
            return Err(Problem::fault(fault.with("limit", MAX_FILES)));
        }
        if !self.stray.adopt(conn).await? {
            // The upload took longer than its note was good for.
            return Err(Problem::new(Code::FilesUnavailable));
        }
        let file = self.received.to_file(self.id, author.at, author.by)?;
        let mut after = before.clone();
        after.files.0.push(file.clone());
        let url = format!("/v1{}/{}/files/{}", KnowledgeItem::PATH, after.id, self.id);
        let events = change(conn, author, before, after).await?;
        Done::other(StatusCode::CREATED, &file, events)?
            .at(ask.app.url(&url))
            .with("etag", file.etag())
            .into_stored(self.dry_run)
    }
}

/// An upload adds and loses nothing, so it needs no `If-Match`; one that is sent holds.
fn check_state(ask: &Ask, item: &KnowledgeItem) -> Result<(), Problem> {
    if ask.headers.contains_key("if-match") {
        ask.check_if_match(&etag(item.meta()))
    } else {
        Ok(())
    }
}

/// Deletes the file that the path names; its object goes when that is stored.
pub async fn delete(ask: Ask) -> Answer {
    let dry_run = is_dry_run(&ask)?;
    in_transaction(ask, dry_run, DeleteFile { dry_run }).await
}

struct DeleteFile {
    dry_run: bool,
}

impl AsyncWork for DeleteFile {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        let before = open::<KnowledgeItem>(conn, ask, Action::Change).await?;
        let file = file_in(ask, &before)?;
        ask.check_if_match(&file.etag())?;
        let mut after = before.clone();
        after.files.0.retain(|kept| kept.id != file.id);
        let doing = Doing { ask, author };
        let done = doing.change(conn, before, after).await?;
        if self.dry_run {
            return done.into_stored(true);
        }
        Ok(Stored::answer(
            StatusCode::NO_CONTENT,
            Vec::new(),
            Vec::new(),
        ))
    }
}

/// Streams the file that the path names, to whom may see the item.
pub async fn download(ask: Ask) -> Answer {
    let item = {
        let conn = ask.app.db.connection().await?;
        look_at::<KnowledgeItem>(&conn, &ask, Action::Read).await?
    };
    let file = file_in(&ask, &item)?;
    if ask.none_match(&file.etag()) {
        return Ok(not_modified(&ask, &file.etag()));
    }
    let conditions = Conditions {
        range: ask.header("range"),
        if_range: ask.header("if-range"),
    };
    let (key, modified) = (key_of(item.id, file.id), http_date(file.created_at));
    let mut answer = deliver(&ask.app.files, &key, file, &modified, &conditions).await?;
    for (name, value) in [cache(&ask), vary()] {
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}
