//! The settings: defaults, then `iuc.toml`, then `IUC_*` variables; `DATABASE_URL` names the database.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Every setting of the service. Times are in seconds unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port to serve on.
    pub bind: SocketAddr,
    /// Address and port to serve metrics on, at `/metrics`; none: they are not served.
    pub metrics_bind: Option<SocketAddr>,
    /// Origin under which callers reach the service, without a slash at the end; empty: `http://` and `bind`.
    pub public_url: String,
    /// Folder of the private PostgreSQL that is kept when there is no `DATABASE_URL`.
    pub var_dir: PathBuf,
    /// Folder of the programme's data, loaded into an empty private database.
    pub data_dir: PathBuf,
    /// Threads that answer requests; 0: one for each core.
    pub workers: usize,
    /// Connections for requests, of each thread that answers them.
    pub pool_requests: usize,
    /// Connections for exports, of each thread that answers requests.
    pub pool_exports: usize,
    /// Connections for requests that store all of their lines or none, of each thread that answers requests.
    pub pool_bulks: usize,
    /// Time a request may take in all.
    pub request_timeout: u64,
    /// Time a request's body may take to arrive.
    pub body_timeout: u64,
    /// Time the header fields of a request may take to arrive.
    pub header_timeout: u64,
    /// Time a connection is kept open between requests.
    pub keep_alive: u64,
    /// Time one statement may take in the database.
    pub statement_timeout: u64,
    /// Time a statement may wait for a lock.
    pub lock_timeout: u64,
    /// Time an export, or a large answer, may take until it is read; and a request of many lines, all or none.
    pub export_timeout: u64,
    /// Time between the signal to stop and the end of serving, in which load balancers look elsewhere.
    pub drain_time: u64,
    /// Where files are kept: a folder, or `s3://bucket/prefix`; empty: `files` in `var_dir`.
    pub files: String,
    /// URL of an S3-compatible service that is not AWS.
    pub files_endpoint: String,
    /// Region of the bucket.
    pub files_region: String,
    /// Key that opens the bucket; empty: the usual variables and roles of AWS.
    pub files_key: String,
    /// Secret that goes with the key.
    pub files_secret: Secret,
    /// Largest file, in bytes.
    pub file_limit: u64,
    /// Time an upload may take, while it keeps coming.
    pub upload_timeout: u64,
    /// Largest request body, in bytes.
    pub body_limit: usize,
    /// Requests a second that one caller may send over longer times; 0: no limit.
    pub rate_limit: u32,
    /// Requests that one caller may send at once before `rate_limit` counts.
    pub rate_burst: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Origins of frontends that may call from a browser; `*`: all.
    pub cors_origins: Vec<String>,
    /// Life of an access token.
    pub access_token_life: u64,
    /// Life of a session that is not renewed.
    pub session_life: u64,
    /// Time for which the other secrets of a machine client or a webhook still work once a new one is made.
    pub secret_overlap: u64,
    /// Whether webhooks may name `http` and addresses of the own machine and of private networks: for trying only.
    pub webhooks_allow_private: bool,
    /// Longest wait before a failed delivery is tried again for the first time; it doubles each time.
    pub webhooks_first_retry: u64,
    /// Time for which a delivery is tried; then its webhook is switched off.
    pub webhooks_give_up: u64,
    /// Months from a tour's last day until its delegates are erased.
    pub delegate_months: u32,
    /// Days that the change feed goes back.
    pub feed_days: u32,
    /// Memory of one password hash, in KiB (Argon2id).
    pub argon2_memory: u32,
    /// Passes of one password hash (Argon2id).
    pub argon2_passes: u32,
    /// How logs are written: `json`, `text`, or `auto` (text on a terminal).
    pub log_format: LogFormat,
    /// What is logged, in the form of `RUST_LOG`.
    pub log_filter: String,
    /// URL of a collector that traces and log lines go to by OTLP over HTTP, such as `http://127.0.0.1:4318`; empty: none.
    pub otlp_endpoint: String,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// A secret among the settings: shown and logged as `***`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn exposed(&self) -> &str {
        &self.0
    }

    fn shown(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "***" }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl Settings {
    /// How many threads answer requests.
    pub fn workers(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            some => some,
        }
    }

    /// The folder of the files, when they are kept in one.
    pub fn files_folder(&self) -> PathBuf {
        match self.files.as_str() {
            "" => self.var_dir.join("files"),
            folder => folder.into(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_bind: None,
            public_url: String::new(),
            var_dir: "var".into(),
            data_dir: "data/programme".into(),
            workers: 0,
            pool_requests: 8,
            pool_exports: 2,
            pool_bulks: 1,
            request_timeout: 15,
            body_timeout: 10,
            header_timeout: 5,
            keep_alive: 30,
            statement_timeout: 5,
            lock_timeout: 2,
            export_timeout: 60,
            drain_time: 5,
            files: String::new(),
            files_endpoint: String::new(),
            files_region: String::new(),
            files_key: String::new(),
            files_secret: Secret::default(),
            file_limit: 104_857_600,
            upload_timeout: 3600,
            body_limit: 1_048_576,
            rate_limit: 100,
            rate_burst: 1000,
            trusted_proxies: Vec::new(),
            cors_origins: vec!["*".into()],
            access_token_life: 600,
            session_life: 30 * 24 * 3600,
            secret_overlap: 24 * 3600,
            webhooks_allow_private: false,
            webhooks_first_retry: 5,
            webhooks_give_up: 3 * 24 * 3600,
            delegate_months: 24,
            feed_days: 400,
            argon2_memory: 19_456,
            argon2_passes: 2,
            log_format: LogFormat::Auto,
            log_filter: "info".into(),
            otlp_endpoint: String::new(),
        }
    }
}

