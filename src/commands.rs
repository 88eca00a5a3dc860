//! What the commands of the program do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::accounts::clients::grants;
use crate::accounts::sessions;
use crate::accounts::types::{User, UserRole};
use crate::auth::passwords::{Hasher, check_new};
use crate::auth::secrets::random_password;
use crate::config::Config;
use crate::contract::Contract;
use crate::db::embedded::{Embedded, Options};
use crate::db::{Connection, begin, commit, migrations, rollback};
use crate::events::Author;
use crate::feed::begin_epoch;
use crate::load::{Report, load};
use crate::openapi;
use crate::problem::Problem;
use crate::schema::{programmes, users};
use crate::server::{StartError, hasher, run as serve_app, run_metrics, state};
use crate::sync;
use crate::telemetry;
use crate::webhooks::switching::switch_all_off;
use crate::write::create_account;

/// A command of the program.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the API; without DATABASE_URL on a private PostgreSQL with the programme's data
    Serve,
    /// Bring the database schema up to date
    Migrate,
    /// Load programme data from a folder; again changes nothing
    Load {
        /// Folder with cities.json, pairings.json and so on
        folder: PathBuf,
    },
    /// Keep accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Tell the service that its database was restored from a backup: every cursor of the change feed expires, webhooks
    /// are switched off, and everybody has to sign in again
    AfterRestore,
    /// Keep a folder of plan files in step with a service, both ways
    Sync(Box<sync::Options>),
    /// Print the OpenAPI document
    Openapi,
    /// Print every setting and where it came from
    Config,
    /// Ask the service on IUC_BIND whether it lives
    Health,
}

/// A command for accounts.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Make an account; the password is read from standard input
    Create {
        /// E-mail address to sign in with
        #[arg(long)]
        email: String,
        /// What the account may do
        #[arg(long, value_parser = ["admin", "eu_city", "jp_city"])]
        role: String,
        /// The city of a city user
        #[arg(long)]
        city: Option<String>,
        /// Name of the person; the e-mail address when left out
        #[arg(long)]
        name: Option<String>,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

/// Runs a command to its end; answers its exit code.
pub fn run(command: Command) -> Result<ExitCode, StartError> {
    match command {
        Command::Sync(options) => Ok(sync::run(&options)?),
        command => run_here(command).map(|()| ExitCode::SUCCESS),
    }
}

/// Runs a command of the service.
fn run_here(command: Command) -> Result<(), StartError> {
    if let Command::Openapi = command {
        let document = serde_json::to_string_pretty(openapi::document())?;
        return Ok(writeln!(std::io::stdout(), "{document}")?);
    }
    let config = Config::load()?;
    match command {
        Command::Config => Ok(writeln!(std::io::stdout(), "{}", config.describe())?),
        Command::Health => health(&config),
        Command::Serve => serve(config),
        Command::Migrate => with_database(&config, async |_| Ok(())),
        Command::Load { folder } => with_database(&config, async |url| {
            let mut conn = Connection::establish(url.expose_secret()).await?;
            let contract = openapi::contract()?;
            say(&told(load(&mut conn, contract, &folder).await?))
        }),
        Command::AfterRestore => with_database(&config, async |url| {
            let mut conn = Connection::establish(url.expose_secret()).await?;
            let (sessions, webhooks) = after_restore(&mut conn).await?;
            say(&format!(
                "every cursor of the change feed has expired, {sessions} sessions have ended, {webhooks} webhooks are switched off"
            ))
        }),
        Command::User(UserCommand::Create {
            email,
            role,
            city,
            name,
            password_stdin: _,
        }) => {
            let mut password = String::new();
            std::io::stdin().read_to_string(&mut password)?;
            let password = SecretString::from(password.trim_end_matches(['\r', '\n']));
            let body = json!({"name": name.unwrap_or_else(|| email.clone()), "email": email, "role": role, "city": city});
            with_database(&config, async |url| {
                let mut conn = Connection::establish(url.expose_secret()).await?;
                let contract = openapi::contract()?;
                create_user(
                    &mut conn,
                    contract,
                    &hasher(&config.settings)?,
                    body,
                    password,
                )
                .await?;
                say(&format!("made the account {email}"))
            })
        }
        Command::Openapi | Command::Sync(_) => Ok(()),
    }
}

/// What a restored backup needs before it is served: numbers of changes would come twice, sessions that were ended since
/// would live again, and webhooks would tell of what has never been. Answers how many sessions it ended, and how many
/// webhooks it switched off.
pub async fn after_restore(conn: &mut Connection) -> Result<(usize, usize), StartError> {
    let now = crate::clock::now();
    Ok(conn
        .transaction(async |conn| {
            begin_epoch(conn).await?;
            grants::end_all(conn).await?;
            let sessions = sessions::end_all(conn, now).await?;
            let webhooks = switch_all_off(conn, now).await?;
            Ok::<_, Problem>((sessions, webhooks))
        })
        .await?)
}

#[expect(
    clippy::print_stdout,
    reason = "what a command has to tell goes to standard output"
)]
fn say(text: &str) -> Result<(), StartError> {
    println!("{text}");
    Ok(())
}

