//! A client that costs as little as pgbench does: one connection, one request at a time, bodies counted, not kept.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::Outcome;

/// A connection that is kept open.
pub struct Client {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub etag: Option<String>,
    /// Bytes of the body.
    pub bytes: usize,
    /// Lines of a body that was streamed.
    pub lines: usize,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            line: Vec::new(),
        })
    }

    /// Sends a whole request and reads its answer to the end.
    pub async fn send(&mut self, request: &[u8], mut keep: Option<&mut Vec<u8>>) -> Outcome<Reply> {
        self.stream.get_mut().write_all(request).await?;
        let mut reply = Reply::default();
        let (mut length, mut chunked) = (0, false);
        self.read_line().await?;
        reply.status = std::str::from_utf8(self.line.get(9..12).unwrap_or_default())?.parse()?;
        loop {
            self.read_line().await?;
            if self.line.is_empty() {
                break;
            }
            if let Some(value) = self.field("content-length: ") {
                length = value.parse()?;
            } else if let Some(value) = self.field("etag: ") {
                reply.etag = Some(value.to_owned());
            } else if self.field("transfer-encoding: ").is_some() {
                chunked = true;
            }
        }
        if !chunked {
            self.take(length, &mut keep, &mut reply, false).await?;
            return Ok(reply);
        }
        loop {
            self.read_line().await?;
            let size = usize::from_str_radix(std::str::from_utf8(&self.line)?, 16)?;
            self.take(size, &mut keep, &mut reply, true).await?;
            self.read_line().await?;
            if size == 0 {
                return Ok(reply);
            }
        }
    }

    async fn take(
        &mut self,
        mut left: usize,
        keep: &mut Option<&mut Vec<u8>>,
        reply: &mut Reply,
        count: bool,
    ) -> Outcome<()> {
        while left > 0 {
            let there = self.stream.fill_buf().await?;
            let part = there.get(..there.len().min(left)).unwrap_or_default();
            if part.is_empty() {
                return Err("the answer broke off".into());
            }
            let size = part.len();
            if count {
                reply.lines += part.iter().filter(|&&byte| byte == b'\n').count();
            }
            if let Some(body) = keep {
                body.extend_from_slice(part);
            }
            self.stream.consume(size);
            reply.bytes += size;
            left -= size;
        }
        Ok(())
    }

    /// The next line, without its end.
    async fn read_line(&mut self) -> Outcome<()> {
        self.line.clear();
        if self.stream.read_until(b'\n', &mut self.line).await? == 0 {
            return Err("the server closed the connection".into());
        }
        while self
            .line
            .last()
            .is_some_and(|&byte| byte == b'\n' || byte == b'\r')
        {
            self.line.pop();
        }
        Ok(())
    }

    /// The value of the field in the present line, when it is that field.
    fn field(&self, start: &str) -> Option<&str> {
        let (name, value) = self.line.split_at_checked(start.len())?;
        if name.eq_ignore_ascii_case(start.as_bytes()) {
            std::str::from_utf8(value).ok()
        } else {
            None
        }
    }
}

/// Writes a request into `out`.
pub fn write(out: &mut Vec<u8>, method: &str, path: &str, fields: &[(&str, &str)], body: &str) {
    out.clear();
    let mut put = |parts: &[&str]| {
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
    };
    put(&[method, " ", path, " HTTP/1.1\r\nhost: 127.0.0.1\r\n"]);
    for (name, value) in fields {
        put(&[name, ": ", value, "\r\n"]);
    }
    if !body.is_empty() {
        put(&["content-length: ", &body.len().to_string(), "\r\n"]);
    }
    put(&["\r\n", body]);
}

/// Sends one request on a connection of its own; the answer with its body.
pub async fn once(
    address: SocketAddr,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: &str,
) -> Outcome<(Reply, Vec<u8>)> {
    let (mut request, mut answer) = (Vec::new(), Vec::new());
    write(&mut request, method, path, fields, body);
    let mut client = Client::connect(address).await?;
    let reply = client.send(&request, Some(&mut answer)).await?;
    if !(200..300).contains(&reply.status) {
        let text = String::from_utf8_lossy(&answer).into_owned();
        return Err(format!("{method} {path} was answered {}: {text}", reply.status).into());
    }
    Ok((reply, answer))
}
