//! Files: what is uploaded arrives whole or not at all, and what is downloaded is what was uploaded.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use iuc::config::Settings;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::files::{form, form_of, head, upload};
use crate::support::kinds::knowledge;
use crate::support::{App, Client, Reply};

const PDF: &[u8] = b"%PDF-1.7\n0123456789\n%%EOF\n";

fn sha256(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A service with these settings, a user of Umeå, and the path of a draft of theirs.
async fn begin(change: impl FnOnce(&mut Settings)) -> (App, Client, String) {
    let app = App::with(change).await;
    let umea = app.city_user("umea").await;
    let item = umea
        .post("/v1/knowledge", knowledge(&["umea"]))
        .await
        .expect(201);
    (app, umea, format!("/v1/knowledge/{}", item.id()))
}

/// The files below a folder.
fn objects(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(objects(&path)),
            false => found.push(path.display().to_string()),
        }
    }
    found
}

/// Waits until nothing is left to which no item refers.
async fn expect_no_strays(app: &App, files: usize) {
    for _ in 0..100 {
        let strays = app.count("stray_files").await;
        if strays == 0 && objects(&app.files).len() == files {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let notes = app.rows("SELECT key, due FROM stray_files").await;
    panic!("{:?} and {notes:?} are left", objects(&app.files));
}

/// Removes what is due, as the job does.
async fn sweep(app: &App) -> usize {
    let mut conn = app.state.db.connection().await.unwrap();
    iuc::files::sweep(&mut conn, &app.state.files, iuc::clock::now())
        .await
        .unwrap()
        .removed
}

#[tokio::test]
async fn nobody_else_on_the_machine_may_look_into_the_files() {
    let (app, umea, path) = begin(|_| {}).await;
    let long: Vec<u8> = PDF
        .iter()
        .copied()
        .chain((0..3_000_000).map(|_| 7))
        .collect();
    for bytes in [PDF.to_vec(), long] {
        upload(&umea, &path, "plan.pdf", "application/pdf", &bytes)
            .await
            .expect(201);
    }
    let (mut open, mut files) = (vec![app.files.clone()], 0);
    while let Some(place) = open.pop() {
        let meta = std::fs::metadata(&place).unwrap();
        let mode = meta.permissions().mode() & 0o777;
        if meta.is_dir() {
            assert_eq!(mode, 0o700, "{}", place.display());
            open.extend(
                std::fs::read_dir(&place)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            assert_eq!(mode, 0o600, "{}", place.display());
            files += 1;
        }
    }
    assert_eq!(files, 2);
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_uploaded() {
    let (app, umea, path) = begin(|_| {}).await;
    let bytes: Vec<u8> = PDF
        .iter()
        .copied()
        .chain((0..3_000_000_u32).map(|n| (n % 251) as u8))
        .collect();
    let parts = form_of(&[
        (&head("plan.pdf", "application/pdf"), &bytes),
        ("name=\"title\"", "The plan".as_bytes()),
        ("name=\"language\"", b"en"),
        ("name=\"sha256\"", sha256(&bytes).to_uppercase().as_bytes()),
    ]);
    let digest = format!(
        "sha-512=:xx:, sha-256=:{}:",
        STANDARD.encode(digest(&SHA256, &parts.1))
    );
    let request = umea
        .request("POST", &format!("{path}/files"))
        .header("Content-Digest", &digest);
    let made = request.body(&parts.0, parts.1).send().await.expect(201);
    assert_eq!(made.body["name"], "plan.pdf");
    assert_eq!(made.body["title"], "The plan");
    assert_eq!(made.body["language"], "en");
    assert_eq!(made.body["media_type"], "application/pdf");
    assert_eq!(made.body["size"], bytes.len());
    assert_eq!(made.body["sha256"], sha256(&bytes));
    let own = umea.get("/v1/me").await.body["user"]["id"].clone();
    assert_eq!(made.body["by"], own);
    let file = made.header("location").to_owned();
    let request = umea.request("GET", &file);
    let got = request
        .header("Accept-Encoding", "gzip, br, zstd")
        .send()
        .await
        .expect(200);
    assert_eq!(sha256(&got.bytes), sha256(&bytes));
    for (name, value) in [
        ("content-type", "application/pdf"),
        ("content-length", bytes.len().to_string().as_str()),
        ("content-disposition", "attachment; filename=\"plan.pdf\""),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
        ("etag", &format!("\"{}\"", sha256(&bytes))),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    assert!(got.header("vary").contains("Authorization"), "{got}");
    let head = umea
        .request("HEAD", &file)
        .header("Accept-Encoding", "gzip")
        .send()
        .await
        .expect(200);
    assert_eq!(
        (head.bytes.len(), head.header("content-length")),
        (0, bytes.len().to_string().as_str())
    );
    let same = umea
        .request("GET", &file)
        .header("If-None-Match", got.header("etag"));
    assert_eq!(same.send().await.expect(304).bytes, b"");
    let item = umea.get(&path).await.expect(200);
    assert_eq!(
        (&item.body["version"], &item.body["files"]),
        (&json!(2), &json!([made.body]))
    );
    assert_eq!(
        umea.get(&format!("{path}/files")).await.expect(200).items(),
        std::slice::from_ref(&made.body)
    );
    let put = umea
        .put(&path, &item.etag(), item.body.clone())
        .await
        .expect(200);
    assert_eq!(put.etag(), item.etag(), "what was read can be written back");
    let other = json!({"files": []});
    umea.patch(&path, "*", other)
        .await
        .refused(&[("/files", "read_only")]);
    expect_no_strays(&app, 1).await;
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_stopped() {
    let (_app, umea, path) = begin(|_| {}).await;
    let made = upload(&umea, &path, "n.txt", "text/plain", b"0123456789")
        .await
        .expect(201);
    let (file, etag) = (
        made.header("location").to_owned(),
        format!("\"{}\"", sha256(b"0123456789")),
    );
    let ask = async |fields: &[(&str, &str)]| {
        let mut request = umea.request("GET", &file);
        for (name, value) in fields {
            request = request.header(name, value);
        }
        request.send().await
    };
    for (range, bytes, told) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=4-", "456789", "bytes 4-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=7-70", "789", "bytes 7-9/10"),
    ] {
        let part = ask(&[("Range", range)]).await.expect(206);
        assert_eq!(part.bytes, bytes.as_bytes(), "{range}");
        assert_eq!(part.header("content-range"), told);
        assert_eq!(part.header("content-length"), bytes.len().to_string());
        assert_eq!(part.etag(), etag);
    }
    for range in ["bytes=10-", "bytes=-0", "bytes=20-30"] {
        let none = ask(&[("Range", range)])
            .await
            .problem("range_not_satisfiable");
        assert_eq!(none.header("content-range"), "bytes */10", "{range}");
    }
    for range in ["bytes=0-1,4-5", "lines=1-2", "bytes=5-2", "bytes=x", ""] {
        assert_eq!(
            ask(&[("Range", range)]).await.expect(200).bytes,
            b"0123456789",
            "{range}"
        );
    }
    let part = ("Range", "bytes=4-");
    let modified = ask(&[]).await.header("last-modified").to_owned();
    for unchanged in [etag.as_str(), &modified] {
        assert_eq!(
            ask(&[part, ("If-Range", unchanged)])
                .await
                .expect(206)
                .bytes,
            b"456789"
        );
    }
    for changed in [
        "\"other\"",
        &format!("W/{etag}"),
        "Thu, 11 Oct 2018 09:00:00 GMT",
    ] {
        assert_eq!(
            ask(&[part, ("If-Range", changed)]).await.expect(200).bytes,
            b"0123456789"
        );
    }
    ask(&[part, ("If-None-Match", &etag)]).await.expect(304);
}

#[tokio::test]
async fn every_name_arrives_as_it_was_and_none_leads_elsewhere() {
    let (app, umea, path) = begin(|_| {}).await;
    for (sent, kept) in [
        ("横浜市の計画.pdf", "横浜市の計画.pdf"),
        ("Ume\u{61}\u{30a}.pdf", "Umeå.pdf"),
        ("a\\\"b; x=y.pdf", "a\"b; x=y.pdf"),
        ("../../../etc/x.pdf", "x.pdf"),
        ("/etc/y.pdf", "y.pdf"),
        ("C:\\\\Users\\\\me\\\\z.pdf", "z.pdf"),
        ("..%2f..%2fw.pdf", "..%2f..%2fw.pdf"),
    ] {
        let made = upload(&umea, &path, sent, "application/pdf", PDF)
            .await
            .expect(201);
        assert_eq!(made.body["name"], kept, "{sent}");
        let got = umea.get(made.header("location")).await.expect(200);
        assert_eq!(got.bytes, PDF);
        let told = got.header("content-disposition");
        assert!(
            told.is_ascii() && told.starts_with("attachment; filename=\""),
            "{told}"
        );
    }
    let got = umea
        .get(
            umea.get(&path).await.body["files"][0]["id"]
                .as_str()
                .map(|id| format!("{path}/files/{id}"))
                .unwrap()
                .as_str(),
        )
        .await;
    assert_eq!(
        got.header("content-disposition"),
        "attachment; filename=\"______.pdf\"; filename*=UTF-8''%E6%A8%AA%E6%B5%9C%E5%B8%82%E3%81%AE%E8%A8%88%E7%94%BB.pdf"
    );
    let by_rfc8187 =
        "name=\"file\"; filename*=UTF-8''%E6%A8%AA%E6%B5%9C.pdf\r\nContent-Type: application/pdf";
    let sent = form_of(&[(by_rfc8187, PDF)]);
    let made = umea
        .request("POST", &format!("{path}/files"))
        .body(&sent.0, sent.1)
        .send()
        .await;
    assert_eq!(made.expect(201).body["name"], "横浜.pdf");
    let events = app.events().await;
    for bad in ["", "..", ".", "../..", "a\u{202e}fdp.pdf", "a\0.pdf", "x/"] {
        let reply = upload(&umea, &path, bad, "application/pdf", PDF).await;
        assert_eq!(reply.status, 400, "{bad:?}: {reply}");
    }
    let hidden = "name=\"file\"; filename*=UTF-8''a%00b%0d%0aSet-Cookie.pdf\r\nContent-Type: application/pdf";
    let sent = form_of(&[(hidden, PDF)]);
    let reply = umea
        .request("POST", &format!("{path}/files"))
        .body(&sent.0, sent.1)
        .send()
        .await;
    reply.refused(&[("/file", "format")]);
    let long = format!("{}.pdf", "長".repeat(200));
    upload(&umea, &path, &long, "application/pdf", PDF)
        .await
        .refused(&[("/file", "too_long")]);
    assert_eq!(app.events().await, events);
    expect_no_strays(&app, 8).await;
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_and_nothing_of_it_is_kept() {
    let (app, umea, path) = begin(|settings| settings.file_limit = 200_000).await;
    let of = |length: usize| {
        let mut bytes = PDF.to_vec();
        bytes.resize(length, b'x');
        bytes
    };
    upload(&umea, &path, "a.pdf", "application/pdf", &of(200_000))
        .await
        .expect(201);
    for length in [200_001, 260_000, 5_000_000] {
        let reply = upload(&umea, &path, "b.pdf", "application/pdf", &of(length)).await;
        let reply = reply.problem("payload_too_large");
        assert!(
            reply.body["detail"].as_str().unwrap().contains("200"),
            "{reply}"
        );
        // Without a length that tells it beforehand.
        let (media_type, body) = form("b.pdf", "application/pdf", &of(length));
        let chunks = body
            .chunks(10_000)
            .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
            .collect::<Vec<_>>();
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        let request = umea
            .request("POST", &format!("{path}/files"))
            .body(&media_type, body);
        if let Ok(reply) = request.try_send().await {
            reply.problem("payload_too_large");
        }
    }
    let item = umea.get(&path).await.expect(200);
    assert_eq!(item.body["files"].as_array().unwrap().len(), 1);
    expect_no_strays(&app, 1).await;
}

#[tokio::test]
async fn only_what_is_what_it_says_and_cannot_run_is_taken() {
    let (app, umea, path) = begin(|_| {}).await;
    let zip = b"PK\x03\x04\x14\0\0\0\0\0rest";
    for (name, media_type, bytes, taken) in [
        (
            "a.geojson",
            "application/octet-stream",
            &b"{\"type\": \"FeatureCollection\"}"[..],
            "application/geo+json",
        ),
        (
            "a.CSV",
            "application/vnd.ms-excel",
            "都市,人口\n".as_bytes(),
            "text/csv",
        ),
        ("a.md", "text/plain", b"# Buses", "text/markdown"),
        (
            "a.zip",
            "application/x-zip-compressed",
            zip,
            "application/zip",
        ),
        ("a.png", "image/png", b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (
            "a.txt",
            "text/plain; charset=shift_jis",
            b"\x93\x73\x8e\x73",
            "text/plain",
        ),
    ] {
        let made = upload(&umea, &path, name, media_type, bytes)
            .await
            .expect(201);
        assert_eq!(made.body["media_type"], taken);
        let got = umea.get(made.header("location")).await.expect(200);
        assert_eq!(
            (got.header("content-type"), got.bytes.as_slice()),
            (taken, bytes)
        );
    }
    let events = app.events().await;
    for (name, media_type, bytes, code) in [
        (
            "a.html",
            "text/html",
            &b"<script>"[..],
            "unsupported_file_type",
        ),
        ("a.svg", "image/svg+xml", b"<svg/>", "unsupported_file_type"),
        (
            "a.exe",
            "application/octet-stream",
            b"MZ",
            "unsupported_file_type",
        ),
        (
            "a",
            "application/octet-stream",
            PDF,
            "unsupported_file_type",
        ),
        (
            "a.pdf",
            "application/pdf",
            b"<html><script>alert(1)</script>",
            "file_type_mismatch",
        ),
        ("a.pdf", "application/pdf", b"", "file_type_mismatch"),
        ("a.png", "image/png", PDF, "file_type_mismatch"),
        (
            "a.docx",
            "application/octet-stream",
            PDF,
            "file_type_mismatch",
        ),
        ("a.csv", "text/csv", zip, "file_type_mismatch"),
        ("a.txt", "text/plain", b"MZ\x90\x03", "file_type_mismatch"),
        (
            "a.json",
            "application/json",
            b"<svg/>",
            "file_type_mismatch",
        ),
        ("a.html", "text/plain", b"<script>", "invalid_input"),
        ("run.hta", "text/plain", b"<script>", "invalid_input"),
        ("a.txt", "application/pdf", PDF, "invalid_input"),
    ] {
        upload(&umea, &path, name, media_type, bytes)
            .await
            .problem(code);
    }
    let mut late = vec![b'a'; 300_000];
    late.push(0);
    upload(&umea, &path, "a.txt", "text/plain", &late)
        .await
        .problem("file_type_mismatch");
    assert_eq!(app.events().await, events);
    expect_no_strays(&app, 6).await;
}

#[tokio::test]
async fn a_form_that_is_not_as_it_should_be_is_refused_with_every_fault() {
    let (app, umea, path) = begin(|_| {}).await;
    let events = app.events().await;
    let send = async |parts: &[(&str, &[u8])]| {
        let (media_type, body) = form_of(parts);
        umea.request("POST", &format!("{path}/files"))
            .body(&media_type, body)
            .send()
            .await
    };
    let pdf = head("a.pdf", "application/pdf");
    send(&[]).await.refused(&[("/file", "required")]);
    send(&[
        ("name=\"title\"", b"Plan"),
        ("name=\"language\"", b"english"),
    ])
    .await
    .refused(&[("/file", "required"), ("/language", "pattern")]);
    send(&[
        (&pdf, PDF),
        ("name=\"title\"", b"two\nlines"),
        ("name=\"sha256\"", b"zz".repeat(32).as_slice()),
    ])
    .await
    .refused(&[("/sha256", "pattern"), ("/title", "format")]);
    send(&[(&pdf, PDF), ("name=\"title\"", b"a\0b")])
        .await
        .refused(&[("/title", "control_character")]);
    send(&[(&pdf, PDF), ("name=\"title\"", &[0xff])])
        .await
        .refused(&[("/title", "format")]);
    send(&[(&pdf, PDF), ("name=\"title\"", &[b'a'; 5000])])
        .await
        .refused(&[("/title", "too_long")]);
    send(&[(&pdf, PDF), (&pdf, PDF)])
        .await
        .refused(&[("/file", "duplicate_name")]);
    send(&[("name=\"fiel\"", PDF)])
        .await
        .refused(&[("/fiel", "unknown_field"), ("/file", "required")]);
    send(&[
        ("name=\"more\"", b"x"),
        (&pdf, PDF),
        ("name=\"title\"", b""),
        ("name=\"language\"", b"??"),
    ])
    .await
    .refused(&[
        ("/language", "pattern"),
        ("/more", "unknown_field"),
        ("/title", "blank"),
        ("/title", "too_short"),
    ]);
    // What is long and should not be there ends the reading: the file may still have followed.
    send(&[("name=\"fiel\"", &[b'x'; 5000]), (&pdf, PDF)])
        .await
        .refused(&[("/fiel", "unknown_field")]);
    send(&[
        (&pdf, PDF),
        ("name=\"sha256\"", sha256(b"other").as_bytes()),
    ])
    .await
    .refused(&[("/sha256", "digest_mismatch")]);
    let (media_type, body) = form("a.pdf", "application/pdf", PDF);
    let files = format!("{path}/files");
    for bad in ["sha-256=:AAAA:", "sha-256=AAAA", "sha-256=::"] {
        let request = umea.request("POST", &files).header("Content-Digest", bad);
        let reply = request.body(&media_type, body.clone()).send().await;
        assert_eq!(
            reply.faults(),
            [("Content-Digest".to_owned(), "digest_mismatch".to_owned())],
            "{reply}"
        );
    }
    for (media_type, body, code) in [
        ("application/json", &b"{}"[..], "unsupported_media_type"),
        ("multipart/mixed; boundary=x", b"--x--", "unsupported_media_type"),
        ("multipart/form-data", b"--x--", "invalid_multipart"),
        ("multipart/form-data; boundary=x", b"", "invalid_multipart"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--", "invalid_multipart"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7", "invalid_multipart"),
    ] {
        let request = umea.request("POST", &files).body(media_type, body.to_vec());
        request.send().await.problem(code);
    }
    let mut bomb = b"--x\r\nContent-Disposition: form-data; name=\"file\"; a=\"".to_vec();
    bomb.resize(3_000_000, b'a');
    let request = umea
        .request("POST", &files)
        .body("multipart/form-data; boundary=x", bomb);
    if let Ok(reply) = request.try_send().await {
        reply.problem("invalid_multipart");
    }
    assert_eq!(app.events().await, events);
    expect_no_strays(&app, 0).await;
}

/// Begins an upload on a connection of its own: the header fields, and what is sent of the body.
async fn begin_raw(
    app: &App,
    client: &Client,
    path: &str,
    length: usize,
    sent: &[u8],
) -> TcpStream {
    let (media_type, _) = form("a.pdf", "application/pdf", PDF);
    let request = format!(
        "POST {path}/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: {media_type}\r\n\
         Content-Length: {length}\r\n\r\n",
        client.token.as_deref().unwrap(),
    );
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream
}

async fn status(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length])
        .chars()
        .skip(9)
        .take(3)
        .collect()
}

fn large_form() -> Vec<u8> {
    let mut bytes = PDF.to_vec();
    bytes.resize(4_000_000, b'x');
    form("a.pdf", "application/pdf", &bytes).1
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing() {
    let (app, umea, path) = begin(|_| {}).await;
    let events = app.events().await;
    let body = large_form();
    for sent in [0, 100, 300, 70_000, 2_000_000, body.len() - 3] {
        let stream = begin_raw(&app, &umea, &path, body.len(), &body[..sent]).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        if sent % 200 == 0 {
            stream.set_zero_linger().unwrap();
        }
        drop(stream);
    }
    expect_no_strays(&app, 0).await;
    assert_eq!(app.events().await, events);
    assert_eq!(umea.get(&path).await.body["version"], 1);
}

#[tokio::test]
async fn an_upload_may_be_slow_but_not_stall() {
    let (app, umea, path) = begin(|settings| {
        settings.body_timeout = 1;
        settings.request_timeout = 2;
    })
    .await;
    let body = large_form();
    // Slower than any other request may be, and steady.
    let mut steady = begin_raw(&app, &umea, &path, body.len(), &[]).await;
    for chunk in body.chunks(body.len() / 8) {
        tokio::time::sleep(Duration::from_millis(400)).await;
        steady.write_all(chunk).await.unwrap();
    }
    assert_eq!(status(&mut steady).await, "201");
    let mut stalled = begin_raw(&app, &umea, &path, body.len(), &body[..1_000_000]).await;
    assert_eq!(status(&mut stalled).await, "408");
    // A byte now and then is no upload.
    let mut dripping = begin_raw(&app, &umea, &path, body.len(), &body[..1_000_000]).await;
    let (mut reading, mut writing) = dripping.split();
    let drip = async {
        for byte in body[1_000_000..].chunks(1) {
            if writing.write_all(byte).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut answer = [0; 12];
    tokio::select! {
        () = drip => panic!("nobody stopped it"),
        read = reading.read_exact(&mut answer) => { read.unwrap(); }
    }
    assert_eq!(&answer[9..], b"408");
    expect_no_strays(&app, 1).await;
}

#[tokio::test]
async fn who_is_switched_off_while_a_file_comes_adds_none() {
    let (app, umea, path) = begin(|_| {}).await;
    let body = large_form();
    let mut stream = begin_raw(&app, &umea, &path, body.len(), &body[..100_000]).await;
    while app.count("stray_files").await < 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.run("UPDATE users SET active = false WHERE city = 'umea'")
        .await;
    stream.write_all(&body[100_000..]).await.unwrap();
    assert_eq!(status(&mut stream).await, "401");
    assert_eq!(app.anonymous().get(&path).await.status, 404);
    let item = app.admin().await.get(&path).await.expect(200).body;
    assert_eq!(item["files"], json!([]));
}

#[tokio::test]
async fn no_account_runs_many_uploads_at_once() {
    let (app, umea, path) = begin(|_| {}).await;
    let body = large_form();
    let mut running = Vec::new();
    for _ in 0..4 {
        running.push(begin_raw(&app, &umea, &path, body.len(), &body[..100_000]).await);
    }
    while app.count("stray_files").await < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    upload(&umea, &path, "a.pdf", "application/pdf", PDF)
        .await
        .problem("too_many_uploads");
    let kamakura = app.city_user("kamakura").await;
    let own = kamakura
        .post("/v1/knowledge", knowledge(&["kamakura"]))
        .await
        .expect(201);
    let own = format!("/v1/knowledge/{}", own.id());
    upload(&kamakura, &own, "a.pdf", "application/pdf", PDF)
        .await
        .expect(201);
    for stream in &mut running {
        stream.write_all(&body[100_000..]).await.unwrap();
        assert_eq!(status(stream).await, "201");
    }
    upload(&umea, &path, "a.pdf", "application/pdf", PDF)
        .await
        .expect(201);
    expect_no_strays(&app, 6).await;
}

#[tokio::test]
async fn uploads_side_by_side_all_arrive() {
    let (app, umea, path) = begin(|_| {}).await;
    let admin = app.admin().await;
    let kamakura = app.city_user("kamakura").await;
    umea.patch(&path, "*", json!({"cities": ["umea", "kamakura"]}))
        .await
        .expect(200);
    let mut tasks = Vec::new();
    for number in 0..12 {
        let client = [&umea, &admin, &kamakura][number % 3].clone();
        let path = path.clone();
        tasks.push(tokio::spawn(async move {
            let bytes = format!("%PDF-{number} {}", "x".repeat(number * 100_000));
            let name = format!("{number}.pdf");
            let mut made;
            loop {
                made = upload(&client, &path, &name, "application/pdf", bytes.as_bytes()).await;
                // On a slow machine they wait for each other longer than a request may: nothing was stored.
                if made.status != 503 {
                    break;
                }
            }
            let made = made.expect(201);
            let got = client.get(made.header("location")).await.expect(200);
            assert_eq!(got.bytes, bytes.as_bytes());
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let item = umea.get(&path).await.expect(200);
    assert_eq!(
        (
            item.body["files"].as_array().unwrap().len(),
            &item.body["version"]
        ),
        (12, &json!(14))
    );
    let versions = "SELECT string_agg(version::text, ' ' ORDER BY version) FROM events WHERE type = 'knowledge_item'";
    assert_eq!(app.one(versions).await, "1 2 3 4 5 6 7 8 9 10 11 12 13 14");
    expect_no_strays(&app, 12).await;
}

#[tokio::test]
async fn a_repeated_upload_under_its_key_happens_once() {
    let (app, umea, path) = begin(|_| {}).await;
    let send = async |key: &str, bytes: &[u8], boundary: &str| {
        let (media_type, body) = form("a.pdf", "application/pdf", bytes);
        let old = "----iuc-9f0f1f6f5c";
        let body = String::from_utf8(body).unwrap().replace(old, boundary);
        let request = umea
            .request("POST", &format!("{path}/files"))
            .header("Idempotency-Key", key);
        request
            .body(&media_type.replace(old, boundary), body)
            .send()
            .await
    };
    let first = send("k", PDF, "one").await.expect(201);
    let events = app.events().await;
    let again = send("k", PDF, "two").await.expect(201);
    assert_eq!(
        (again.header("idempotent-replayed"), &again.bytes),
        ("true", &first.bytes)
    );
    assert_eq!(again.header("location"), first.header("location"));
    send("k", b"%PDF-other", "one")
        .await
        .problem("idempotency_key_reused");
    assert_eq!(app.events().await, events);
    assert_eq!(umea.get(&path).await.body["version"], 2);
    umea.get(first.header("location")).await.expect(200);
    expect_no_strays(&app, 1).await;
}

#[tokio::test]
async fn a_dry_run_keeps_no_file_and_tells_what_would_be() {
    let (app, umea, path) = begin(|_| {}).await;
    let made = upload(&umea, &path, "a.pdf", "application/pdf", PDF)
        .await
        .expect(201);
    let file = made.header("location").to_owned();
    let events = app.events().await;
    let (media_type, body) = form("b.pdf", "application/pdf", PDF);
    let request = umea
        .request("POST", &format!("{path}/files?dryrun=true"))
        .body(&media_type, body);
    let dry = request.send().await.expect(200);
    assert_eq!(dry.body["dry_run"]["diff"][0]["path"], "/files/1", "{dry}");
    assert_eq!(dry.body["sha256"], sha256(PDF));
    let dry = umea
        .delete(&format!("{file}?dryrun=true"), "*")
        .await
        .expect(200);
    assert_eq!(
        (&dry.body["files"], &dry.body["version"]),
        (&json!([]), &json!(3))
    );
    assert_eq!(app.events().await, events);
    expect_no_strays(&app, 1).await;
    umea.get(&file).await.expect(200);
}

#[tokio::test]
async fn a_deleted_file_is_gone_and_its_object_goes_with_it() {
    let (app, umea, path) = begin(|_| {}).await;
    let mut made: Vec<Reply> = Vec::new();
    for name in ["a.pdf", "b.pdf", "c.pdf"] {
        made.push(
            upload(&umea, &path, name, "application/pdf", PDF)
                .await
                .expect(201),
        );
    }
    let file = made[0].header("location").to_owned();
    umea.request("DELETE", &file)
        .send()
        .await
        .problem("precondition_required");
    umea.delete(&file, &umea.get(&path).await.etag())
        .await
        .problem("precondition_failed");
    umea.delete(&file, made[0].header("etag")).await.expect(204);
    umea.get(&file).await.problem("not_found");
    umea.delete(&file, "*").await.problem("not_found");
    let item = umea.get(&path).await.expect(200);
    assert_eq!(
        (
            item.body["files"].as_array().unwrap().len(),
            &item.body["version"]
        ),
        (2, &json!(5))
    );
    assert_eq!(objects(&app.files).len(), 3, "until the job has come");
    assert_eq!(sweep(&app).await, 1);
    expect_no_strays(&app, 2).await;
    umea.get(made[1].header("location")).await.expect(200);
    umea.delete(&path, "*").await.expect(204);
    umea.get(made[1].header("location"))
        .await
        .problem("not_found");
    assert_eq!(sweep(&app).await, 2);
    expect_no_strays(&app, 0).await;
}

#[tokio::test]
async fn what_a_crash_left_of_an_upload_is_removed_when_it_is_due() {
    let (app, umea, path) = begin(|_| {}).await;
    let made = upload(&umea, &path, "a.pdf", "application/pdf", PDF)
        .await
        .expect(201);
    let folder = app.files.join("knowledge/lost");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["whole", "half#1", "running#1"] {
        std::fs::write(folder.join(name), PDF).unwrap();
    }
    app.run(
        "INSERT INTO stray_files (key, due) VALUES ('knowledge/lost/whole', now()), ('knowledge/lost/half', now()), \
         ('knowledge/lost/none', now()), ('knowledge/lost/running', now() + interval '1 minute')",
    )
    .await;
    assert_eq!(sweep(&app).await, 3);
    assert_eq!(app.count("stray_files").await, 1);
    assert_eq!(objects(&app.files).len(), 2);
    umea.get(made.header("location")).await.expect(200);
}

#[tokio::test]
async fn an_upload_whose_object_was_removed_meanwhile_is_not_stored() {
    let (app, umea, path) = begin(|_| {}).await;
    let body = large_form();
    let mut stream = begin_raw(&app, &umea, &path, body.len(), &body[..1_000_000]).await;
    while app.count("stray_files").await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.run("UPDATE stray_files SET due = now()").await;
    sweep(&app).await;
    stream.write_all(&body[1_000_000..]).await.unwrap();
    assert_eq!(status(&mut stream).await, "503");
    assert_eq!(umea.get(&path).await.body["version"], 1);
    expect_no_strays(&app, 0).await;
}

#[tokio::test]
async fn an_item_has_a_limited_number_of_files() {
    let (app, umea, path) = begin(|_| {}).await;
    let first = upload(&umea, &path, "a.pdf", "application/pdf", PDF)
        .await
        .expect(201);
    app.run(
        "UPDATE knowledge SET files = (SELECT jsonb_agg(file) FROM (SELECT files -> 0 AS file) AS one, generate_series(1, 100))",
    )
    .await;
    let over = upload(&umea, &path, "b.pdf", "application/pdf", PDF).await;
    over.refused(&[("/file", "too_many")]);
    umea.get(first.header("location")).await.expect(200);
    expect_no_strays(&app, 1).await;
}