fn told(report: Report) -> String {
    let Report {
        created,
        updated,
        unchanged,
        kept,
    } = report;
    format!(
        "{created} created, {updated} updated, {unchanged} unchanged, {kept} kept as somebody has edited or deleted them"
    )
}

/// Runs `work` on the configured database, migrated; without DATABASE_URL on the private one.
fn with_database(
    config: &Config,
    work: impl AsyncFnOnce(&SecretString) -> Result<(), StartError>,
) -> Result<(), StartError> {
    let private = private_database(config)?;
    let url = database_url(config, private.as_ref());
    for name in migrations::run(&url)? {
        say(&format!("migrated: {name}"))?;
    }
    actix_web::rt::System::new().block_on(work(&url))?;
    if let Some(private) = private {
        private.stop()?;
    }
    Ok(())
}

fn private_database(config: &Config) -> Result<Option<Embedded>, StartError> {
    if config.database_url.is_some() {
        return Ok(None);
    }
    let options = Options {
        folder: config.settings.var_dir.clone(),
        durable: true,
        max_connections: 100,
    };
    Ok(Some(Embedded::start(&options)?))
}

fn database_url(config: &Config, private: Option<&Embedded>) -> SecretString {
    match (&config.database_url, private) {
        (Some(url), _) => url.clone(),
        (None, Some(private)) => private.url("iuc").into(),
        (None, None) => SecretString::default(),
    }
}

fn serve(config: Config) -> Result<(), StartError> {
    let _telemetry = telemetry::start(&config.settings)?;
    let listener = listen(config.settings.bind, "IUC_BIND")?;
    let metrics_bind = config.settings.metrics_bind;
    let metrics = metrics_bind
        .map(|bind| listen(bind, "IUC_METRICS_BIND"))
        .transpose()?;
    let private = private_database(&config)?;
    let url = database_url(&config, private.as_ref());
    let migrated = migrations::run(&url)?;
    if let Some(newest) = migrated.last() {
        tracing::info!(count = migrated.len(), newest, "migrated");
    }
    let outcome = actix_web::rt::System::new().block_on(async {
        let welcome = match &private {
            Some(_) => furnish(&config, &url).await?,
            None => String::new(),
        };
        let public_url = config.public_url();
        let app = state(config, &url).await?;
        let server = serve_app(app.clone(), listener)?;
        let mut addresses = format!("Swagger UI  {public_url}/docs/\nAPI         {public_url}/v1");
        if let Some(listener) = metrics {
            addresses += &format!("\nMetrics     http://{}/metrics", listener.local_addr()?);
            let server = run_metrics(app, listener)?;
            tokio::spawn(async move {
                if let Err(error) = server.await {
                    tracing::error!(%error, "metrics are no longer served");
                }
            });
        }
        say(&format!("{welcome}\n{addresses}\nStop with Ctrl-C."))?;
        server.await?;
        Ok::<_, StartError>(())
    });
    if let Some(private) = private {
        private.stop()?;
    }
    outcome
}

