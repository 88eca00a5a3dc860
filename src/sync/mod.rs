//! `iuc sync`: a folder of plan files kept in step with the service, both ways, by its public API alone.
//!
//! - `document`: a plan as people write it, without what the service alone sets; `parts`: the keys of its parts;
//! - `folder`: one file a plan, whole or not at all (`names`: what it is called); `memory`: what both sides last agreed on, where the feed goes on;
//!   `sending`: what is on its way;
//! - `connection`: the line to the service (`origin`: where that is), with patience; `api`: its plans and its feed;
//! - `meet`: what the file says, what was agreed on and what the service has, brought together; `conflict`: the file that
//!   tells a person what collides;
//! - `pull`, `push`, `upload`: what comes down and goes up; `round`: one after the other; `watch`: again and again;
//! - `report`: what is told; `place`: where in a file it stands.
//!
//! It can be killed at any moment: the next run does what was left, and nothing twice. `docs/SYNC.md` tells how it is used.

mod api;
mod conflict;
mod connection;
mod document;
mod folder;
mod meet;
mod memory;
mod names;
mod origin;
mod parts;
mod place;
mod pull;
mod push;
mod report;
mod round;
mod sending;
mod upload;
mod watch;

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use secrecy::SecretString;

use self::api::Api;
use self::connection::{Connection, Failure, Login};
use self::folder::Folder;
use self::memory::{Memory, Of, Unusable};
use self::names::Form;
use self::origin::origin;
use self::report::Report;
use self::round::{Round, Side};

/// The exit code of a run that could not be done.
const FAILURE: u8 = 1;

/// The exit code of what makes no sense.
const USAGE: u8 = 2;

/// The exit code of a run that leaves something to a person.
const FOR_A_PERSON: u8 = 3;

/// What `iuc sync` is asked.
#[derive(clap::Args)]
#[command(after_help = "\
Signs in as a machine client (POST /v1/clients; scopes read, changes:read, plans:write), by the variables
IUC_SYNC_CLIENT_ID and IUC_SYNC_CLIENT_SECRET.

FOLDER/KEY.json, .yaml or .yml is the plan that your system knows as KEY. What both sides changed in different
places is brought together; what collides waits, and KEY.conflict.json tells how to go on.

Exit codes: 0 all in step; 1 the service or the folder cannot be used; 2 wrong usage; 3 something waits for a
person (told on standard error).")]
pub struct Options {
    /// Folder of the plan files
    #[arg(env = "IUC_SYNC_FOLDER")]
    folder: PathBuf,
    /// Origin of the service, such as `https://api.example`; plain http to this machine alone
    #[arg(long, env = "IUC_SYNC_URL", value_parser = origin)]
    url: String,
    /// System whose keys the files are called by, such as plans.city.example
    #[arg(long, env = "IUC_SYNC_SYSTEM")]
    system: String,
    /// City whose plans are kept in step; that of the machine client when left out
    #[arg(long, env = "IUC_SYNC_CITY")]
    city: Option<String>,
    /// Make the folder where there is none; else a missing one is refused, as its name may be mistyped
    #[arg(long, env = "IUC_SYNC_CREATE")]
    create: bool,
    /// Go on for as long as it is not ended, and do what is to do at once
    #[arg(long, env = "IUC_SYNC_WATCH")]
    watch: bool,
    /// Only tell what would be done
    #[arg(long, env = "IUC_SYNC_DRY_RUN", conflicts_with = "watch")]
    dry_run: bool,
    /// Remove a plan at the service when its file was removed here; else the file comes back
    #[arg(long, env = "IUC_SYNC_DELETE")]
    delete: bool,
    /// How many plans a run may remove at the service; when left out, one half of those it knows, or 10
    #[arg(long, env = "IUC_SYNC_MAX_DELETE", value_name = "NUMBER")]
    max_delete: Option<usize>,
    /// Which side is right about plans that both have when they first meet; else what differs waits for a person
    #[arg(
        long,
        env = "IUC_SYNC_ADOPT",
        value_name = "folder|service",
        hide_possible_values = true
    )]
    adopt: Option<Side>,
    /// Write plans that are new here as YAML
    #[arg(long, env = "IUC_SYNC_YAML")]
    yaml: bool,
    /// Tell only what a person has to look at
    #[arg(long, short, env = "IUC_SYNC_QUIET")]
    quiet: bool,
    /// How long something is tried again while the service cannot be reached
    #[arg(
        long,
        env = "IUC_SYNC_PATIENCE",
        value_name = "SECONDS",
        default_value_t = 120
    )]
    patience: u64,
}

