//! API keys: admission, and what an operator does with them.

use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::key::{Admission, ApiKey, KeyId, RateWindow, RequestLimits, SecretHash};
use aiva_core::page::{Limit, Page};
use aiva_core::ports::KeyStore;
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{Item, from_item, key_item, key_of, moment, number, number_of, text, to_item};
use super::keys::{self, DUE, Key, OWED};
use super::row::key::{KeyRow, callback_text, hash_text};
use super::write::{Assignment, Change, Written, put};

mod admit;

/// Seconds that a counter of one minute is kept.
const COUNTER_SECONDS: i64 = 600;
const LOST_RACES: usize = 8;

impl KeyStore for DynamoStore {
    async fn admit(&self, key: KeyId, secret: &SecretHash, now: Timestamp) -> Result<Admission> {
        self.admitted(key, secret, now).await
    }

    async fn count_wrong_key(&self, address: &str, now: Timestamp) -> Result<u64> {
        self.count(keys::wrong_keys(address, minute(now)), now).await
    }

    async fn count_operator_request(&self, now: Timestamp) -> Result<u64> {
        self.count(keys::operator_requests(minute(now)), now).await
    }

    async fn create_key(&self, key: &ApiKey, secret: &SecretHash) -> Result<()> {
        let once = Change::only_when("attribute_not_exists(#pk)");
        let row = to_item(keys::api_key(key.id), &KeyRow::new(key, secret)?)?;
        let entry = key_item(keys::key_entry(key.id));
        let actions =
            vec![put(&self.table, row, &once)?, put(&self.table, entry, &Change::default())?];
        // Refused means that it exists.
        self.transact(None, actions).await.map(|_| ())
    }

    async fn key(&self, id: KeyId) -> Result<Option<ApiKey>> {
        let row: Option<KeyRow> = self.parsed_row(keys::api_key(id)).await?;
        row.map(ApiKey::try_from).transpose()
    }

    /// A query of the list, then the rows that it names.
    async fn keys(
        &self,
        workspace: WorkspaceId,
        before: Option<KeyId>,
        limit: Limit,
    ) -> Result<Page<ApiKey>> {
        let position = before.map(|before| before.key.bare());
        let (rows, next) = self.key_rows(workspace, position, limit.get()).await?;
        let items = rows.into_iter().map(|(_, row)| ApiKey::try_from(row));
        Ok(Page { items: items.collect::<Result<_>>()?, next: next.map(|id| id.to_string()) })
    }

    /// Writes what differs and nothing else, so that a change made from an older reading does not undo
    /// a newer one.
    async fn update_key(&self, expected: &ApiKey, key: &ApiKey) -> Result<bool> {
        let changes = differences(expected, key)?;
        if changes.is_empty() {
            return Ok(true);
        }
        let change = Change::assigning(changes)
            .when("attribute_exists(#pk)")
            .when_is(("cb", callback_value(expected)?))
            .when_is(("rv", expected.revoked_at.map(moment)));
        Ok(matches!(self.update_row(keys::api_key(key.id), &change).await?, Written::Yes(_)))
    }

    async fn rotate_secret(
        &self,
        id: KeyId,
        secret: &SecretHash,
        (now, old_until): (Timestamp, Timestamp),
    ) -> Result<Option<Timestamp>> {
        let new = hash_text(secret);
        // Not twice: a rotation that is repeated would push the old secret out.
        let change = Change::new("SET #oh = #h, #ou = :until, #h = :new")
            .when("attribute_exists(#pk) AND #h <> :new")
            .with("until", moment(old_until))
            .with("new", text(new.clone()));
        let change = if old_until > now {
            change.when("(attribute_not_exists(#ou) OR #ou <= :now)").with("now", moment(now))
        } else {
            change
        };
        match self.update_row(keys::api_key(id), &change).await? {
            Written::Yes(_) => Ok(None),
            Written::No(Some(item)) => {
                let row: KeyRow = from_item(item)?;
                let until = row.ou.filter(|_| row.h != new).map(Timestamp::from_millisecond);
                until.transpose().map_err(Error::internal)
            }
            Written::No(None) => Err(Error::NotFound),
        }
    }
}

impl DynamoStore {
    /// Adds one to a counter of a minute and answers how far it has come.
    pub(super) async fn count(&self, key: Key, now: Timestamp) -> Result<u64> {
        let change = Change::new("ADD #c :one SET #ttl = :end")
            .with("one", number(1))
            .with("end", number(now.as_second() + COUNTER_SECONDS));
        match self.update_row(key, &change).await? {
            Written::Yes(item) => {
                let count = number_of(&item, "c").and_then(|count| u64::try_from(count).ok());
                count.ok_or_else(|| Error::internal("a counter that does not count"))
            }
            Written::No(_) => Err(Error::internal("a counter was refused")),
        }
    }