fn listen(address: SocketAddr, variable: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| {
        format!("cannot serve on {address}: {error}; choose another address with {variable}")
    })
}

/// Gives an empty private database the programme's data, an admin and a user for each side; tells how to sign in.
async fn furnish(config: &Config, url: &SecretString) -> Result<String, StartError> {
    let mut conn = Connection::establish(url.expose_secret()).await?;
    let contract = openapi::contract()?;
    let there: i64 = programmes::table.count().get_result(&mut conn).await?;
    let mut lines = Vec::new();
    if there == 0 {
        let report = load(&mut conn, contract, &config.settings.data_dir).await?;
        lines.push(format!(
            "Loaded {}: {}.",
            config.settings.data_dir.display(),
            told(report)
        ));
    }
    let people = [
        (
            "admin@iuc.example",
            "Programme admin",
            UserRole::Admin,
            None,
        ),
        (
            "frankfurt@iuc.example",
            "User of Frankfurt",
            UserRole::EuCity,
            Some("frankfurt"),
        ),
        (
            "yokohama@iuc.example",
            "User of Yokohama",
            UserRole::JpCity,
            Some("yokohama"),
        ),
    ];
    let hasher = hasher(&config.settings)?;
    lines.push("Sign in with one of these; the passwords are new at every start:".into());
    for (email, name, role, city) in people {
        let password = random_password()?;
        let there: i64 = users::table
            .filter(users::email.eq(email))
            .count()
            .get_result(&mut conn)
            .await?;
        if there == 0 {
            let body = json!({"email": email, "name": name, "role": role, "city": city});
            create_user(&mut conn, contract, &hasher, body, password.clone()).await?;
        } else {
            let hash = hasher.hash(password.clone()).await?;
            diesel::update(users::table.filter(users::email.eq(email)))
                .set(users::password_hash.eq(hash))
                .execute(&mut conn)
                .await?;
        }
        lines.push(format!(
            "  {email:<24} {:<26} {role}{}",
            password.expose_secret(),
            city.map(|city| format!(", {city}")).unwrap_or_default()
        ));
    }
    lines.push(format!(
        "  curl -s {}/v1/sessions -H 'Content-Type: application/json' -d '{{\"email\": \"…\", \"password\": \"…\"}}'\n\
         answers an access_token for `Authorization: Bearer …`. In Swagger UI, Authorize leads to a page to sign in on.",
        config.public_url()
    ));
    Ok(lines.join("\n"))
}

/// Makes an account through the one write path.
async fn create_user(
    conn: &mut Connection,
    contract: &Contract,
    hasher: &Hasher,
    mut body: serde_json::Value,
    password: SecretString,
) -> Result<(), StartError> {
    let email = body
        .get("email")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned();
    check_new(&password, &email)?;
    if let Some(object) = body.as_object_mut() {
        object.insert("password".into(), hasher.hash(password).await?.into());
    }
    let author = Author::itself(crate::clock::now(), "command-line");
    begin(conn).await?;
    match create_account::<User>(conn, contract, &author, body).await {
        Ok(()) => Ok(commit(conn).await?),
        Err(problem) => {
            rollback(conn).await?;
            Err(problem.into())
        }
    }
}

/// Fails unless the service on this machine answers that it lives; for the health check of a container.
fn health(config: &Config) -> Result<(), StartError> {
    let mut address = config.settings.bind;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let mut stream = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(
        stream,
        "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.take(1024).read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err("the service is not live".into())
    }
}
