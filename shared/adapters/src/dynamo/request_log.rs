//! The request log.

use aiva_core::error::Result;
use aiva_core::id::WorkspaceId;
use aiva_core::page::{Limit, Page};
use aiva_core::ports::LogStore;
use aiva_core::request_log::{RequestFilter, RequestLogEntry};

use super::DynamoStore;
use super::item::{expiry, from_item, to_item};
use super::keys::{self, EXPIRY};
use super::row::request_log::RequestRow;

/// Days that an entry is kept.
const DAYS: i64 = 30;

impl LogStore for DynamoStore {
    async fn log_request(&self, entry: &RequestLogEntry) -> Result<()> {
        let key = keys::request(entry.key.workspace, entry.id);
        let mut item = to_item(key, &RequestRow::from(entry))?;
        item.insert(EXPIRY.to_owned(), expiry(entry.at, DAYS));
        self.put_row(item).await
    }

    async fn requests(
        &self,
        workspace: WorkspaceId,
        filter: &RequestFilter,
        position: Option<&str>,
        limit: Limit,
    ) -> Result<Page<RequestLogEntry>> {
        let spans = keys::requests(workspace).into_iter();
        let spans: Vec<_> = spans.map(|span| span.between(filter.since, filter.until)).collect();
        let position = position.map(str::to_owned);
        let parse = |item| {
            let entry = RequestLogEntry::try_from(from_item::<RequestRow>(item)?)?;
            Ok(filter.takes(&entry).then_some(entry))
        };
        let (items, next) = self.newest_first(&spans, position, limit.get(), parse).await?;
        Ok(Page { items, next })
    }
}
