//! Knowledge items: good practices, lessons, presentations, articles, datasets and links that cities share, with files.
//!
//! The cities that share an item write it; a draft is theirs and the admins' alone, a published one everybody's. Its
//! text is Markdown and has sanitised HTML beside it. Its files are uploaded and deleted one by one, each a new version
//! of the item; their bytes are in the object store (`files/`).

pub mod db;
pub mod http;
pub mod rules;
pub mod types;
mod uploads;
