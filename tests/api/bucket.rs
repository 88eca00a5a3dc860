//! Files in a bucket behind the S3 protocol. `scripts/test-bucket` starts a server for it, and names it.

use std::time::Duration;

use serde_json::json;

use crate::support::files::{form, upload};
use crate::support::kinds::knowledge;
use crate::support::{App, Client};

const BUCKET: &str = "iuc-test";

fn endpoint() -> String {
    std::env::var("IUC_TEST_BUCKET").expect("run scripts/test-bucket")
}

/// A service whose files are below a prefix of their own in the bucket.
async fn begin(limit: u64) -> (App, Client, String, String) {
    let prefix = iuc::resource::new_uuid().to_string();
    let settings: serde_json::Value = json!({"files_secret": "not so secret"});
    let secret = serde_json::from_value(settings["files_secret"].clone()).unwrap();
    let app = App::with(|settings| {
        settings.files = format!("s3://{BUCKET}/{prefix}");
        settings.files_endpoint = endpoint();
        settings.files_region = "eu-central-1".into();
        settings.files_key = "test".into();
        settings.files_secret = secret;
        settings.file_limit = limit;
    })
    .await;
    let umea = app.city_user("umea").await;
    let item = umea
        .post("/v1/knowledge", knowledge(&["umea"]))
        .await
        .expect(201);
    let path = format!("/v1/knowledge/{}", item.id());
    (app, umea, path, prefix)
}

/// How often `what` stands in the bucket's answer to `query`.
async fn count(query: &str, what: &str) -> usize {
    let answer = reqwest::get(format!("{}/{BUCKET}?{query}", endpoint()))
        .await
        .unwrap();
    answer.text().await.unwrap().matches(what).count()
}

/// How many objects there are below `prefix`, and how many uploads of parts are open.
async fn objects(prefix: &str) -> (usize, usize) {
    let whole = count(&format!("list-type=2&prefix={prefix}"), "<Key>").await;
    (whole, count("uploads", prefix).await)
}

fn pdf(length: usize) -> Vec<u8> {
    let numbers = (0_u32..).map(|number| (number % 253) as u8);
    b"%PDF-1.7\n"
        .iter()
        .copied()
        .chain(numbers)
        .take(length)
        .collect()
}

#[tokio::test]
#[ignore = "needs an S3-compatible server: scripts/test-bucket"]
async fn files_of_every_size_come_back_from_a_bucket_as_they_were() {
    let (_app, umea, path, prefix) = begin(104_857_600).await;
    let part = 5 * 1024 * 1024;
    for (number, length) in [9, 70_000, part - 1, part, part + 1, 3 * part, 20_000_000]
        .into_iter()
        .enumerate()
    {
        let bytes = pdf(length);
        let made = upload(&umea, &path, "横浜.pdf", "application/pdf", &bytes)
            .await
            .expect(201);
        let file = made.header("location").to_owned();
        let got = umea.get(&file).await.expect(200);
        assert!(got.bytes == bytes, "{length}");
        let (first, last) = (length / 3, length / 2);
        let range = umea
            .request("GET", &file)
            .header("Range", &format!("bytes={first}-{last}"));
        assert!(
            range.send().await.expect(206).bytes == bytes[first..=last],
            "{length}"
        );
        assert_eq!(objects(&prefix).await, (number + 1, 0));
    }
}

#[tokio::test]
#[ignore = "needs an S3-compatible server: scripts/test-bucket"]
async fn what_is_refused_broken_off_or_deleted_leaves_nothing_in_the_bucket() {
    let (app, umea, path, prefix) = begin(8_000_000).await;
    upload(&umea, &path, "a.pdf", "application/pdf", &pdf(9_000_000))
        .await
        .problem("payload_too_large");
    let mut hidden = pdf(7_000_000);
    hidden[..9].fill(b' ');
    upload(&umea, &path, "a.txt", "text/plain", &hidden)
        .await
        .problem("file_type_mismatch");
    let (media_type, body) = form("a.pdf", "application/pdf", &pdf(7_000_000));
    let chunks = body[..6_500_000]
        .chunks(500_000)
        .map(|chunk| Ok(chunk.to_vec()))
        .chain([Err(std::io::Error::other("the line broke"))])
        .collect::<Vec<_>>();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let request = umea
        .request("POST", &format!("{path}/files"))
        .body(&media_type, body);
    request.try_send().await.unwrap_err();
    let made = upload(&umea, &path, "a.pdf", "application/pdf", &pdf(6_000_000))
        .await
        .expect(201);
    for _ in 0..100 {
        if objects(&prefix).await == (1, 0) && app.count("stray_files").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(objects(&prefix).await, (1, 0));
    umea.delete(made.header("location"), "*").await.expect(204);
    let mut conn = app.state.db.connection().await.unwrap();
    let swept = iuc::files::sweep(&mut conn, &app.state.files, iuc::clock::now()).await;
    assert_eq!(swept.unwrap().removed, 1);
    assert_eq!(objects(&prefix).await, (0, 0));
    assert_eq!(umea.get(&path).await.body["version"], 3);
}

#[tokio::test]
#[ignore = "needs an S3-compatible server: scripts/test-bucket"]
async fn a_bucket_that_is_away_is_a_503_within_its_time() {
    let app = App::with(|settings| {
        settings.files = format!("s3://{BUCKET}");
        settings.files_endpoint = "http://127.0.0.1:9".into();
        settings.files_key = "test".into();
    })
    .await;
    let umea = app.city_user("umea").await;
    let item = umea
        .post("/v1/knowledge", knowledge(&["umea"]))
        .await
        .expect(201);
    let path = format!("/v1/knowledge/{}", item.id());
    let begun = std::time::Instant::now();
    let reply = upload(&umea, &path, "a.pdf", "application/pdf", b"%PDF-1.7").await;
    reply.problem("files_unavailable");
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(umea.get(&path).await.body["version"], 1);
}
