//! Conditional writes, alone and in transactions.

use std::collections::HashMap;

use aiva_core::error::{Error, Result};
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as WriteError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValue,
    ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
};

use super::DynamoStore;
use super::backoff::Backoff;
use super::item::{Item, key_item};
use super::keys::Key;
use crate::sdk_error::fault;

/// An expression's text with the names and values it needs. Every attribute is written `#name`, so
/// that no reserved word can be hit, and the names are collected from the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    update: String,
    condition: String,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    /// An update.
    pub(super) fn new(update: impl Into<String>) -> Self {
        Self { update: update.into(), ..Self::default() }
    }

    /// An update that sets each attribute, or removes it where there is no value.
    pub(super) fn assigning(values: impl IntoIterator<Item = Assignment>) -> Self {
        let (mut sets, mut removes) = (Vec::new(), Vec::new());
        let mut bound = HashMap::new();
        for (name, value) in values {
            match value {
                Some(value) => {
                    sets.push(format!("#{name} = :{name}"));
                    bound.insert(format!(":{name}"), value);
                }
                None => removes.push(format!("#{name}")),
            }
        }
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let update = clause("SET", &sets) + &clause("REMOVE", &removes);
        Self { update: update.trim_end().to_owned(), values: bound, ..Self::default() }
    }

    /// Replaces the update's text.
    #[must_use]
    pub(super) fn updating(mut self, update: String) -> Self {
        self.update = update;
        self
    }

    /// A condition alone, for a put or a delete.
    pub(super) fn only_when(condition: impl Into<String>) -> Self {
        Self { condition: condition.into(), ..Self::default() }
    }

    /// Adds a condition.
    #[must_use]
    pub(super) fn when(mut self, condition: impl AsRef<str>) -> Self {
        if !self.condition.is_empty() {
            self.condition.push_str(" AND ");
        }
        self.condition.push_str(condition.as_ref());
        self
    }

    /// Adds the condition that an attribute has this value, or is absent.
    #[must_use]
    pub(super) fn when_is(self, (name, value): Assignment) -> Self {
        match value {
            Some(value) => {
                self.when(format!("#{name} = :was_{name}")).with(&format!("was_{name}"), value)
            }
            None => self.when(format!("attribute_not_exists(#{name})")),
        }
    }

    /// Binds a value, named without its colon.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    fn condition(&self) -> Option<String> {
        (!self.condition.is_empty()).then(|| self.condition.clone())
    }

    fn update(&self) -> Option<String> {
        (!self.update.is_empty()).then(|| self.update.clone())
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        names_in([self.update.as_str(), self.condition.as_str()])
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

/// An attribute and its value, if it is to have one.
pub(super) type Assignment = (&'static str, Option<AttributeValue>);

/// The names that expressions use: `#name` stands for `name`.
pub(super) fn names_in<'a>(
    expressions: impl IntoIterator<Item = &'a str>,
) -> Option<HashMap<String, String>> {
    let mut names = HashMap::new();
    for expression in expressions {
        for part in expression.split('#').skip(1) {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = &part[..end.unwrap_or(part.len())];
            names.insert(format!("#{name}"), name.to_owned());
        }
    }
    (!names.is_empty()).then_some(names)
}

/// What came of a conditional write.
#[derive(Debug)]
pub(super) enum Written {
    /// It is stored; these are the attributes that were asked for.
    Yes(Item),
    /// The condition did not hold; this is the row as it stands, if there is one.
    No(Option<Item>),
}

/// What came of a transaction.
#[derive(Debug)]
pub(super) enum Transacted {
    /// All of it is stored.
    Yes,
    /// Nothing is stored; for each action, whether and how it was refused.
    No(Vec<Refusal>),
}

/// The verdict on one action of a cancelled transaction.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    /// Whether its condition did not hold.
    pub(super) refused: bool,
    /// The row as it stood then, if there was one and it was asked for.
    pub(super) item: Option<Item>,
}

