//! Bodies that wait for their readers. What is large is handed out in small pieces, each within a time and all within
//! another: who reads slower than that finds the answer broken off, and holds nothing any more.

use std::time::Duration;

use actix_web::body::{BodyStream, BoxBody};
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use crate::db::busy;
use crate::problem::{Code, Problem};

/// Bytes of a piece.
const PIECE: usize = 64 * 1024;

/// How long a reader may take for a piece.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bodies of so many bytes are handed out at once.
const SMALL: usize = 512 * 1024;

/// KiB that all larger bodies may take together, in this process.
static ROOM: Semaphore = Semaphore::const_new(64 * 1024);

/// Where the pieces of a body go in.
pub struct Flow {
    pieces: mpsc::Sender<Option<Bytes>>,
    deadline: Instant,
}

/// A body that comes in pieces, and may take so long in all.
pub fn flow(longest: Duration) -> (Flow, BoxBody) {
    let (pieces, receiver) = mpsc::channel(1);
    let flow = Flow {
        pieces,
        deadline: Instant::now() + longest,
    };
    (flow, BoxBody::new(BodyStream::new(read(receiver))))
}

/// The pieces up to the end; without one, the body broke off, and its reader must hear that.
fn read(
    receiver: mpsc::Receiver<Option<Bytes>>,
) -> impl Stream<Item = Result<Bytes, Problem>> + 'static {
    futures_util::stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Some(piece)) => Some((Ok(piece), Some(receiver))),
            Some(None) => None,
            None => Some((Err(Problem::new(Code::Timeout)), None)),
        }
    })
}

impl Flow {
    /// When all of it must be read.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Hands these bytes to the reader; a problem when there is none any more, or a slow one.
    pub async fn send(&self, bytes: &[u8]) -> Result<(), Problem> {
        for piece in bytes.chunks(PIECE) {
            // A copy, so that the last piece does not hold the rest.
            let piece = self.pieces.send(Some(Bytes::copy_from_slice(piece)));
            let until = self.deadline.min(Instant::now() + PATIENCE);
            match timeout_at(until, piece).await {
                Ok(Ok(())) => {}
                _ => return Err(Problem::new(Code::Timeout)),
            }
        }
        Ok(())
    }

    /// Ends the body: all of it was handed over.
    pub async fn end(self) {
        let until = self.deadline.min(Instant::now() + PATIENCE);
        let _ = timeout_at(until, self.pieces.send(None)).await;
    }
}

/// A body that is there already; a large one only while there is room for it.
pub fn whole(body: Bytes, longest: Duration) -> Result<BoxBody, Problem> {
    if body.len() <= SMALL {
        return Ok(BoxBody::new(body));
    }
    let size = u32::try_from(body.len() / 1024).unwrap_or(u32::MAX);
    let Ok(room) = ROOM.try_acquire_many(size) else {
        tracing::warn!("too many large answers wait for their readers");
        return Err(busy());
    };
    let (flow, pieces) = flow(longest);
    tokio::spawn(async move {
        let sent = flow.send(&body).await;
        drop((body, room));
        if sent.is_ok() {
            flow.end().await;
        }
    });
    Ok(pieces)
}
