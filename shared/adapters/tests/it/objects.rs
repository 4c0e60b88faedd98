//! One object store as the other: a folder, and S3 as moto plays it.

use std::time::Duration;

use aiva_adapters::objects::{FolderObjects, ObjectStore, S3Objects, UploadRefused};
use aiva_core::error::Error;
use aiva_core::ports::{Objects, UploadLink, UploadWanted};
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Region};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use self::moto::Server;

mod moto;

const BUCKET: &str = "knowledge";

fn folder(root: &std::path::Path) -> FolderObjects {
    let secret = "a-made-up-secret-of-this-test".to_owned();
    FolderObjects::new(root.to_owned(), secret.into(), "http://127.0.0.1:1".to_owned())
}

fn config(url: String) -> aws_sdk_s3::config::Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("moto", "moto", None, None, "moto"))
        .endpoint_url(url)
        .force_path_style(true)
}

async fn bucket(server: &Server) -> ObjectStore {
    let client = Client::from_conf(config(server.url()).build());
    client.create_bucket().bucket(BUCKET).send().await.unwrap();
    ObjectStore::S3(S3Objects::new(client, BUCKET.to_owned()))
}

fn wanted(size: u64) -> UploadWanted {
    UploadWanted {
        name: "upload/ws/pr/1".to_owned(),
        size,
        content_type: "text/csv".to_owned(),
        seconds: 900,
    }
}

/// What every object store must do.
async fn behaves(objects: &ObjectStore) {
    let name = "content/ws/pr/src/abc";
    assert_eq!(objects.get(name, 100).await.unwrap(), None);
    assert_eq!(objects.size(name).await.unwrap(), None);
    objects.delete(name).await.unwrap();

    objects.put(name, b"first".to_vec()).await.unwrap();
    objects.put(name, b"second".to_vec()).await.unwrap();
    assert_eq!(objects.get(name, 6).await.unwrap().as_deref(), Some(b"second".as_slice()));
    assert_eq!(objects.size(name).await.unwrap(), Some(6));
    assert!(matches!(objects.get(name, 5).await, Err(Error::Internal(_))), "too much was read");
    for (most, start) in [(3, b"sec".as_slice()), (6, b"second"), (100, b"second")] {
        assert_eq!(objects.get_start(name, most).await.unwrap().as_deref(), Some(start));
    }

    objects.delete(name).await.unwrap();
    assert_eq!(objects.get(name, 100).await.unwrap(), None);
    assert_eq!(objects.get_start(name, 100).await.unwrap(), None);

    objects.put(name, Vec::new()).await.unwrap();
    assert_eq!(objects.get(name, 0).await.unwrap(), Some(Vec::new()));
    assert_eq!(objects.size(name).await.unwrap(), Some(0));
}

async fn sent(link: &UploadLink, body: &'static str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = link.headers.iter().filter(|(name, _)| name != "host").fold(
        client.put(&link.url).body(body),
        |request, (name, value)| {
            let is_length = name.eq_ignore_ascii_case("content-length");
            if is_length { request } else { request.header(name, value) }
        },
    );
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_folder_keeps_objects() {
    let dir = tempfile::tempdir().unwrap();
    let objects = folder(dir.path());
    behaves(&ObjectStore::Folder(objects)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_objects_and_takes_what_comes_by_a_link() {
    let server = Server::start().await;
    let objects = bucket(&server).await;
    behaves(&objects).await;

    let link = objects.upload_link(&wanted(8), Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(link.method, "PUT");
    let signed = link.url.split("X-Amz-SignedHeaders=").nth(1).unwrap();
    let signed = signed.split('&').next().unwrap();
    assert!(signed.contains("content-length") && signed.contains("content-type"), "{signed}");
    let checksum = link.url.to_ascii_lowercase().contains("checksum");
    assert!(!checksum, "a checksum of the body would have to be known: {}", link.url);
    assert_eq!(sent(&link, "a,b\n1,2\n").await, 200);
    let name = wanted(8).name;
    assert_eq!(objects.get(&name, 100).await.unwrap().as_deref(), Some(b"a,b\n1,2\n".as_slice()));
}

#[tokio::test]
async fn a_folder_takes_an_upload_only_by_its_link_in_its_time_and_of_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let (objects, now) = (folder(dir.path()), Timestamp::UNIX_EPOCH);
    let store = ObjectStore::Folder(objects.clone());
    let link = store.upload_link(&wanted(4), now).await.unwrap();
    let token = link.url.strip_prefix("http://127.0.0.1:1/local/uploads/").unwrap();
    let take = async |token: &str, bytes: &[u8], at| {
        objects.take((token, bytes.to_vec()), at).await.unwrap()
    };
    let late = now + SignedDuration::from_secs(900);
    assert_eq!(take(token, b"1234", late).await, Err(UploadRefused::BadLink));
    assert_eq!(take(token, b"12345", now).await, Err(UploadRefused::WrongSize));
    let bent = format!("{}0", &token[..token.len() - 1]);
    assert_ne!(bent, token);
    assert_eq!(take(&bent, b"1234", now).await, Err(UploadRefused::BadLink));
    assert_eq!(take("", b"1234", now).await, Err(UploadRefused::BadLink));
    assert_eq!(take(token, b"1234", now).await, Ok(()));
    assert_eq!(store.size(&wanted(4).name).await.unwrap(), Some(4));
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = ObjectStore::Folder(folder(dir.path()));
    for name in ["../x", "/etc/passwd", "a//b", "a/./b", "", "a/b\0", "a\\b"] {
        assert!(store.put(name, vec![1]).await.is_err(), "{name}");
        assert!(store.get(name, 9).await.is_err(), "{name}");
    }
}

/// A generation of a large project would otherwise fail for ever: each attempt is cut off alike.
#[tokio::test]
async fn an_object_may_take_longer_to_store_than_an_answer_may_take() {
    const SIZE: usize = 3 * 1024 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bound = Duration::from_millis(100);
    let answered = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut body, mut head, mut buffer) = (None, Vec::new(), vec![0_u8; 65_536]);
        while body.is_none_or(|seen| seen < SIZE) {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the sender went");
            let Some(seen) = body else {
                head.extend_from_slice(&buffer[..read]);
                let end = head.windows(4).position(|bytes| bytes == b"\r\n\r\n");
                body = end.map(|end| head.len() - end - 4);
                if body.is_some() {
                    stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
                }
                continue;
            };
            body = Some(seen + read);
        }
        tokio::time::sleep(bound * 4).await;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    });
    let bounds = TimeoutConfig::builder().operation_attempt_timeout(bound).build();
    let config = config(url).timeout_config(bounds).retry_config(RetryConfig::disabled());
    let client = Client::from_conf(config.build());
    let objects = ObjectStore::S3(S3Objects::new(client, BUCKET.to_owned()));
    objects.put("generation/ws/pr/1-a", vec![7; SIZE]).await.unwrap();
    answered.await.unwrap();
}