/// The settings as they were found, and the database they go with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The settings.
    pub settings: Settings,
    /// The database to use; `None`: a private one.
    pub database_url: Option<SecretString>,
    sources: Vec<(String, String, String)>,
}

impl Config {
    /// Reads the settings. The private database of a developer's machine is not rate-limited and stops at
    /// once, unless told otherwise.
    pub fn load() -> Result<Self, ConfigError> {
        let database_url = std::env::var("DATABASE_URL")
            .ok()
            .filter(|url| !url.is_empty());
        let mut defaults = Settings::default();
        if database_url.is_none() {
            defaults.rate_limit = 0;
            defaults.drain_time = 0;
        }
        let figment = Figment::from(Serialized::defaults(defaults))
            .merge(Toml::file("iuc.toml"))
            // Those of `iuc sync`, which is a client, are none of the service.
            .merge(Env::prefixed("IUC_").filter(|name| !name.starts_with("sync_")));
        let settings: Settings = figment
            .extract()
            .map_err(|error| ConfigError(error.to_string()))?;
        let config = Self {
            sources: describe(&figment, &settings),
            settings,
            database_url: database_url.map(Into::into),
        };
        config.refuse_unsafe()?;
        Ok(config)
    }

    /// A configuration for tests and benchmarks: these settings, this database.
    pub fn of(settings: Settings, database_url: String) -> Self {
        Self {
            settings,
            database_url: Some(database_url.into()),
            sources: Vec::new(),
        }
    }

    /// The origin under which callers reach the service.
    pub fn public_url(&self) -> String {
        match self.settings.public_url.trim_end_matches('/') {
            "" => format!("http://{}", self.settings.bind),
            url => url.to_owned(),
        }
    }

    /// Whether callers come over TLS.
    pub fn behind_tls(&self) -> bool {
        self.settings.public_url.starts_with("https://")
    }

