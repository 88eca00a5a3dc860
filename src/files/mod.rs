//! Files: bytes that belong to things. What is known of a file stands with its thing in the database; its bytes are an
//! object in a store, a folder of this machine or a bucket behind the S3 protocol.
//!
//! No transaction spans both, so the database keeps the books (`strays.rs`): before an object is written its key is
//! noted as a stray, and the transaction that makes something refer to it takes the note away. A file that is deleted
//! becomes a stray in the transaction that deletes it. Whatever breaks off in between, a job removes the strays that are
//! due, and a file that something refers to is never touched.

mod store;
mod kinds;
mod types;
mod wire;
mod form;
mod receive;
mod deliver;
mod strays;

pub use self::deliver::{Conditions, deliver};
pub use self::kinds::media_types;
pub use self::receive::{Received, receive};
pub use self::store::{BadStore, Files};
pub use self::strays::{Stray, Swept, sweep};
pub use self::types::{FileBytes, FileList, FileText, FileUpload, MAX_FILES, StoredFile};
