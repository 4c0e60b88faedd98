//! The SQLite file: its layout, and the transaction that every operation runs in.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::refusal::Refusal;
use crate::error::EngineError;
use crate::mix::fold;

/// The layout number that is written into the file; raise it with every change of `SCHEMA`.
const LAYOUT: i64 = 1;
/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 64;

/// `message.grp` is empty for a message without a group, which no real group id can be.
///
/// A `lane` is a group that has messages: `ready_ms` is the moment from which a receive may look
/// into it, so that a receive reads as many lanes as it returns messages and never the queue.
const SCHEMA: &str = "
    CREATE TABLE meta (salt INTEGER NOT NULL) STRICT;
    CREATE TABLE queue (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, attributes TEXT NOT NULL,
        created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE message (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, grp TEXT NOT NULL,
        body TEXT NOT NULL, attributes TEXT, trace TEXT, dedup TEXT, source TEXT,
        sent_ms INTEGER NOT NULL, visible_ms INTEGER NOT NULL,
        received INTEGER NOT NULL DEFAULT 0, first_ms INTEGER
    ) STRICT;
    CREATE INDEX message_in_order ON message (queue, grp, seq);
    CREATE INDEX message_by_visibility ON message (queue, grp, visible_ms, seq);
    CREATE INDEX message_received ON message (queue, grp, visible_ms) WHERE received > 0;
    CREATE INDEX message_by_age ON message (queue, sent_ms);
    CREATE TABLE lane (
        queue INTEGER NOT NULL, grp TEXT NOT NULL, ready_ms INTEGER NOT NULL,
        served_ms INTEGER NOT NULL, turn INTEGER NOT NULL, PRIMARY KEY (queue, grp)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX lane_ready ON lane (queue, ready_ms, turn);
    CREATE TABLE dedup (
        queue INTEGER NOT NULL, scope TEXT NOT NULL, id TEXT NOT NULL,
        seq INTEGER NOT NULL, expires_ms INTEGER NOT NULL, PRIMARY KEY (queue, scope, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX dedup_expiry ON dedup (expires_ms);
    CREATE TABLE move_task (
        id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, destination TEXT,
        moved INTEGER NOT NULL, started_ms INTEGER NOT NULL
    ) STRICT;
";

/// The open database and the number that sets its ids apart from those of other databases.
pub(super) struct Store {
    connection: Mutex<Connection>,
    salt: u64,
}

impl Store {
    pub(super) fn open(path: &Path, now_ms: i64) -> Result<Self, EngineError> {
        Self::prepare(Connection::open(path)?, now_ms)
    }

    pub(super) fn memory(now_ms: i64) -> Result<Self, EngineError> {
        Self::prepare(Connection::open_in_memory()?, now_ms)
    }

    fn prepare(mut connection: Connection, now_ms: i64) -> Result<Self, EngineError> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let transaction = connection.transaction()?;
        let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match found {
            0 => {
                transaction.execute_batch(SCHEMA)?;
                transaction.execute("INSERT INTO meta VALUES (?)", [now_ms])?;
                transaction.pragma_update(None, "user_version", LAYOUT)?;
            }
            LAYOUT => {}
            _ => return Err(EngineError::Layout { found, expected: LAYOUT }),
        }
        let salt: i64 = transaction.query_row("SELECT salt FROM meta", [], |row| row.get(0))?;
        transaction.commit()?;
        Ok(Self { connection: Mutex::new(connection), salt: salt.cast_unsigned() })
    }

    /// Runs `work` in one transaction; a refusal rolls back what it wrote.
    pub(super) fn transact<T>(
        &self,
        now_ms: i64,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Refusal>,
    ) -> Result<(T, Vec<String>), Refusal> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut session = Session { transaction, now_ms, salt: self.salt, woken: Vec::new() };
        let outcome = work(&mut session)?;
        session.transaction.commit()?;
        Ok((outcome, session.woken))
    }

    /// A panic in another operation has rolled its transaction back: the connection is sound.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One operation's transaction and the moment at which it happens.
pub(super) struct Session<'a> {
    transaction: Transaction<'a>,
    pub(super) now_ms: i64,
    pub(super) salt: u64,
    /// The names of the queues in which something may have become visible.
    woken: Vec<String>,
}

impl Session<'_> {
    pub(super) fn execute(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<usize, Refusal> {
        Ok(self.transaction.prepare_cached(sql)?.execute(params)?)
    }

    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Refusal> {
        Ok(self.transaction.prepare_cached(sql)?.query_row(params, read).optional()?)
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Refusal> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        let rows = statement.query_map(params, read)?.collect::<rusqlite::Result<Vec<T>>>()?;
        Ok(rows)
    }

    pub(super) fn last_seq(&self) -> i64 {
        self.transaction.last_insert_rowid()
    }

    /// Notes that receivers of the queue should look again once this has happened.
    pub(super) fn wake(&mut self, queue: &str) {
        if !self.woken.iter().any(|name| name == queue) {
            self.woken.push(queue.to_owned());
        }
    }

    /// The public id of a message: as unique as its sequence number, and the same after a restart.
    pub(super) fn message_id(&self, seq: i64) -> String {
        let seq = seq.cast_unsigned();
        let high = fold(&[self.salt, seq, 1]).to_be_bytes();
        let low = fold(&[self.salt, seq, 2]).to_be_bytes();
        let mut bytes = [0_u8; 16];
        bytes[..8].copy_from_slice(&high);
        bytes[8..].copy_from_slice(&low);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}
