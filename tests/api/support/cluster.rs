//! The tests' PostgreSQL: one server for the process, kept between runs (where: `ground.rs`); one database for each
//! test, cloned from a template that holds the migrated schema and the programme's data.
//!
//! The template is named after what it is made of, so it is made again when a migration or a data file changes,
//! and only then.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel_async::AsyncConnection;
use iuc::db::embedded::{Embedded, EmbeddedError, Options};
use iuc::db::{Connection, migrations};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::ground;

/// How long another test run is waited for: only one at a time can use the folder.
const PATIENCE: Duration = Duration::from_secs(600);

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    // The system stops the server when the thread that started it ends, so that thread is never to end.
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = Runtime::new().unwrap();
        tell.send(runtime.block_on(Cluster::start())).unwrap();
        loop {
            std::thread::park();
        }
    });
    told.recv()
        .expect("the tests' PostgreSQL starts; its thread has told why it did not")
});

/// Runs servers and clears away after tests, for as long as the process lives: a test's own runtime ends with it.
pub static BACKGROUND: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
});

/// The tests' PostgreSQL.
pub struct Cluster {
    server: Embedded,
    template: String,
    /// How databases are cloned: as files, for to copy page by page costs more; PostgreSQL 14 knows no other way.
    strategy: &'static str,
    made: AtomicU32,
    /// What makes databases, and what drops them: to connect for each costs as much.
    makes: Mutex<Option<Client>>,
    drops: Mutex<Option<Client>>,
}

/// The PostgreSQL of this process, started by the first test that asks.
pub fn cluster() -> &'static Cluster {
    &CLUSTER
}

impl Cluster {
    async fn start() -> Self {
        let mut cluster = Self {
            server: start_server(ground::folder().to_owned()),
            strategy: "",
            template: format!("template_{}", fingerprint()),
            made: AtomicU32::new(0),
            makes: Mutex::default(),
            drops: Mutex::default(),
        };
        // Not there at the first run.
        let _ = fs::remove_dir_all(copies());
        let _ = fs::remove_dir_all(ground::files());
        if cluster.texts("SHOW server_version_num").await[0].as_str() >= "150000" {
            cluster.strategy = "STRATEGY FILE_COPY";
        }
        let known = cluster.texts("SELECT datname::text FROM pg_database").await;
        let ours = |name: &&String| name.starts_with("test_") || name.starts_with("template_");
        let old = known
            .iter()
            .filter(ours)
            .filter(|name| **name != cluster.template);
        BACKGROUND.spawn(clear_away(cluster.url("iuc"), old.cloned().collect()));
        if !known.contains(&cluster.template) {
            cluster.make_template().await;
        }
        cluster
    }

    /// Where the role `iuc` reaches a database.
    pub fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// A new database with the programme's data.
    pub async fn create(&self) -> String {
        self.create_from(&self.template).await
    }

    /// A new database with nothing in it.
    pub async fn create_empty(&self) -> String {
        self.create_from("template1").await
    }

    async fn create_from(&self, template: &str) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let strategy = self.strategy;
        self.run(&format!(
            "CREATE DATABASE {name} TEMPLATE {template} {strategy}"
        ))
        .await;
        name
    }

    /// Drops a database, whoever uses it.
    pub async fn drop(&self, name: &str) {
        drop_database(self.kept(&mut *self.drops.lock().await).await, name).await;
    }

    /// Runs one statement outside any transaction, in the database `iuc`.
    pub async fn run(&self, statement: &str) {
        let mut place = self.makes.lock().await;
        let client = self.kept(&mut place).await;
        client.batch_execute(statement).await.unwrap();
    }

    /// The client that is kept in `place`; it outlives the runtime of the test that asks first.
    async fn kept<'a>(&self, place: &'a mut Option<Client>) -> &'a Client {
        if place.as_ref().is_none_or(Client::is_closed) {
            let url = self.url("iuc");
            let made = BACKGROUND.spawn(async move { connect(&url).await }).await;
            *place = Some(made.unwrap());
        }
        place.as_ref().unwrap()
    }

    /// What a statement says, in one column.
    async fn texts(&self, statement: &str) -> Vec<String> {
        let mut place = self.makes.lock().await;
        let client = self.kept(&mut place).await;
        let rows = client.query(statement, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Made under another name first: whatever has the template's name is whole.
    async fn make_template(&self) {
        let name = &format!("test_{}_template", std::process::id());
        self.run(&format!("CREATE DATABASE {name}")).await;
        let url = self.url(name);
        migrations::run(&url.clone().into()).unwrap();
        let mut conn = Connection::establish(&url).await.unwrap();
        iuc::load::load(&mut conn, iuc::openapi::contract().unwrap(), &data())
            .await
            .unwrap_or_else(|error| panic!("the programme's data cannot be loaded: {error}"));
        drop(conn);
        self.run(&format!(
            "ALTER DATABASE {name} RENAME TO {}",
            self.template
        ))
        .await;
    }
}

/// Drops what earlier runs have left.
async fn clear_away(url: String, names: Vec<String>) {
    let client = connect(&url).await;
    for name in names {
        drop_database(&client, &name).await;
    }
}

/// Drops a database; again while PostgreSQL itself is at work in it, which only a superuser may end.
async fn drop_database(client: &Client, name: &str) {
    let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    let begun = Instant::now();
    while let Err(error) = client.batch_execute(&statement).await {
        let is_vacuumed = error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE);
        assert!(
            is_vacuumed && begun.elapsed() < Duration::from_secs(30),
            "{name}: {error:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The programme's data.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/programme")
}

/// Where tests put changed copies of the programme's data; emptied by the next run.
pub fn copies() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("copies")
}

/// A client of the database at `url`, for SQL that the service has no words for.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

fn start_server(folder: PathBuf) -> Embedded {
    let options = Options {
        folder,
        durable: false,
        max_connections: 300,
    };
    let begun = Instant::now();
    loop {
        match Embedded::start(&options) {
            Ok(server) => return server,
            Err(EmbeddedError::InUse { .. }) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(200));
            }
            Err(error) => panic!("the tests' PostgreSQL does not start: {error}"),
        }
    }
}

/// Stands for the migrations and the data, and nothing else.
fn fingerprint() -> String {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    collect(&root.join("migrations"), &mut files);
    collect(&data(), &mut files);
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(file.as_os_str().as_encoded_bytes());
        hasher.write(&fs::read(&file).unwrap());
    }
    format!("{:016x}", hasher.finish())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
