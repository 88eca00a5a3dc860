//! What the service says to PostgreSQL, overheard on the way: so that pgbench can be given the same, and a change
//! of the service that `benches/sql` does not follow is noticed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::Outcome;
use crate::cases::{CASES, Case, Scene};
use crate::load::Shooter;
use crate::pgbench::Script;
use crate::seed;
use crate::stage::{Service, Stage};

/// Statements, each with whether it was prepared just before it ran.
type Heard = Arc<Mutex<Vec<(String, bool)>>>;

/// A wire that is listened to.
struct Wire {
    heard: Heard,
    address: SocketAddr,
}

impl Wire {
    async fn to(database: SocketAddr) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(database).await else {
                    return;
                };
                let (from, mut back) = client.into_split();
                let (mut answers, to) = server.into_split();
                tokio::spawn(listen(from, to, kept.clone()));
                tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
            }
        });
        Ok(Self { heard, address })
    }

    fn take(&self) -> Outcome<Vec<(String, bool)>> {
        let mut heard = self.heard.lock().map_err(|_| "the wire broke")?;
        Ok(std::mem::take(&mut *heard))
    }
}

/// Passes on what a client says, and notes its statements: simple ones, and prepared ones each time they run.
async fn listen(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, heard: Heard) -> Outcome<()> {
    let (mut prepared, mut begun) = (HashMap::<String, (String, bool)>::new(), false);
    let mut head = Vec::new();
    loop {
        head.clear();
        // The first message has no letter.
        head.resize(if begun { 5 } else { 4 }, 0);
        from.read_exact(&mut head).await?;
        let (kind, length) = head.split_at(head.len() - 4);
        let kind = kind.first().copied().unwrap_or_default();
        let length = u32::from_be_bytes(length.try_into()?) as usize - 4;
        let mut body = vec![0; length];
        from.read_exact(&mut body).await?;
        begun = true;
        let mut words = body
            .split(|&byte| byte == 0)
            .map(|word| String::from_utf8_lossy(word).into_owned());
        let (first, second) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let said = match kind {
            b'Q' => Some((first, false)),
            b'P' => {
                prepared.insert(first, (second, true));
                None
            }
            b'B' => prepared
                .get_mut(&second)
                .map(|(statement, fresh)| (statement.clone(), std::mem::take(fresh))),
            _ => None,
        };
        if let Some((said, fresh)) = said {
            heard
                .lock()
                .map_err(|_| "the wire broke")?
                .push((normal(&said), fresh));
        }
        to.write_all(&head).await?;
        to.write_all(&body).await?;
    }
}

/// A statement without what does not matter.
pub fn normal(statement: &str) -> String {
    let words: Vec<_> = statement.split_whitespace().collect();
    words.join(" ").trim_end_matches(';').to_owned()
}

/// The service with a single connection, overheard.
pub struct Overheard {
    wire: Wire,
    service: Service,
    sql: tokio_postgres::Client,
}

impl Overheard {
    pub async fn start(stage: &Stage, database: &str) -> Outcome<Self> {
        let url = stage.url(database);
        let port = url
            .rsplit_once('@')
            .and_then(|(_, rest)| rest.split(['/', ':']).nth(1)?.parse::<u16>().ok())
            .ok_or("the database's URL has no port")?;
        let wire = Wire::to(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        let url = url.replace(&format!(":{port}/"), &format!(":{}/", wire.address.port()));
        let single = [("IUC_POOL_REQUESTS", "1"), ("IUC_POOL_EXPORTS", "1")];
        let service = stage.service(&url, &single).await?;
        let sql = stage.client(database).await?;
        Ok(Self { wire, service, sql })
    }

    /// What the service says to answer one request of the case, once its statements are prepared.
    async fn statements(&self, case: &Case, scene: &Scene) -> Outcome<Vec<(String, bool)>> {
        let mut client = crate::http::Client::connect(self.service.address).await?;
        // A plan that no other connection changes.
        let (mut shooter, mut request) = (Shooter::new(99), Vec::new());
        scene.learn(self.service.address, &mut shooter).await?;
        let mut status = 0;
        for _ in 0..3 {
            // What is kept of the pages would be answered without their statements.
            let outdate = "UPDATE records SET stamp = gen_random_uuid()";
            self.sql.batch_execute(outdate).await?;
            self.wire.take()?;
            (case.make)(scene, &mut shooter, &mut request);
            let reply = client.send(&request, None).await?;
            shooter.etag = reply.etag.unwrap_or(shooter.etag);
            status = reply.status;
        }
        if !(200..300).contains(&status) {
            return Err(format!("{}: answered {status}", case.name).into());
        }
        let mut heard = self.wire.take()?;
        // Each instance looks for changes and for deliveries by itself, and clears away, whoever asks for what.
        let own = |said: &str| {
            said.contains("number_changes")
                || said.contains("webhook")
                || said.starts_with("DELETE")
        };
        heard.retain(|(said, _)| !own(said));
        heard.dedup();
        Ok(heard)
    }

    /// Tells where `benches/sql` has fallen behind; true when nowhere.
    pub async fn compare(&self, scene: &Scene) -> Outcome<bool> {
        let mut same = true;
        for case in CASES {
            let (heard, script) = (self.statements(case, scene).await?, Script::of(case)?);
            let heard: Vec<_> = heard.into_iter().map(|(statement, _)| statement).collect();
            let written = script.statements();
            let mirrored = match case.rows {
                Some(rows) => said_in_batches(&heard, &written, scene.plans.div_ceil(rows.into())),
                None if case.excerpt => written.iter().all(|statement| heard.contains(statement)),
                None => written == heard,
            };
            if !mirrored {
                println!(
                    "NOTE  benches/sql/{}.sql is not what the service sends: see `make bench BENCH=statements`",
                    case.file
                );
                for lacking in written.iter().filter(|written| !heard.contains(written)) {
                    println!("      it does not send: {lacking:.200}");
                }
                // An excerpt leaves out what does not matter.
                let others = heard.iter().filter(|heard| !written.contains(heard));
                for other in others.filter(|_| !case.excerpt) {
                    println!("      it also sends: {other:.200}");
                }
                same = false;
            }
        }
        Ok(same)
    }
}

/// Whether each of these statements was said once for each batch; there are some plans more than were planted.
fn said_in_batches(heard: &[String], statements: &[String], batches: u64) -> bool {
    let expected = usize::try_from(batches).map_or(0..=0, |batches| batches..=batches + 1);
    statements.iter().all(|statement| {
        let said = heard.iter().filter(|heard| *heard == statement);
        expected.contains(&said.count())
    })
}

/// Prints what the service sends in each case.
pub async fn print() -> Outcome<bool> {
    let stage = Stage::set()?;
    stage.database("bench_statements").await?;
    let url = stage.url("bench_statements");
    let service = stage.service(&url, &[]).await?;
    seed::plant(&stage, "bench_statements", &service, &seed::EVEN, 600).await?;
    let scene = Scene::of(&stage, "bench_statements", &service, 600).await?;
    let overheard = Overheard::start(&stage, "bench_statements").await?;
    for case in CASES {
        let statements = overheard.statements(case, &scene).await?;
        println!("\n== {} (benches/sql/{}.sql)", case.name, case.file);
        for (statement, fresh) in &statements {
            let note = if *fresh {
                "-- prepared anew with each request\n"
            } else {
                ""
            };
            println!("{note}{statement};\n");
        }
    }
    let same = overheard.compare(&scene).await?;
    drop((overheard, service));
    stage.drop_database("bench_statements").await?;
    Ok(same)
}
