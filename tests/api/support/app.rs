//! A service for one test: in this process, on a port and a database of its own.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use iuc::config::{Config, Settings};
use iuc::resource::new_uuid;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, oneshot};
use tokio_postgres::SimpleQueryMessage;

use super::IN_TIME;
use super::client::Client;
use super::cluster::{BACKGROUND, cluster, connect};
use super::ground;

/// The password of every account that a test makes.
pub const PASSWORD: &str = "violet-harbour-1642";

/// A running service.
pub struct App {
    /// Where it is reached: `http://127.0.0.1:49152`.
    pub url: String,
    /// What its requests share.
    pub state: Data<iuc::app::App>,
    /// Where its database is reached.
    pub database_url: String,
    database: String,
    /// Where its files are kept.
    pub files: std::path::PathBuf,
    handle: ServerHandle,
    sql: OnceCell<tokio_postgres::Client>,
}

impl App {
    /// A service with the programme's data.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let database = cluster().create().await;
        let url = cluster().url(&database);
        Self::on(database, url.clone(), url, change).await
    }

    /// A service that reaches its database at `way`, such as through a proxy.
    pub async fn on(
        database: String,
        database_url: String,
        way: String,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let files = ground::files().join(new_uuid().to_string());
        let mut settings = Settings {
            files: files.to_str().unwrap().to_owned(),
            bind: address,
            public_url: format!("http://{address}"),
            workers: 1,
            pool_requests: pool(),
            rate_limit: 0,
            argon2_memory: 8,
            argon2_passes: 1,
            // The tours of the tests are long over.
            delegate_months: 12_000,
            ..Settings::default()
        };
        change(&mut settings);
        let (tell, told) = oneshot::channel();
        BACKGROUND.spawn(async move {
            let config = Config::of(settings, way.clone());
            let state = iuc::server::state(config, &way.into()).await.unwrap();
            let server = iuc::server::run(state.clone(), listener).unwrap();
            tell.send((state, server.handle())).ok().unwrap();
            server.await.unwrap();
        });
        let (state, handle) = told
            .await
            .expect("the service starts; its task has told why it did not");
        Self {
            url: format!("http://{address}"),
            state,
            database_url,
            database,
            files,
            handle,
            sql: OnceCell::new(),
        }
    }

    /// Another instance of the service on the database of `app`, which keeps it.
    pub async fn on_database_of(app: &Self) -> Self {
        let url = app.database_url.clone();
        Self::on(String::new(), url.clone(), url, |_| {}).await
    }

    /// Somebody without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url, None)
    }

    /// A programme admin.
    pub async fn admin(&self) -> Client {
        self.account("admin@iuc.example", "admin", None).await;
        self.sign_in("admin@iuc.example").await
    }

    /// A user of a city, in the role of its side.
    pub async fn city_user(&self, city: &str) -> Client {
        let side = self
            .one(&format!("SELECT side FROM cities WHERE id = '{city}'"))
            .await;
        let email = format!("planning@{city}.example");
        self.account(&email, &format!("{side}_city"), Some(city))
            .await;
        self.sign_in(&email).await
    }

    /// Makes an account beside the API, unless there is one; answers its id.
    pub async fn account(&self, email: &str, role: &str, city: Option<&str>) -> String {
        let hash = self
            .state
            .hasher
            .hash(SecretString::from(PASSWORD))
            .await
            .unwrap();
        let city = city.map_or("NULL".to_owned(), |city| format!("'{city}'"));
        let id = new_uuid();
        self.run(&format!(
            "INSERT INTO users (id, email, name, role, city, active, password_hash, version, created_at, updated_at) \
             VALUES ('{id}', '{email}', '{email}', '{role}', {city}, true, '{hash}', 1, now(), now()) ON CONFLICT DO NOTHING"
        ))
        .await;
        self.one(&format!("SELECT id FROM users WHERE email = '{email}'"))
            .await
    }

    /// Signs in over HTTP.
    pub async fn sign_in(&self, email: &str) -> Client {
        let body = serde_json::json!({"email": email, "password": PASSWORD});
        let reply = self
            .anonymous()
            .post("/v1/sessions", body)
            .await
            .expect(201);
        let token = reply.body["access_token"].as_str().unwrap();
        Client::new(&self.url, Some(token.to_owned()))
    }

    /// A machine client with a token of all its scopes; without a city, of the programme.
    pub async fn machine(&self, city: Option<&str>, scopes: &[&str]) -> Client {
        let admin = self.admin().await;
        let body = serde_json::json!({"name": "A machine", "city": city, "scopes": scopes});
        let made = admin.post("/v1/clients", body).await.expect(201);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            made.id(),
            made.body["secret"].as_str().unwrap()
        );
        let request = self.anonymous().request("POST", "/oauth/token");
        let reply = request
            .body("application/x-www-form-urlencoded", form)
            .send()
            .await
            .expect(200);
        let token = reply.body["access_token"].as_str().unwrap();
        self.anonymous().with_token(token)
    }

    /// The rows of a statement, as text.
    pub async fn rows(&self, statement: &str) -> Vec<Vec<Option<String>>> {
        let sql = self
            .sql
            .get_or_init(async || connect(&self.database_url).await)
            .await;
        let messages = sql
            .simple_query(statement)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(
                    (0..row.len())
                        .map(|column| row.get(column).map(str::to_owned))
                        .collect(),
                ),
                _ => None,
            })
            .collect()
    }

    /// Runs statements.
    pub async fn run(&self, statement: &str) {
        self.rows(statement).await;
    }

    /// The one value of a statement.
    pub async fn one(&self, statement: &str) -> String {
        let rows = self.rows(statement).await;
        assert_eq!(rows.len(), 1, "{statement}: {rows:?}");
        rows[0][0].clone().unwrap_or_default()
    }

    /// How many rows a table has, such as `cities WHERE side = 'eu'`.
    pub async fn count(&self, table: &str) -> i64 {
        self.one(&format!("SELECT count(*) FROM {table}"))
            .await
            .parse()
            .unwrap()
    }

    /// Waits until no statement and no transaction of the service is under way in its database. PostgreSQL shows those of a
    /// connection that was closed until it has noticed; it has half the time after which it ends by itself, unheard of,
    /// what the service forgot.
    pub async fn until_idle(&self) {
        let at_work = "pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'iuc %' \
                       AND (state = 'active' OR state LIKE 'idle in transaction%')";
        let begun = Instant::now();
        while self.count(at_work).await > 0 {
            assert!(begun.elapsed() < Duration::from_secs(5), "still at work");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How many changes are recorded, sign-ins aside.
    pub async fn events(&self) -> i64 {
        self.count("events WHERE type <> 'session'").await
    }

    /// Sends these bytes on a connection of their own, and answers what comes back until it is closed or silent.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        let mut patience = IN_TIME;
        while let Ok(Ok(length @ 1..)) =
            tokio::time::timeout(patience, stream.read(&mut buffer)).await
        {
            answer.extend_from_slice(&buffer[..length]);
            patience = Duration::from_millis(500);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Why the database refuses a statement: the name of the constraint, or what it says.
    pub async fn refusal(&self, statement: &str) -> String {
        let error = connect(&self.database_url)
            .await
            .batch_execute(statement)
            .await
            .expect_err(statement);
        let error = error.as_db_error().unwrap();
        error.constraint().unwrap_or(error.message()).to_owned()
    }
}

/// How many connections a service has for its requests: `POOL=1 cargo test` shows what holds one and asks for another.
fn pool() -> usize {
    let told = std::env::var("POOL").ok();
    told.map_or(8, |number| number.parse().unwrap())
}

impl Drop for App {
    fn drop(&mut self) {
        let handle = self.handle.clone();
        let (database, files) = (
            std::mem::take(&mut self.database),
            std::mem::take(&mut self.files),
        );
        self.state.begin_to_stop();
        BACKGROUND.spawn(async move {
            handle.stop(false).await;
            let _ = std::fs::remove_dir_all(files);
            if !database.is_empty() {
                cluster().drop(&database).await;
            }
        });
    }
}
