//! The way from the service to its database, which can be cut: at any moment, or exactly where a transaction commits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};

/// How the way is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Open.
    Open,
    /// Connections are closed, and new ones at once.
    Closed,
    /// Nothing comes through any more, and nobody is told.
    Silent,
}

/// Where a transaction is caught.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    /// The database has not heard that it shall commit.
    BeforeCommit,
    /// The database has committed, and the service has not heard of it.
    AfterCommit,
}

/// A transaction that is held where it commits. Dropped, its connection is closed.
pub struct Caught(oneshot::Sender<()>);

impl Caught {
    /// Lets it go on as if nothing had been.
    pub fn release(self) {
        // A connection that is gone by now needs nothing.
        let _ = self.0.send(());
    }
}

/// Where the next transactions are to be caught, and who is told.
type Traps = Arc<Mutex<VecDeque<(At, oneshot::Sender<Caught>)>>>;

/// A way to PostgreSQL that can be cut.
pub struct Way {
    /// Where the service reaches its database by it.
    pub url: String,
    state: watch::Sender<State>,
    traps: Traps,
}

impl Way {
    /// A way to the database at `url`.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let (before, database) = url.rsplit_once('/').unwrap();
        let (before, target) = before.rsplit_once('@').unwrap();
        let (sender, state) = watch::channel(State::Open);
        let (target, traps): (Arc<str>, _) = (target.into(), Traps::default());
        let way = Self {
            url: format!("{before}@{own}/{database}"),
            state: sender,
            traps: traps.clone(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, target.clone(), state.clone(), traps.clone()));
            }
        });
        way
    }

    /// From now on it is like this.
    pub fn set(&self, state: State) {
        self.state.send(state).unwrap();
    }

    /// Closes every connection; new ones are welcome.
    pub fn cut(&self) {
        self.set(State::Closed);
        self.set(State::Open);
    }

    /// Catches the next transaction that commits and is not to be caught yet.
    pub fn catch(&self, at: At) -> oneshot::Receiver<Caught> {
        let (tell, told) = oneshot::channel();
        self.traps.lock().unwrap().push_back((at, tell));
        told
    }
}

async fn pass(
    mut stream: TcpStream,
    target: Arc<str>,
    mut state: watch::Receiver<State>,
    traps: Traps,
) {
    let now = *state.borrow_and_update();
    let work = async {
        match now {
            State::Closed => {}
            State::Silent => std::future::pending().await,
            State::Open => {
                let other = TcpStream::connect(&*target).await.unwrap();
                other.set_nodelay(true).unwrap();
                stream.set_nodelay(true).unwrap();
                // Whichever side ends, the other is told by the drop.
                both_ways(&mut stream, other, traps).await;
            }
        }
    };
    let then = tokio::select! {
        () = work => return,
        changed = state.changed() => changed.map(|()| *state.borrow()),
    };
    if let Ok(State::Silent) = then {
        // The service's side stays open and hears nothing, until the way is another.
        let _ = state.wait_for(|state| *state != State::Silent).await;
    }
}

async fn both_ways(stream: &mut TcpStream, other: TcpStream, traps: Traps) {
    let (from_service, mut to_service) = stream.split();
    let (mut from_database, to_database) = other.into_split();
    let (hold, held) = watch::channel(false);
    let answered = Notify::new();
    let back = async {
        let (mut buffer, mut held) = ([0; 16384], held);
        while let Ok(length @ 1..) = from_database.read(&mut buffer).await {
            if *held.borrow() {
                answered.notify_one();
                let _ = held.wait_for(|held| !held).await;
            }
            if to_service.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    let there = there(
        BufReader::new(from_service),
        to_database,
        traps,
        hold,
        &answered,
    );
    tokio::select! {
        () = back => {}
        _ = there => {}
    }
}

/// Passes on what the service says, message by message; ends when the connection shall be closed.
async fn there(
    mut service: BufReader<impl AsyncRead + Unpin>,
    mut database: OwnedWriteHalf,
    traps: Traps,
    hold: watch::Sender<bool>,
    answered: &Notify,
) -> std::io::Result<()> {
    let mut message = Vec::new();
    // The first message alone has no letter before its length.
    read_message(&mut service, &mut message, 0).await?;
    database.write_all(&message).await?;
    loop {
        read_message(&mut service, &mut message, 1).await?;
        let caught = match message.get(5..) {
            Some(b"COMMIT\0") => traps.lock().unwrap().pop_front(),
            _ => None,
        };
        let Some((at, tell)) = caught else {
            database.write_all(&message).await?;
            continue;
        };
        if at == At::AfterCommit {
            hold.send_replace(true);
            database.write_all(&message).await?;
            answered.notified().await;
        }
        let (release, released) = oneshot::channel();
        if tell.send(Caught(release)).is_err() || released.await.is_err() {
            return Ok(());
        }
        match at {
            At::BeforeCommit => database.write_all(&message).await?,
            At::AfterCommit => drop(hold.send_replace(false)),
        }
    }
}

/// Reads one message of the protocol of PostgreSQL: so many letters, its length in four bytes, and the rest.
async fn read_message(
    from: &mut (impl AsyncRead + Unpin),
    message: &mut Vec<u8>,
    letters: usize,
) -> std::io::Result<()> {
    message.resize(letters + 4, 0);
    from.read_exact(message).await?;
    let length = u32::from_be_bytes(message[letters..].try_into().unwrap());
    message.resize(letters + usize::try_from(length).unwrap(), 0);
    from.read_exact(&mut message[letters + 4..]).await?;
    Ok(())
}
