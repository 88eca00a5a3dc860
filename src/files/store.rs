//! The object store: a folder of this machine, or a bucket behind the S3 protocol.

use std::fs::Permissions;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONNECTION, RETRY_AFTER};
use actix_web::web::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    ClientOptions, Error, GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt,
    PutPayload, RetryConfig,
};

use crate::config::Settings;
use crate::ids::AccountId;
use crate::problem::{Code, Problem};
use crate::turns::{Turn, Turns};

/// How many uploads run at once in one instance.
const AT_ONCE: usize = 16;

/// How many of them are of one account.
const AT_ONCE_OF_ONE: usize = 4;

/// How much of an upload is held in memory. S3 takes no smaller part, but for the last.
const PART_OF_BUCKET: usize = 5 * 1024 * 1024;
const PART_OF_FOLDER: usize = 1024 * 1024;

/// The files of the service.
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// Where the objects are, when they are in a folder.
    folder: Option<PathBuf>,
    part: usize,
    /// The largest file, in bytes.
    pub limit: u64,
    /// How long an upload may bring next to nothing.
    pub patience: Duration,
    /// How long an upload may take in all.
    pub longest: Duration,
    running: Turns<AccountId>,
}

/// The store cannot be used; the text tells why.
#[derive(Debug)]
pub struct BadStore(String);

impl std::fmt::Display for BadStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the files cannot be kept: {}", self.0)
    }
}

impl std::error::Error for BadStore {}

impl Files {
    /// The store that the settings name; a folder is made when it is not there.
    pub fn open(settings: &Settings) -> Result<Self, BadStore> {
        let (store, folder, part): (Arc<dyn ObjectStore>, _, _) =
            match settings.files.strip_prefix("s3://") {
                Some(bucket) => {
                    let store =
                        bucket_of(bucket, settings).map_err(|error| BadStore(error.to_string()))?;
                    (Arc::new(store), None, PART_OF_BUCKET)
                }
                None => {
                    let folder = settings.files_folder();
                    let store = folder_at(&folder)
                        .map_err(|error| BadStore(format!("{}: {error}", folder.display())))?;
                    (Arc::new(store), Some(folder), PART_OF_FOLDER)
                }
            };
        Ok(Self {
            store,
            folder,
            part,
            limit: settings.file_limit,
            patience: Duration::from_secs(settings.body_timeout),
            longest: Duration::from_secs(settings.upload_timeout),
            running: Turns::new(AT_ONCE, AT_ONCE_OF_ONE),
        })
    }

    /// Lets an upload of this account begin, or refuses it while too many are running.
    pub fn turn(&self, account: AccountId) -> Result<Turn<AccountId>, Problem> {
        self.running.take(account).ok_or_else(|| {
            Problem::new(Code::TooManyUploads)
                .header(RETRY_AFTER, "5")
                .header(CONNECTION, "close")
        })
    }

    /// Begins to write the object `key`, which nothing else writes.
    pub fn begin(&self, key: &str) -> Writing {
        Writing {
            store: self.store.clone(),
            path: Path::from(key),
            folder: self.folder.clone(),
            part: self.part,
            held: Vec::new(),
            length: 0,
            parts: None,
        }
    }

    /// The bytes `range` of the object `key`, which are there; `None`: there is no such object.
    pub async fn read(
        &self,
        key: &str,
        range: Range<u64>,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, Error>>>, Problem> {
        if range.is_empty() {
            return Ok(Some(futures_util::stream::empty().boxed()));
        }
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(range)));
        match self.store.get_opts(&Path::from(key), options).await {
            Ok(found) => Ok(Some(found.into_stream())),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Removes the object `key`, also one that is not whole; it may be gone already.
    pub async fn remove(&self, key: &str) -> Result<(), Problem> {
        let path = Path::from(key);
        if let Some(folder) = &self.folder {
            // What an upload leaves that ended with its process.
            match tokio::fs::remove_file(folder.join(format!("{path}#1"))).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(unavailable(&error));
                }
                _ => {}
            }
        }
        match self.store.delete(&path).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

/// Makes the folder in which the object at `path` is kept so that nobody else on the machine may look into it.
async fn keep_to_ourselves(folder: Option<&std::path::Path>, path: &Path) {
    let place = folder.map(|folder| folder.join(path.as_ref()));
    if let Some(parent) = place.as_deref().and_then(std::path::Path::parent) {
        let made = tokio::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .await;
        if let Err(error) = made {
            // The store tells what stands in its way.
            tracing::warn!(%error, "a folder for files could not be made");
        }
    }
}

fn folder_at(folder: &std::path::Path) -> Result<LocalFileSystem, Box<dyn std::error::Error>> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // One that was there already may have been made with the usual mode.
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    Ok(LocalFileSystem::new_with_prefix(folder)?
        .with_automatic_cleanup(true)
        .with_fsync(true))
}

