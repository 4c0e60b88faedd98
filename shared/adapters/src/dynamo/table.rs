//! The table itself, for the local runtime and the tests; the deployment makes it from its template.

use aiva_core::error::{Error, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

use super::keys::{DUE, EXPIRY, OWED, OWED_INDEX, PARTITION, SORT};
use crate::sdk_error::fault;

/// Makes the table, unless it is there: keys, the sparse index of what is owed, expiry.
///
/// # Errors
/// When the database refuses or cannot be reached.
pub async fn create_table(client: &Client, table: &str) -> Result<()> {
    let attributes = [
        attribute(PARTITION, ScalarAttributeType::S),
        attribute(SORT, ScalarAttributeType::S),
        attribute(OWED, ScalarAttributeType::S),
        attribute(DUE, ScalarAttributeType::N),
    ];
    let request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(all(attributes)?))
        .set_key_schema(Some(schema(PARTITION, SORT)?))
        .global_secondary_indexes(owed_index()?);
    match request.send().await {
        Ok(_) => {}
        Err(error) => match error.as_service_error() {
            // It is there; a crash may have left it without its expiry.
            Some(CreateTableError::ResourceInUseException(_)) => {}
            _ => return Err(fault(error)),
        },
    }
    let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name(EXPIRY).build();
    let expiry = expiry.map_err(Error::internal)?;
    let request = client.update_time_to_live().table_name(table);
    let set = request.time_to_live_specification(expiry).send().await;
    match set {
        Ok(_) => Ok(()),
        // Setting what is set already is refused.
        Err(error) if error.code() == Some("ValidationException") => Ok(()),
        Err(error) => Err(fault(error)),
    }
}

fn owed_index() -> Result<GlobalSecondaryIndex> {
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(OWED_INDEX)
        .set_key_schema(Some(schema(OWED, DUE)?))
        .projection(keys_only);
    index.build().map_err(Error::internal)
}

fn schema(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>> {
    let element =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    all([element(hash, KeyType::Hash), element(range, KeyType::Range)])
}

fn attribute(name: &str, kind: ScalarAttributeType) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
}

fn all<T>(parts: impl IntoIterator<Item = Result<T, BuildError>>) -> Result<Vec<T>> {
    parts.into_iter().collect::<Result<_, _>>().map_err(Error::internal)
}
