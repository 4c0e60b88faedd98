//! Operators of workspaces.

use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::key::SecretHash;
use aiva_core::operator::{Operator, OperatorId};
use aiva_core::page::{Limit, Page};
use aiva_core::ports::OperatorStore;
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{from_item, key_of, moment, to_item};
use super::keys;
use super::row::operator::OperatorRow;
use super::write::{Change, Written, put};

impl OperatorStore for DynamoStore {
    async fn create_operator(&self, operator: &Operator, secret: &SecretHash) -> Result<()> {
        let once = Change::only_when("attribute_not_exists(#pk)");
        let row = to_item(keys::operator(operator.id), &OperatorRow::new(operator, secret))?;
        // Refused means that it exists.
        self.transact(None, vec![put(&self.table, row, &once)?]).await.map(|_| ())
    }

    async fn operator(&self, id: OperatorId) -> Result<Option<(Operator, SecretHash)>> {
        let row: Option<OperatorRow> = self.parsed_row(keys::operator(id)).await?;
        let Some(row) = row else { return Ok(None) };
        let hash = row.hash()?;
        Ok(Some((row.named(id)?, hash)))
    }

    async fn operators(
        &self,
        workspace: WorkspaceId,
        position: Option<&str>,
        limit: Limit,
    ) -> Result<Page<Operator>> {
        let spans = [keys::operators(workspace)];
        let parse = |item| {
            let id = keys::parse_operator(&key_of(&item)?);
            let id = id.ok_or_else(|| Error::internal("an operator without an id"))?;
            from_item::<OperatorRow>(item)?.named(id).map(Some)
        };
        let position = position.map(str::to_owned);
        let (items, next) = self.newest_first(&spans, position, limit.get(), parse).await?;
        Ok(Page { items, next })
    }

    async fn revoke_operator(&self, id: OperatorId, now: Timestamp) -> Result<Option<Operator>> {
        let change = Change::new("SET #rv = if_not_exists(#rv, :now)")
            .when("attribute_exists(#pk)")
            .with("now", moment(now));
        match self.update_row(keys::operator(id), &change).await? {
            Written::Yes(item) => from_item::<OperatorRow>(item)?.named(id).map(Some),
            Written::No(_) => Ok(None),
        }
    }

    async fn count_operator_request_of(&self, id: OperatorId, now: Timestamp) -> Result<u64> {
        let minute = now.as_second().div_euclid(60);
        self.count(keys::requests_of_operator(id, minute), now).await
    }
}
