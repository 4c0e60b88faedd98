//! What is refused, and with which error.

use aws_sdk_sqs::types::QueueAttributeName;

use super::{Difference, Peer};

pub(crate) async fn a_missing_queue_has_its_typed_error(peer: Peer) {
    let there = peer.queue("there", &[]).await;
    let url = there.replace("there", "nowhere");
    let send = peer.client.send_message().queue_url(&url).message_body("one").send().await;
    assert!(send.unwrap_err().into_service_error().is_queue_does_not_exist());
    let receive = peer.client.receive_message().queue_url(&url).wait_time_seconds(5).send().await;
    assert!(receive.unwrap_err().into_service_error().is_queue_does_not_exist());
    let find = peer.client.get_queue_url().queue_name("nowhere").send().await;
    assert!(find.unwrap_err().into_service_error().is_queue_does_not_exist());
}

pub(crate) async fn values_beyond_the_limits_are_refused(peer: Peer) {
    let url = peer.queue("limits", &[]).await;
    let send = |body: &str, delay_s: i32| {
        let request = peer.client.send_message().queue_url(&url).message_body(body);
        request.delay_seconds(delay_s).send()
    };
    send(&"x".repeat(1_048_576), 0).await.unwrap();
    let code = |error: aws_sdk_sqs::operation::send_message::SendMessageError| {
        error.meta().code().map(str::to_owned)
    };
    let large = send(&"x".repeat(1_048_577), 0).await.unwrap_err().into_service_error();
    assert_eq!(code(large).as_deref(), Some("InvalidParameterValue"));
    let late = send("late", 901).await.unwrap_err().into_service_error();
    assert_eq!(code(late).as_deref(), Some("InvalidParameterValue"));
    let empty = send("", 0).await;
    if peer.differs(Difference::EmptyBodiesAreTaken) {
        empty.unwrap();
    } else {
        let empty = empty.unwrap_err().into_service_error();
        assert_eq!(code(empty).as_deref(), Some("MissingParameter"));
    }
    let odd = send("a\u{1}b", 0).await;
    if peer.differs(Difference::ControlCharactersAreTaken) {
        odd.unwrap();
    } else {
        let odd = odd.unwrap_err().into_service_error();
        assert!(odd.is_invalid_message_contents(), "{odd:?}");
    }
    let receive = || peer.client.receive_message().queue_url(&url);
    for request in [
        receive().max_number_of_messages(11),
        receive().max_number_of_messages(0),
        receive().wait_time_seconds(21),
        receive().visibility_timeout(43_201),
    ] {
        let error = request.send().await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some("InvalidParameterValue"), "{error:?}");
    }
}

pub(crate) async fn unknown_attributes_are_refused(peer: Peer) {
    let create = |name: &str, attribute: QueueAttributeName, value: &str| {
        peer.client.create_queue().queue_name(name).attributes(attribute, value).send()
    };
    let unknown = QueueAttributeName::from("Colour");
    let created = create("unknown", unknown.clone(), "blue").await;
    if peer.differs(Difference::UnknownAttributesAreKept) {
        created.unwrap();
    } else {
        let error = created.unwrap_err().into_service_error();
        assert!(error.is_invalid_attribute_name(), "{error:?}");
    }
    let created = create("range", QueueAttributeName::VisibilityTimeout, "43201").await;
    if peer.differs(Difference::AttributeRangesAreNotChecked) {
        created.unwrap();
    } else {
        let error = created.unwrap_err().into_service_error();
        assert!(error.is_invalid_attribute_value(), "{error:?}");
    }
    let url = peer.queue("plain", &[]).await;
    let read = peer.client.get_queue_attributes().queue_url(&url).attribute_names(unknown);
    let error = read.send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_attribute_name(), "{error:?}");
    let error = peer.client.create_queue().queue_name("no spaces").send().await.unwrap_err();
    assert_eq!(error.into_service_error().meta().code(), Some("InvalidParameterValue"));
}

pub(crate) async fn a_made_up_receipt_handle_is_refused(peer: Peer) {
    let url = peer.queue("made-up", &[]).await;
    let delete = peer.client.delete_message().queue_url(&url).receipt_handle("made-up");
    let error = delete.send().await.unwrap_err().into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
    let change = peer.client.change_message_visibility().queue_url(&url).visibility_timeout(5);
    let error = change.receipt_handle("made-up").send().await.unwrap_err().into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
}
