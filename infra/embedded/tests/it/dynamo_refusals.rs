//! The exceptions for requests that the DynamoDB engine cannot read.
//!
//! The engine marks its refusals in a way it does not document; every marker is provoked here, so
//! that an upgrade which changes one is noticed.

use aiva_embedded::EmbeddedDynamo;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use crate::support::create_table;

async fn refusal(operation: &str, body: &str) -> (String, String) {
    let dynamo = EmbeddedDynamo::memory().unwrap();
    create_table(&dynamo.client()).await;
    let mut request = HttpRequest::new(SdkBody::from(body));
    let target = format!("DynamoDB_20120810.{operation}");
    request.headers_mut().insert("x-amz-target", target);
    let response = dynamo.call(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 400, "{operation} {body}");
    let answer: Value = serde_json::from_slice(response.body().bytes().unwrap()).unwrap();
    let exception = answer["__type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned();
    let message = answer["message"].as_str().or(answer["Message"].as_str()).unwrap_or_default();
    (exception, message.to_owned())
}

/// The request, the exception, and words of its message.
const REFUSED: [(&str, &str, &str, &str); 11] = [
    // Marked "validation", without the reader's position.
    (
        "DescribeTable",
        r#"{"TableName":"x"}"#,
        "ValidationException",
        "TableName must be at least 3 characters long",
    ),
    (
        "DescribeTable",
        "{}",
        "ValidationException",
        "The parameter 'TableName' is required but was not present in the request",
    ),
    // Marked "request validation": in an envelope for a put, bare for a get.
    (
        "PutItem",
        r#"{"TableName":"rows","Item":{"pk":{"NULL":false}}}"#,
        "ValidationException",
        "1 validation error detected: One or more parameter values were invalid: Null attribute",
    ),
    (
        "GetItem",
        r#"{"TableName":"rows","Key":{"pk":{"NULL":false}}}"#,
        "ValidationException",
        "One or more parameter values were invalid: Null attribute",
    ),
    // Marked "serialization".
    (
        "PutItem",
        r#"{"TableName":"rows","Item":{"pk":{"S":"a"},"flag":{"BOOL":7}}}"#,
        "SerializationException",
        "NUMBER_VALUE cannot be converted to Boolean",
    ),
    // Unmarked: missing, empty, of two types, of the wrong JSON type, not JSON.
    ("PutItem", r#"{"TableName":"rows"}"#, "ValidationException", "Member must not be null"),
    (
        "PutItem",
        r#"{"TableName":"rows","Item":{"pk":{}}}"#,
        "ValidationException",
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    ),
    (
        "PutItem",
        r#"{"TableName":"rows","Item":{"pk":{"S":"a","N":"1"}}}"#,
        "ValidationException",
        "Supplied AttributeValue has more than one datatypes set",
    ),
    ("PutItem", r#"{"TableName":7}"#, "SerializationException", ""),
    ("PutItem", "not json", "SerializationException", ""),
    ("MakeCoffee", "{}", "ValidationException", "MakeCoffee"),
];

#[tokio::test]
async fn an_unreadable_request_names_the_exception_that_dynamodb_names() {
    for (operation, body, exception, words) in REFUSED {
        let (got, message) = refusal(operation, body).await;
        assert_eq!(got, exception, "{operation} {body}: {message}");
        assert!(message.contains(words), "{operation} {body}: {message}");
    }
}

#[tokio::test]
async fn no_marker_of_the_engine_reaches_the_caller() {
    for (operation, body, ..) in REFUSED {
        let (_, message) = refusal(operation, body).await;
        assert!(!message.contains("VALIDATION"), "{operation} {body}: {message}");
        assert!(!message.contains("SERIALIZATION"), "{operation} {body}: {message}");
        assert!(!message.contains(" at line "), "{operation} {body}: {message}");
    }
}

#[tokio::test]
async fn a_readable_request_that_is_wrong_names_its_exception() {
    let cases = [
        (
            "GetItem",
            r#"{"TableName":"nothing","Key":{"pk":{"S":"a"}}}"#,
            "ResourceNotFoundException",
        ),
        (
            "PutItem",
            r#"{"TableName":"rows","Item":{"pk":{"S":""},"sk":{"S":"a"}}}"#,
            "ValidationException",
        ),
        ("PutItem", r#"{"TableName":"rows","Item":{"pk":{"S":"a"}}}"#, "ValidationException"),
        (
            "GetItem",
            r#"{"TableName":"rows","Key":{"pk":{"N":"1"},"sk":{"S":"a"}}}"#,
            "ValidationException",
        ),
    ];
    for (operation, body, exception) in cases {
        let (got, message) = refusal(operation, body).await;
        assert_eq!(got, exception, "{operation} {body}: {message}");
    }
}
