//! Forms that carry a file, put together by hand, so that a test can also send bad ones.

use super::{Client, Reply};

const BOUNDARY: &str = "----iuc-9f0f1f6f5c";

/// A form of these parts, each with its own header lines: its media type, and its bytes.
pub fn form_of(parts: &[(&str, &[u8])]) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (head, bytes) in parts {
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes(),
        );
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

/// The head of the part that holds the file.
pub fn head(name: &str, media_type: &str) -> String {
    format!("name=\"file\"; filename=\"{name}\"\r\nContent-Type: {media_type}")
}

/// A form that holds a file and nothing else.
pub fn form(name: &str, media_type: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    form_of(&[(&head(name, media_type), bytes)])
}

/// Uploads a file to the item at `path`.
pub async fn upload(
    client: &Client,
    path: &str,
    name: &str,
    media_type: &str,
    bytes: &[u8],
) -> Reply {
    let (form_type, body) = form(name, media_type, bytes);
    let request = client.request("POST", &format!("{path}/files"));
    request.body(&form_type, body).send().await
}
