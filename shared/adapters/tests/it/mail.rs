//! Mail as files, and mail through SES.

use aiva_adapters::mail::{FileMailer, Mailer};
use aiva_core::error::Error;
use aiva_core::ports::{Mail, Mailer as _};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

fn mail(number: usize) -> Mail {
    Mail {
        to: "ada@example.com".to_owned(),
        subject: format!("Mail {number}"),
        text: "Hello – here it is".to_owned(),
        html: "<p>Hello</p>".to_owned(),
    }
}

fn moment() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

/// The file names in a folder, sorted, and the documents in them.
fn mails(folder: &TempDir) -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut mails: Vec<_> = entries
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect();
    mails.sort_by(|one, other| one.0.cmp(&other.0));
    mails
}

#[tokio::test]
async fn a_mail_is_one_whole_file_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = Mailer::Files(FileMailer::new(folder.path().to_owned(), moment));
    mailer.send(&mail(1)).await.unwrap();
    let mails = mails(&folder);
    assert_eq!(mails.len(), 1);
    let (name, sheet) = &mails[0];
    assert!(name.ends_with(".json"), "{name}");
    assert_eq!(sheet["to"], "ada@example.com");
    assert_eq!(sheet["subject"], "Mail 1");
    assert_eq!(sheet["text"], "Hello – here it is");
    assert_eq!(sheet["at"], "2026-09-21T14:13:20.000Z");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn the_newest_five_hundred_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = Mailer::Files(FileMailer::new(folder.path().to_owned(), moment));
    for number in 0..503 {
        mailer.send(&mail(number)).await.unwrap();
    }
    let mails = mails(&folder);
    assert_eq!(mails.len(), 500);
    assert_eq!(mails[0].1["subject"], "Mail 3");
    assert_eq!(mails[499].1["subject"], "Mail 502");
}

#[tokio::test]
async fn where_mail_is_off_sending_fails_and_may_be_tried_again() {
    assert!(matches!(Mailer::Off.send(&mail(1)).await, Err(Error::Unavailable(_))));
}

#[cfg(feature = "mail")]
mod ses {
    use aiva_adapters::mail::SesMailer;
    use aws_sdk_sesv2::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_sesv2::{Client, Config};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    use super::*;

    /// Takes one request, answers it, and gives its path and its body.
    async fn endpoint(answer: &'static str) -> (String, JoinHandle<(String, Value)>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let (head, body) = loop {
                assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "it broke off");
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let lower = head.to_lowercase();
                let length = lower.split("content-length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
                if body.len() >= length {
                    break (head.to_owned(), body.to_owned());
                }
            };
            stream.write_all(answer.as_bytes()).await.unwrap();
            let path = head.split(' ').nth(1).unwrap().to_owned();
            (path, serde_json::from_str(&body).unwrap())
        });
        (url, taken)
    }

    fn mailer(url: String) -> Mailer {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .retry_config(aws_sdk_sesv2::config::retry::RetryConfig::disabled())
            .endpoint_url(url)
            .build();
        Mailer::Ses(SesMailer::new(Client::from_conf(config), "hello@aiva.example".to_owned()))
    }

    #[tokio::test]
    async fn a_mail_is_handed_over_with_both_bodies() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                      content-length: 17\r\n\r\n{\"MessageId\":\"1\"}";
        let (url, taken) = endpoint(answer).await;
        mailer(url).send(&mail(1)).await.unwrap();
        let (path, body) = taken.await.unwrap();
        assert_eq!(path, "/v2/email/outbound-emails");
        assert_eq!(body["FromEmailAddress"], "hello@aiva.example");
        assert_eq!(body["Destination"]["ToAddresses"][0], "ada@example.com");
        let simple = &body["Content"]["Simple"];
        assert_eq!(simple["Subject"]["Data"], "Mail 1");
        assert_eq!(simple["Body"]["Text"]["Data"], "Hello – here it is");
        assert_eq!(simple["Body"]["Html"]["Charset"], "UTF-8");
    }

    #[tokio::test]
    async fn a_refusal_names_its_code_and_not_the_address() {
        let answer = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n\
                      x-amzn-errortype: MessageRejected\r\ncontent-length: 45\r\n\r\n\
                      {\"message\":\"ada@example.com is not verified\"}";
        let (url, taken) = endpoint(answer).await;
        let Err(Error::Internal(cause)) = mailer(url).send(&mail(1)).await else {
            panic!("it was taken")
        };
        taken.await.unwrap();
        assert_eq!(cause.to_string(), "SES refused a mail: MessageRejected");
    }
}
