//! The smallest function that does something: one conditional put for each request.

use aiva_kit::{aws, config};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::S;
use lambda_http::{Error, Request, RequestExt, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().init();
    let client = Client::new(&aws::sdk_config()?);
    let table = config::variable("AIVA_TABLE").unwrap_or_default();
    let (client, table) = (&client, &table);
    let absent = client.get_item().table_name(table);
    let absent = absent.key("pk", S("hello".to_owned())).key("sk", S("warm".to_owned()));
    aws::warm(async { drop(absent.send().await) }).await;
    run(service_fn(|request: Request| async move {
        let put = client.put_item().table_name(table).item("pk", S("hello".to_owned()));
        let put = put.item("sk", S(request.lambda_context().request_id));
        put.condition_expression("attribute_not_exists(pk)").send().await?;
        Ok::<_, Error>("put")
    }))
    .await
}
