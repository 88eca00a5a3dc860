//! The lines of a body, in batches: as many as there are at once, so that results do not wait for lines that are still to
//! come.

use std::time::Duration;

use actix_web::web::Payload;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::problem::{Code, Problem};

/// Most lines of a batch.
const LINES: usize = 100;

/// Bytes of lines after which a batch is full.
const BYTES: usize = 512 * 1024;

/// How long lines that are there wait for more.
const LINGER: Duration = Duration::from_millis(50);

/// What bounds a body.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest line, in bytes.
    pub line: usize,
    /// The longest silence.
    pub idle: Duration,
}

/// A line, with its number from 1; or why it cannot be read.
#[derive(Debug)]
pub struct Line {
    pub number: u64,
    pub text: Result<Vec<u8>, Problem>,
}

/// Lines that are stored together.
#[derive(Debug, Default)]
pub struct Batch(pub Vec<Line>);

impl Batch {
    /// Of a line that cannot be read.
    pub fn of_one(number: u64, problem: Problem) -> Self {
        let text = Err(problem);
        Self(vec![Line { number, text }])
    }
}

/// What comes of a body.
#[derive(Debug)]
pub enum Received {
    /// Lines.
    Lines(Batch),
    /// Nothing more: it fell silent before this line.
    Broken(u64, Problem),
    /// Nothing more: that was all of it. Without it, the client has gone.
    End,
}

/// Reads the body to its end, or until nobody wants it.
pub async fn read_lines(mut payload: Payload, limits: Limits, out: mpsc::Sender<Received>) {
    let mut cutter = Cutter::new(limits.line);
    loop {
        let wait = match cutter.batch.0.is_empty() {
            true => limits.idle,
            false => LINGER,
        };
        let chunk = match tokio::time::timeout(wait, payload.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(error))) => {
                tracing::info!(%error, "the body of a bulk broke off");
                return;
            }
            Ok(None) => {
                cutter.end();
                let batch = cutter.take();
                let _ = out.send(Received::Lines(batch)).await;
                // Nobody is there to hear it who has not gone.
                let _ = out.send(Received::End).await;
                return;
            }
            Err(_) if cutter.batch.0.is_empty() => {
                let seconds = limits.idle.as_secs();
                let problem = Problem::new(Code::RequestTimeout).with("seconds", seconds);
                let _ = out.send(Received::Broken(cutter.number, problem)).await;
                return;
            }
            Err(_) => {
                if out.send(Received::Lines(cutter.take())).await.is_err() {
                    return;
                }
                continue;
            }
        };
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            cutter.push(piece);
            if cutter.is_full() && out.send(Received::Lines(cutter.take())).await.is_err() {
                return;
            }
        }
    }
}

/// Cuts a body into lines.
struct Cutter {
    limit: usize,
    /// The number of the line that is being read.
    number: u64,
    /// As much of it as there is.
    line: Vec<u8>,
    /// Whether it is longer than a line may be: its rest is skipped.
    too_long: bool,
    batch: Batch,
    bytes: usize,
}

impl Cutter {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            number: 1,
            line: Vec::new(),
            too_long: false,
            batch: Batch::default(),
            bytes: 0,
        }
    }

    /// Adds a piece of the line, whose last byte may end it.
    fn push(&mut self, piece: &[u8]) {
        let ended = piece.strip_suffix(b"\n");
        let text = ended.unwrap_or(piece);
        self.too_long |= self.line.len() + text.len() > self.limit;
        match self.too_long {
            true => self.line.clear(),
            false => self.line.extend_from_slice(text),
        }
        if ended.is_some() {
            self.end();
        }
    }

    /// Ends the line; one with nothing in it only counts.
    fn end(&mut self) {
        let line = std::mem::take(&mut self.line);
        let number = self.number;
        if std::mem::take(&mut self.too_long) {
            let problem = Problem::new(Code::PayloadTooLarge).with("limit", self.limit);
            self.batch.0.push(Line {
                number,
                text: Err(problem),
            });
        } else if !line.iter().all(u8::is_ascii_whitespace) {
            self.bytes += line.len();
            let text = Ok(line);
            self.batch.0.push(Line { number, text });
        }
        self.number += 1;
    }

    fn is_full(&self) -> bool {
        self.batch.0.len() >= LINES || self.bytes >= BYTES
    }

    fn take(&mut self) -> Batch {
        self.bytes = 0;
        std::mem::take(&mut self.batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]], limit: usize) -> Vec<(u64, Option<String>)> {
        let mut cutter = Cutter::new(limit);
        for piece in pieces {
            for part in piece.split_inclusive(|byte| *byte == b'\n') {
                cutter.push(part);
            }
        }
        cutter.end();
        let text = |line: Line| {
            let text = line.text.ok();
            (
                line.number,
                text.map(|text| String::from_utf8(text).unwrap()),
            )
        };
        cutter.take().0.into_iter().map(text).collect()
    }

    #[test]
    fn lines_are_the_same_however_the_body_arrives() {
        let body = b"one\n\ntwo\r\nthree";
        let expected = [
            (1, Some("one".to_owned())),
            (3, Some("two\r".to_owned())),
            (4, Some("three".to_owned())),
        ];
        assert_eq!(cut(&[body], 10), expected);
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(cut(&bytes, 10), expected);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_alone() {
        let lines = cut(&[b"12345\n123", b"456\n", b"12345"], 5);
        assert_eq!(
            lines,
            [
                (1, Some("12345".into())),
                (2, None),
                (3, Some("12345".into()))
            ]
        );
    }
}
