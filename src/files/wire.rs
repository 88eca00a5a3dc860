//! The body of an upload as it arrives: counted, digested, and given up when it stalls.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::CONNECTION;
use actix_web::web::{Bytes, Payload};
use aws_lc_rs::digest;
use futures_util::Stream;
use tokio::time::{Instant, Sleep};

use crate::problem::{Code, Problem};

/// How many bytes have to arrive in the time of one patience: a line on which a hundred megabytes would take a day is
/// steady, one that brings less is not.
const STEADY: u64 = 1024;

/// What a form may have beside its file, in bytes.
const AROUND: u64 = 65_536;

/// The body of an upload, shared by who reads the form and who looks after it.
#[derive(Clone)]
pub struct Wire(Rc<RefCell<State>>);

struct State {
    payload: Payload,
    digest: digest::Context,
    limit: u64,
    arrived: u64,
    patience: Duration,
    /// How long was waited since `recent` was zero; only waiting for the client counts.
    waited: Duration,
    recent: u64,
    waiting: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    problem: Option<Problem>,
}

/// The problem of a body that is too large.
pub fn too_large(limit: u64) -> Problem {
    Problem::new(Code::PayloadTooLarge)
        .with("limit", limit)
        .header(CONNECTION, "close")
}

impl Wire {
    /// A body that may carry a file of `limit` bytes.
    pub fn new(payload: Payload, limit: u64, patience: Duration) -> Self {
        Self(Rc::new(RefCell::new(State {
            payload,
            digest: digest::Context::new(&digest::SHA256),
            limit,
            arrived: 0,
            patience,
            waited: Duration::ZERO,
            recent: 0,
            waiting: None,
            alarm: Box::pin(tokio::time::sleep(patience)),
            problem: None,
        })))
    }

    /// What stopped the body, if anything did.
    pub fn problem(&self) -> Option<Problem> {
        self.0.borrow_mut().problem.take()
    }

    /// SHA-256 of all that has arrived.
    pub fn digest(&self) -> digest::Digest {
        self.0.borrow().digest.clone().finish()
    }

    /// Reads what follows the form.
    pub async fn drain(&mut self) -> Result<(), PayloadError> {
        use futures_util::StreamExt;
        while let Some(chunk) = self.next().await {
            chunk?;
        }
        Ok(())
    }
}

impl Stream for Wire {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll(cx)
    }
}

impl State {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        if self.problem.is_some() {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.payload).poll_next(cx) {
            Poll::Pending => {
                self.wait();
                ready!(self.alarm.as_mut().poll(cx));
                self.end_of_wait();
                if let Some(error) = self.stalled() {
                    return Poll::Ready(Some(Err(error)));
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Some(Ok(bytes))) => {
                self.end_of_wait();
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.recent += length;
                self.arrived += length;
                if self.arrived > self.limit + AROUND {
                    return Poll::Ready(Some(Err(self.stop(too_large(self.limit)))));
                }
                self.digest.update(&bytes);
                match self.stalled() {
                    Some(error) => Poll::Ready(Some(Err(error))),
                    None => Poll::Ready(Some(Ok(bytes))),
                }
            }
            other => other,
        }
    }

    /// Begins to wait, unless that has begun: until this window of patience is over.
    fn wait(&mut self) {
        if self.waiting.is_none() {
            let now = Instant::now();
            self.waiting = Some(now);
            let left = self.patience.saturating_sub(self.waited);
            self.alarm.as_mut().reset(now + left);
        }
    }

    fn end_of_wait(&mut self) {
        if let Some(since) = self.waiting.take() {
            self.waited += since.elapsed();
        }
    }

    /// At the end of a window: what stops a body of which too little has arrived in it. Else another window begins.
    fn stalled(&mut self) -> Option<PayloadError> {
        if self.waited < self.patience {
            return None;
        }
        if self.recent < STEADY {
            let problem = Problem::new(Code::UploadStalled)
                .with("seconds", self.patience.as_secs())
                .with("bytes", STEADY)
                .header(CONNECTION, "close");
            return Some(self.stop(problem));
        }
        (self.waited, self.recent) = (Duration::ZERO, 0);
        None
    }

    fn stop(&mut self, problem: Problem) -> PayloadError {
        self.problem = Some(problem);
        PayloadError::Incomplete(None)
    }
}