/// Puts a whole row within a transaction.
pub(super) fn put(table: &str, item: Item, change: &Change) -> Result<TransactWriteItem> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .set_condition_expression(change.condition())
        .set_expression_attribute_names(change.names())
        .set_expression_attribute_values(change.values())
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    Ok(TransactWriteItem::builder().put(built(put.build())?).build())
}

/// Updates a row within a transaction.
pub(super) fn update(table: &str, key: Key, change: &Change) -> Result<TransactWriteItem> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key_item(key)))
        .set_update_expression(change.update())
        .set_condition_expression(change.condition())
        .set_expression_attribute_names(change.names())
        .set_expression_attribute_values(change.values())
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    Ok(TransactWriteItem::builder().update(built(update.build())?).build())
}

/// Asks of a row, within a transaction, that a condition holds.
pub(super) fn check(table: &str, key: Key, change: &Change) -> Result<TransactWriteItem> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key_item(key)))
        .set_condition_expression(change.condition())
        .set_expression_attribute_names(change.names())
        .set_expression_attribute_values(change.values());
    Ok(TransactWriteItem::builder().condition_check(built(check.build())?).build())
}

/// Deletes a row within a transaction.
pub(super) fn delete(table: &str, key: Key, change: &Change) -> Result<TransactWriteItem> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key_item(key)))
        .set_condition_expression(change.condition())
        .set_expression_attribute_names(change.names())
        .set_expression_attribute_values(change.values());
    Ok(TransactWriteItem::builder().delete(built(delete.build())?).build())
}

fn built<T>(result: Result<T, BuildError>) -> Result<T> {
    result.map_err(Error::internal)
}

impl DynamoStore {
    /// Updates one row in one request and answers the whole row as it stands then.
    pub(super) async fn update_row(&self, key: Key, change: &Change) -> Result<Written> {
        let mut backoff = Backoff::new(&key.partition);
        loop {
            let request = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key_item(key.clone())))
                .set_update_expression(change.update())
                .set_condition_expression(change.condition())
                .set_expression_attribute_names(change.names())
                .set_expression_attribute_values(change.values())
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(OnFailure::AllOld);
            match request.send().await {
                Ok(output) => return Ok(Written::Yes(output.attributes.unwrap_or_default())),
                Err(error) if is_conflict(&error) && backoff.wait().await => {}
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                        return Ok(Written::No(refused.item.clone()));
                    }
                    _ => return Err(fault(error)),
                },
            }
        }
    }

    /// Puts one whole row; an older row under its key is replaced.
    pub(super) async fn put_row(&self, item: Item) -> Result<()> {
        self.put_row_if(item, &Change::default()).await
    }

    /// Puts one whole row, if the condition holds.
    pub(super) async fn put_row_if(&self, item: Item, change: &Change) -> Result<()> {
        let mut backoff = Backoff::new("put");
        loop {
            let request = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(item.clone()))
                .set_condition_expression(change.condition())
                .set_expression_attribute_names(change.names())
                .set_expression_attribute_values(change.values());
            match request.send().await {
                Ok(_) => return Ok(()),
                Err(error) if is_conflict(&error) && backoff.wait().await => {}
                Err(error) => match error.as_service_error() {
                    Some(PutItemError::ConditionalCheckFailedException(_)) => return Ok(()),
                    _ => return Err(fault(error)),
                },
            }
        }
    }

    /// Deletes one row, if the condition holds.
    pub(super) async fn delete_row(&self, key: Key, change: &Change) -> Result<()> {
        let mut backoff = Backoff::new(&key.partition);
        loop {
            let request = self
                .client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(key_item(key.clone())))
                .set_condition_expression(change.condition())
                .set_expression_attribute_names(change.names())
                .set_expression_attribute_values(change.values());
            match request.send().await {
                Ok(_) => return Ok(()),
                Err(error) if is_conflict(&error) && backoff.wait().await => {}
                Err(error) => match error.as_service_error() {
                    Some(DeleteItemError::ConditionalCheckFailedException(_)) => return Ok(()),
                    _ => return Err(fault(error)),
                },
            }
        }
    }

    /// Runs one transaction. One that only lost a race is tried again, with jitter and within a
    /// deadline; so is one whose first action lost a race while another was refused, because the first
    /// action's verdict outranks the others' and is not known yet.
    ///
    /// `token` names the transaction (1–36 characters): run again with the same content, within ten
    /// minutes, it counts as done. Without one, a try that was lost on the way is covered by the SDK's
    /// own token only.
    pub(super) async fn transact(
        &self,
        token: Option<String>,
        actions: Vec<TransactWriteItem>,
    ) -> Result<Transacted> {
        let mut backoff = Backoff::new(token.as_deref().unwrap_or("transaction"));
        loop {
            let request = self.client.transact_write_items();
            let request = request.set_transact_items(Some(actions.clone()));
            let request = request.set_client_request_token(token.clone());
            let Err(error) = request.send().await else { return Ok(Transacted::Yes) };
            let reasons = match error.as_service_error() {
                Some(WriteError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons.clone().unwrap_or_default()
                }
                Some(WriteError::TransactionInProgressException(_)) => Vec::new(),
                _ => return Err(fault(error)),
            };
            match judge(reasons) {
                Verdict::Refused(refusals) => return Ok(Transacted::No(refusals)),
                Verdict::Raced if backoff.wait().await => {}
                Verdict::Raced => return Err(Error::unavailable(error)),
                Verdict::Broken => return Err(Error::internal(error)),
            }
        }
    }
}

