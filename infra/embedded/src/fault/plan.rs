//! Which request suffers which fault: a pure function of the seed and the request's turn.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::mix::{fold, fold_text};

/// Rates are counted in thousandths.
const PER_MILLE: u64 = 1000;

/// The count of requests left that is never used up.
const ALIVE: u64 = u64::MAX;

/// A kind of misfortune between a client and its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The request is refused for its rate and not run.
    Throttled,
    /// A transaction or write is refused because another one holds an item; nothing is run.
    TransactionConflict,
    /// A transaction with a token is refused as still running; nothing is run.
    TransactionInProgress,
    /// The request never arrives; the client sees an error or a timeout.
    LostRequest,
    /// The request is run, and the client sees an error or a timeout.
    LostAnswer,
    /// A message to a standard queue is sent twice.
    DuplicateSend,
    /// A message to a standard queue arrives seconds late, behind others.
    DelayedSend,
    /// A deletion of a message is confirmed and not done, so that the message comes again.
    IgnoredDelete,
    /// A list of rows, or rows by key, are read as the transaction before them is half visible: the rows that
    /// it made are missing.
    HalfVisible,
}

impl Fault {
    /// Every fault, in the order in which a plan tries them.
    pub const ALL: [Self; 9] = [
        Self::Throttled,
        Self::TransactionConflict,
        Self::TransactionInProgress,
        Self::LostRequest,
        Self::LostAnswer,
        Self::DuplicateSend,
        Self::DelayedSend,
        Self::IgnoredDelete,
        Self::HalfVisible,
    ];

    /// The fault's place in [`Self::ALL`], which lists the variants as they are declared.
    const fn place(self) -> usize {
        self as usize
    }
}

#[derive(Clone, Debug)]
struct Rule {
    fault: Fault,
    operation: Option<String>,
    per_mille: u16,
}

/// A seeded plan of faults; clones share the switch, the turns and the counts.
///
/// The n-th request of an operation suffers the same fault under the same seed, whatever other
/// operations run in between.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    seed: u64,
    rules: Vec<Rule>,
    longest_delay_s: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    enabled: AtomicBool,
    /// Requests until the process counts as dead; [`ALIVE`] while it is not about to die.
    left: AtomicU64,
    turns: Mutex<BTreeMap<String, u64>>,
    injected: [AtomicU64; Fault::ALL.len()],
    /// The rows that the last transaction made, until somebody has read.
    made: Mutex<Vec<Value>>,
}

impl FaultPlan {
    /// Creates a plan without any fault, switched on.
    pub fn new(seed: u64) -> Self {
        let state = State {
            enabled: AtomicBool::new(true),
            left: AtomicU64::new(ALIVE),
            turns: Mutex::default(),
            injected: Default::default(),
            made: Mutex::default(),
        };
        Self { seed, rules: Vec::new(), longest_delay_s: 5, state: Arc::new(state) }
    }

    /// Creates a plan in which every fault strikes `per_mille` of the requests it can strike.
    pub fn everything(seed: u64, per_mille: u16) -> Self {
        Fault::ALL.iter().fold(Self::new(seed), |plan, fault| plan.with_rate(*fault, per_mille))
    }

    /// Sets how many of a thousand requests suffer `fault`, whatever their operation.
    #[must_use]
    pub fn with_rate(mut self, fault: Fault, per_mille: u16) -> Self {
        self.rules.push(Rule { fault, operation: None, per_mille });
        self
    }

    /// Sets how many of a thousand requests of one operation (`PutItem`) suffer `fault`.
    #[must_use]
    pub fn with_rate_for(mut self, operation: &str, fault: Fault, per_mille: u16) -> Self {
        self.rules.push(Rule { fault, operation: Some(operation.to_owned()), per_mille });
        self
    }