    /// A page of a workspace's keys, newest first, from a position (a bare id).
    async fn key_rows(
        &self,
        workspace: WorkspaceId,
        position: Option<String>,
        limit: usize,
    ) -> Result<(Vec<(KeyId, KeyRow)>, Option<KeyId>)> {
        let spans = [keys::key_entries(workspace)];
        let named = |item: Item| Ok(keys::parse_key_entry(&key_of(&item)?));
        let (ids, next) = self.newest_first(&spans, position, limit, named).await?;
        let next = next.and_then(|_| ids.last().copied());
        let mut rows = self.rows(ids.iter().map(|id| keys::api_key(*id)).collect()).await?;
        let found = ids.into_iter().filter_map(|id| {
            let item = rows.remove(&keys::api_key(id))?;
            Some(from_item(item).map(|row| (id, row)))
        });
        Ok((found.collect::<Result<_>>()?, next))
    }

    /// Brings the limits in force of all keys of a workspace in line with its own. A key made at the
    /// same moment looks at the workspace again when it is stored.
    pub(super) async fn narrow_all_keys(
        &self,
        workspace: WorkspaceId,
        limits: RequestLimits,
    ) -> Result<()> {
        let mut position = None;
        loop {
            let (rows, next) = self.key_rows(workspace, position, 100).await?;
            for (id, row) in rows {
                self.narrow_key(id, row, limits).await?;
            }
            match next {
                Some(id) => position = Some(id.key.bare()),
                None => return Ok(()),
            }
        }
    }

    async fn narrow_key(&self, id: KeyId, row: KeyRow, limits: RequestLimits) -> Result<()> {
        let mut row = row;
        for _ in 0..LOST_RACES {
            let own = row.own_limits();
            let [own_minute, own_day] = limit_values(["om", "od"], own);
            let narrowed = limit_values(["lm", "ld"], own.narrowed_by(limits));
            let change = Change::assigning(narrowed)
                .when("attribute_exists(#pk)")
                .when_is(own_minute)
                .when_is(own_day);
            match self.update_row(keys::api_key(id), &change).await? {
                Written::Yes(_) | Written::No(None) => return Ok(()),
                Written::No(Some(item)) => row = from_item(item)?,
            }
        }
        Err(Error::unavailable("a key's limits are contended"))
    }
}

fn limit_values(names: [&'static str; 2], limits: RequestLimits) -> [Assignment; 2] {
    [(names[0], limits.per_minute.map(number)), (names[1], limits.per_day.map(number))]
}

fn callback_value(key: &ApiKey) -> Result<Option<aws_sdk_dynamodb::types::AttributeValue>> {
    key.callback.as_ref().map(|callback| callback_text(callback).map(text)).transpose()
}

fn differences(before: &ApiKey, after: &ApiKey) -> Result<Vec<Assignment>> {
    let mut changes: Vec<Assignment> = Vec::new();
    if before.name != after.name {
        changes.push(("nm", Some(text(after.name.as_str()))));
    }
    if before.callback != after.callback {
        if callback_value(before)? != callback_value(after)? {
            changes.push(("cb", callback_value(after)?));
        }
        let health = |key: &ApiKey| key.callback.as_ref().map(|callback| callback.health);
        if health(before) != health(after) {
            changes.extend(super::endpoint::health(health(after).as_ref()));
        }
    }
    let tells = |key: &ApiKey| {
        let callback = key.callback.as_ref().filter(|_| key.revoked_at.is_none());
        callback.is_some_and(|callback| !callback.is_enabled())
    };
    if tells(before) && !tells(after) {
        // Nobody is to be told any more.
        changes.extend([(OWED, None), (DUE, None)]);
    }
    if before.own_limits != after.own_limits {
        changes.extend(limit_values(["om", "od"], after.own_limits));
    }
    if before.limits != after.limits {
        changes.extend(limit_values(["lm", "ld"], after.limits));
    }
    if before.revoked_at != after.revoked_at {
        changes.push(("rv", after.revoked_at.map(moment)));
    }
    Ok(changes)
}

/// Minutes since the epoch.
fn minute(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60)
}

/// The windows of a key as its row counts them.
fn windows(row: &KeyRow, (minute, day): (i64, i64)) -> Result<Vec<RateWindow>> {
    let window =
        |limit: Option<u32>, (counted, count): (Option<i64>, u32), at: i64, seconds: i64| {
            limit.map(|limit| {
                let used = if counted == Some(at) { count } else { 0 };
                let resets_at =
                    Timestamp::from_second((at + 1) * seconds).map_err(Error::internal)?;
                Ok(RateWindow { limit, remaining: limit.saturating_sub(used), resets_at })
            })
        };
    let minute = window(row.lm, (row.wm, row.cm), minute, 60);
    let day = window(row.ld, (row.wd, row.cd), day, 86_400);
    minute.into_iter().chain(day).collect()
}