/// Whether a request lost a race against a transaction, so that only trying again helps.
fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(
        error.as_service_error().and_then(ProvideErrorMetadata::code),
        Some(
            "TransactionConflictException"
                | "TransactionInProgressException"
                | "ReplicatedWriteConflictException"
        )
    )
}

enum Verdict {
    Refused(Vec<Refusal>),
    Raced,
    Broken,
}

/// Whether a reason means that another request was in the way, and nothing else.
pub(super) fn is_race(code: &str) -> bool {
    matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
}

fn judge(reasons: Vec<CancellationReason>) -> Verdict {
    let code = |reason: &CancellationReason| reason.code.clone().unwrap_or_default();
    let refused = |reason: &CancellationReason| code(reason) == "ConditionalCheckFailed";
    let first_is_open = reasons.first().is_some_and(|reason| is_race(&code(reason)));
    if reasons.iter().any(refused) && !first_is_open {
        let each = reasons.into_iter().map(|reason| {
            let refused = refused(&reason);
            // An absent row is reported as an empty one.
            let item = reason.item.filter(|item| refused && !item.is_empty());
            Refusal { refused, item }
        });
        return Verdict::Refused(each.collect());
    }
    let known = |code: &str| {
        code.is_empty() || code == "None" || code == "ConditionalCheckFailed" || is_race(code)
    };
    if reasons.iter().all(|reason| known(&code(reason))) { Verdict::Raced } else { Verdict::Broken }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn names_are_collected_from_the_text() {
        let change = Change::new("SET #at = :at, #n=#n + :one").when("#st = :st");
        let names = change.names().unwrap();
        assert_eq!(names.len(), 3);
        assert_eq!(names["#at"], "at");
    }

    #[test]
    fn a_refusal_decides_unless_the_first_verdict_is_still_open() {
        let decided = judge(reasons(&["None", "ConditionalCheckFailed", "TransactionConflict"]));
        assert!(matches!(decided, Verdict::Refused(_)));
        let open = judge(reasons(&["TransactionConflict", "ConditionalCheckFailed"]));
        assert!(matches!(open, Verdict::Raced));
        let raced = judge(reasons(&["None", "TransactionConflict", "ThrottlingError"]));
        assert!(matches!(raced, Verdict::Raced));
        assert!(matches!(judge(reasons(&["None", "ValidationError"])), Verdict::Broken));
    }
}