    /// Every setting, its value and where it came from; secrets masked.
    pub fn describe(&self) -> String {
        let mut lines = vec![match &self.database_url {
            Some(url) => format!(
                "{:<18} = {:<32} # DATABASE_URL",
                "database_url",
                masked(url)
            ),
            None => format!(
                "{:<18} = {:<32} # default: a private PostgreSQL in var_dir",
                "database_url", "none"
            ),
        }];
        for (name, value, source) in &self.sources {
            lines.push(format!("{name:<18} = {value:<32} # {source}"));
        }
        lines.join("\n")
    }

    /// Outside the private mode what is fit for a developer's machine only is refused.
    fn refuse_unsafe(&self) -> Result<(), ConfigError> {
        if self.database_url.is_none() {
            return Ok(());
        }
        let settings = &self.settings;
        let mut reasons = Vec::new();
        if settings.argon2_memory < 19_456 || settings.argon2_passes < 2 {
            reasons.push("argon2_memory below 19456 or argon2_passes below 2: passwords could be guessed too fast");
        }
        if settings.access_token_life > 3600 {
            reasons.push("access_token_life above 3600: a stolen token would live too long");
        }
        let local = ["http://localhost", "http://127.0.0.1"]
            .iter()
            .any(|origin| settings.public_url.starts_with(origin));
        if !settings.bind.ip().is_loopback() && !self.behind_tls() && !local {
            reasons.push("bind is open to the network but public_url is not an https:// origin: put a TLS proxy before it and name its origin");
        }
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(format!(
                "unsafe settings: {}",
                reasons.join("; ")
            )))
        }
    }
}

fn describe(figment: &Figment, settings: &Settings) -> Vec<(String, String, String)> {
    let Ok(serde_json::Value::Object(all)) = serde_json::to_value(settings) else {
        return Vec::new();
    };
    all.into_iter()
        .map(|(name, value)| {
            let source = match figment.find_metadata(&name) {
                Some(found) if found.name.contains("TOML") => "iuc.toml".to_owned(),
                Some(found) if found.name.contains("environment") => {
                    format!("IUC_{}", name.to_uppercase())
                }
                _ => "default".to_owned(),
            };
            (name, value.to_string(), source)
        })
        .collect()
}

/// A database URL without its password.
fn masked(url: &SecretString) -> String {
    let url = url.expose_secret();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, rest)), Some((_, host))) => {
            let user = rest.split([':', '@']).next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}")
        }
        _ => "***".to_owned(),
    }
}

/// The settings cannot be used; the text tells which and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let config = Config::of(
            Settings::default(),
            "postgres://iuc:hunter2@db:5432/iuc".into(),
        );
        assert!(config.describe().contains("postgres://iuc:***@db:5432/iuc"));
        assert!(!config.describe().contains("hunter2"));
    }

    #[test]
    fn the_secret_of_the_bucket_is_not_shown() {
        let settings = Settings {
            files_secret: Secret("hunter2".into()),
            ..Settings::default()
        };
        let figment = Figment::from(Serialized::defaults(&settings));
        let shown = format!("{:?} {settings:?}", describe(&figment, &settings));
        assert!(shown.contains("***"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn weak_hashing_is_refused_with_a_real_database() {
        let settings = Settings {
            argon2_memory: 8,
            ..Settings::default()
        };
        assert!(
            Config::of(settings, "postgres://db/iuc".into())
                .refuse_unsafe()
                .is_err()
        );
    }

    #[test]
    fn an_open_port_wants_tls_before_it() {
        let mut settings = Settings {
            bind: SocketAddr::from(([0, 0, 0, 0], 8080)),
            ..Settings::default()
        };
        assert!(
            Config::of(settings.clone(), "postgres://db/iuc".into())
                .refuse_unsafe()
                .is_err()
        );
        settings.public_url = "https://iuc.example".into();
        assert!(
            Config::of(settings, "postgres://db/iuc".into())
                .refuse_unsafe()
                .is_ok()
        );
    }
}