/// The bucket `name/prefix`. Without a key in the settings the usual variables and roles of AWS are used.
fn bucket_of(bucket: &str, settings: &Settings) -> object_store::Result<PrefixStore<AmazonS3>> {
    let (name, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
    let client = ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(Duration::from_secs(2))
        .with_read_timeout(Duration::from_secs(10))
        .with_allow_http(settings.files_endpoint.starts_with("http://"));
    let retry = RetryConfig {
        max_retries: 3,
        retry_timeout: Duration::from_secs(10),
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(name)
        .with_client_options(client)
        .with_retry(retry);
    if !settings.files_endpoint.is_empty() {
        builder = builder.with_endpoint(settings.files_endpoint.trim_end_matches('/'));
    }
    if !settings.files_region.is_empty() {
        builder = builder.with_region(&settings.files_region);
    }
    if !settings.files_key.is_empty() {
        builder = builder
            .with_access_key_id(&settings.files_key)
            .with_secret_access_key(settings.files_secret.exposed());
    }
    Ok(PrefixStore::new(builder.build()?, prefix))
}

fn unavailable(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "the object store failed");
    Problem::new(Code::FilesUnavailable).header(RETRY_AFTER, "5")
}

/// An object that is being written. At most one part of it is in memory; dropped before its end, nothing is kept of it.
pub struct Writing {
    store: Arc<dyn ObjectStore>,
    path: Path,
    folder: Option<PathBuf>,
    part: usize,
    held: Vec<Bytes>,
    length: usize,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl Writing {
    /// Writes on; waits for the store when a part is full.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), Problem> {
        while !bytes.is_empty() {
            let taken = bytes.split_to(bytes.len().min(self.part - self.length));
            self.length += taken.len();
            self.held.push(taken);
            if self.length == self.part {
                self.put_part().await?;
            }
        }
        Ok(())
    }

    async fn put_part(&mut self) -> Result<(), Problem> {
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => {
                keep_to_ourselves(self.folder.as_deref(), &self.path).await;
                let begun = self.store.put_multipart(&self.path).await;
                none.insert(begun.map_err(|error| unavailable(&error))?)
            }
        };
        let payload: PutPayload = self.held.drain(..).collect();
        self.length = 0;
        let put = parts.put_part(payload).await;
        put.map_err(|error| unavailable(&error))
    }

    /// Writes what is left; then the object is there, whole.
    pub async fn finish(mut self) -> Result<(), Problem> {
        if self.parts.is_some() && self.length > 0 {
            self.put_part().await?;
        }
        let done = match &mut self.parts {
            Some(parts) => parts.complete().await,
            None => {
                keep_to_ourselves(self.folder.as_deref(), &self.path).await;
                let payload: PutPayload = self.held.drain(..).collect();
                self.store.put(&self.path, payload).await
            }
        };
        done.map_err(|error| unavailable(&error))?;
        self.parts = None;
        if let Some(folder) = &self.folder {
            let file = folder.join(self.path.as_ref());
            let private = Permissions::from_mode(0o600);
            let set = tokio::fs::set_permissions(file, private).await;
            set.map_err(|error| unavailable(&error))?;
        }
        Ok(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let (Some(mut parts), Ok(runtime)) =
            (self.parts.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                if let Err(error) = parts.abort().await {
                    tracing::warn!(%error, "an upload could not be taken back from the store");
                }
            });
        }
    }
}