    /// Sets the longest delay of [`Fault::DelayedSend`], in seconds; it is 5 at first.
    #[must_use]
    pub fn with_longest_delay(mut self, seconds: u16) -> Self {
        self.longest_delay_s = seconds.clamp(1, 900);
        self
    }

    /// Switches all faults on or off, for every clone.
    pub fn set_enabled(&self, enabled: bool) {
        self.state.enabled.store(enabled, Ordering::SeqCst);
    }

    /// Says whether faults are switched on.
    pub fn is_enabled(&self) -> bool {
        self.state.enabled.load(Ordering::SeqCst)
    }

    /// Lets the process behind the clients die after `requests` more of them: every later request is
    /// lost, as a crash between two requests looks from outside. [`Self::revive`] starts it again.
    pub fn halt_after(&self, requests: u64) {
        self.state.left.store(requests.min(ALIVE - 1), Ordering::SeqCst);
    }

    /// Starts a halted process again.
    pub fn revive(&self) {
        self.state.left.store(ALIVE, Ordering::SeqCst);
    }

    /// Counts how often `fault` has struck.
    pub fn injected(&self, fault: Fault) -> u64 {
        self.state.injected[fault.place()].load(Ordering::SeqCst)
    }

    /// Counts how often each fault has struck.
    pub fn counts(&self) -> BTreeMap<Fault, u64> {
        Fault::ALL.iter().map(|fault| (*fault, self.injected(*fault))).collect()
    }

    /// Draws the fault of the next request of `operation`, among those that `can_strike`.
    pub(super) fn draw(
        &self,
        operation: &str,
        can_strike: impl Fn(Fault) -> bool,
    ) -> Option<Stroke> {
        if !self.is_enabled() {
            return None;
        }
        if self.is_dead() {
            return Some(Stroke { fault: Fault::LostRequest, detail: 0 });
        }
        let turn = self.next_turn(operation);
        let dice = fold(&[self.seed, fold_text(operation), turn]);
        for fault in Fault::ALL {
            let throw = fold(&[dice, fault.place() as u64]);
            let strikes = throw % PER_MILLE < u64::from(self.rate(operation, fault));
            if strikes && can_strike(fault) {
                self.state.injected[fault.place()].fetch_add(1, Ordering::SeqCst);
                return Some(Stroke { fault, detail: fold(&[throw]) });
            }
        }
        None
    }

    pub(super) const fn longest_delay_s(&self) -> u16 {
        self.longest_delay_s
    }

    /// Notes what the last transaction made, for the next read to miss it.
    pub(super) fn note_made(&self, rows: Vec<Value>) {
        *self.state.made.lock().unwrap_or_else(PoisonError::into_inner) = rows;
    }

    /// Whether a transaction made rows since the last read.
    pub(super) fn has_made(&self) -> bool {
        !self.state.made.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The rows to be missed, once.
    pub(super) fn take_made(&self) -> Vec<Value> {
        std::mem::take(&mut *self.state.made.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses up one of the requests that are left, and says whether none was.
    fn is_dead(&self) -> bool {
        let used =
            self.state.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
                ALIVE => None,
                left => Some(left.saturating_sub(1)),
            });
        used == Ok(0)
    }

    fn next_turn(&self, operation: &str) -> u64 {
        let mut turns = self.state.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(operation.to_owned()).or_default();
        *turn += 1;
        *turn
    }

    /// The rate of a fault: the last rule for the operation, or else the last general one.
    fn rate(&self, operation: &str, fault: Fault) -> u16 {
        let rate = |wanted: Option<&str>| {
            let mut rules = self.rules.iter().rev();
            let rule =
                rules.find(|rule| rule.fault == fault && rule.operation.as_deref() == wanted);
            rule.map(|rule| rule.per_mille)
        };
        rate(Some(operation)).or_else(|| rate(None)).unwrap_or(0)
    }
}

/// One fault that strikes, with a number that decides its details.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) fault: Fault,
    pub(super) detail: u64,
}