/// Keeps the folder in step, once or until somebody ends it.
pub fn run(options: &Options) -> std::io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut report = Report::new(options.quiet);
    let end = |report: &Report, text: &str, code| {
        report.say_aloud(&format!("iuc sync: {text}"));
        Ok(ExitCode::from(code))
    };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(id), Some(secret)) = (
        variable("IUC_SYNC_CLIENT_ID"),
        variable("IUC_SYNC_CLIENT_SECRET"),
    ) else {
        let text = "set IUC_SYNC_CLIENT_ID and IUC_SYNC_CLIENT_SECRET to those of a machine client";
        return end(&report, text, USAGE);
    };
    let login = Login {
        id,
        secret: SecretString::from(secret),
    };
    let form = if options.yaml { Form::Yaml } else { Form::Json };
    match runtime.block_on(sync(options, login, form, &mut report)) {
        Ok(()) if report.needs_a_person() => Ok(ExitCode::from(FOR_A_PERSON)),
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Stop::Usage(text)) => end(&report, &text, USAGE),
        Err(Stop::Failure(failure)) => {
            report.end();
            end(&report, &failure.to_string(), FAILURE)
        }
    }
}

/// Why a run ends before it is done.
enum Stop {
    Usage(String),
    Failure(Failure),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

async fn sync(
    options: &Options,
    login: Login,
    form: Form,
    report: &mut Report,
) -> Result<(), Stop> {
    let shown = options.folder.display();
    if !options.create && !options.folder.is_dir() {
        let text = format!("there is no folder {shown}: --create makes it");
        return Err(Stop::Usage(text));
    }
    let folder = Folder::open(&options.folder, form, options.dry_run)?;
    let mut line = Connection::to(&options.url, login, Duration::from_secs(options.patience))?;
    line.is_watched = !options.quiet && std::io::stderr().is_terminal();
    let (system, city) = (options.system.clone(), options.city.clone());
    let api = Api::open(line, system, city, options.dry_run).await?;
    let of = Of {
        url: api.line.url.clone(),
        system: api.system.clone(),
        city: api.city.clone(),
    };
    let mut memory = Memory::open(&folder, of).map_err(|error| match error {
        Unusable::Locked => Stop::Usage(format!("another run works on {shown}")),
        Unusable::Other(Of { url, system, city }) => Stop::Usage(format!(
            "{shown} is kept in step with {url} for {city}, by the keys of {system}: take another folder"
        )),
        Unusable::Io(error) => error.into(),
    })?;
    let work = rounds(options, &api, &folder, &mut memory, report);
    match options.watch {
        false => work.await,
        true => {
            tokio::select! {
                done = work => done,
                ended = watch::end() => Ok(ended?),
            }
        }
    }
}

async fn rounds(
    options: &Options,
    api: &Api,
    folder: &Folder,
    memory: &mut Memory,
    report: &mut Report,
) -> Result<(), Stop> {
    let mut is_first = true;
    loop {
        let seen = folder.files()?;
        let mut round = Round {
            api,
            folder,
            memory,
            report,
            sent: HashMap::new(),
            deletes: options.delete,
            max_delete: options.max_delete,
            adopt: options.adopt,
            is_dry: options.dry_run,
        };
        match round.run().await {
            Err(Failure::Unreachable(why)) if options.watch => {
                report.end();
                report.say_aloud(&format!(
                    "iuc sync: the service cannot be reached, going on: {why}"
                ));
                watch::rest().await;
                continue;
            }
            done => done?,
        }
        if is_first || report.has_moved() {
            report.say(&ended(options, api, report));
        }
        is_first = false;
        if !options.watch {
            return Ok(());
        }
        // What was edited while something moved is looked at at once.
        if !report.has_moved() {
            watch::something(api, folder, memory, &seen).await?;
        }
    }
}

fn ended(options: &Options, api: &Api, report: &Report) -> String {
    let state = match report.needs_a_person() {
        _ if options.dry_run => "Dry run",
        true => "In step but for what waits for you",
        false => "In step",
    };
    let mut text = format!("{state} with {}: {}.", api.line.url, report.sum());
    if report.without_key > 0 {
        let (number, city, system) = (report.without_key, &api.city, &api.system);
        text.push_str(&match number {
            1 => format!(" 1 plan of {city} has no key in {system} and is left out."),
            _ => format!(" {number} plans of {city} have no key in {system} and are left out."),
        });
    }
    text
}
