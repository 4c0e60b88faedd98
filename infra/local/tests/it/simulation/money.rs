//! Money that comes in by itself: a provider that forgets to answer, and rules that ask it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aiva_core::app::App;
use aiva_core::error::{Error, Result};
use aiva_core::money::MicroCredits;
use aiva_core::page::Limit;
use aiva_core::payment::{
    Collected, PaymentMethod, PaymentOrder, PaymentSettings, PaymentStatus, Provider,
};
use aiva_core::ports::{BillingStore, Payments};
use aiva_core::recharge::{self, RechargeRules};
use aiva_core::wallet::{LedgerEntry, LedgerKind};
use aiva_core::workspace::{Plan, Workspace};

use super::world::{Dice, SimPorts, World};

/// A provider that decides each payment once, by its id, and may lose the answer.
pub(super) struct SimBank {
    dice: Dice,
    pub(super) healthy: Mutex<bool>,
    /// Whether the money of a payment was taken.
    taken: Mutex<BTreeMap<String, bool>>,
}

impl SimBank {
    pub(super) fn new(dice: Dice) -> Self {
        Self { dice, healthy: Mutex::new(false), taken: Mutex::default() }
    }
}

impl Payments for SimBank {
    async fn collect(&self, order: &PaymentOrder) -> Result<Collected> {
        let healthy = *self.healthy.lock().expect("no panic holds the bank");
        if !healthy && self.dice.chance(15) {
            return Err(Error::unavailable("the bank is away"));
        }
        let id = order.payment.id.to_string();
        let taken = *self
            .taken
            .lock()
            .expect("no panic holds the bank")
            .entry(id.clone())
            .or_insert_with(|| self.dice.chance(75));
        let reference = format!("pi_{id}");
        if !healthy && self.dice.chance(25) {
            return Err(Error::unavailable("the bank's answer was lost"));
        }
        if !healthy && self.dice.chance(25) {
            return Ok(Collected::Pending { reference });
        }
        Ok(if taken {
            Collected::Succeeded { reference }
        } else {
            Collected::Failed { reference: Some(reference), reason: "declined".to_owned() }
        })
    }
}

/// A plan that brings credit, now and then.
pub(super) fn plan(dice: &Dice) -> Plan {
    if dice.chance(20) { Plan::Starter } else { Plan::Enterprise }
}

/// Payments from a method on file.
pub(super) fn collected_by_stripe() -> PaymentSettings {
    PaymentSettings { provider: Provider::Stripe, ..PaymentSettings::default() }
}

/// Recharges two worst cases under one, at most six a month.
pub(super) async fn set_rules(app: &App<SimPorts>, workspace: &Workspace, worst: MicroCredits) {
    let method = PaymentMethod { customer: "cus_sim".to_owned(), method: "pm_sim".to_owned() };
    recharge::set_method(app, workspace.id, method).await.expect("a calm store takes it");
    let rules = RechargeRules::parse(true, worst.0, 2 * worst.0, 6 * worst.0).expect("rules");
    recharge::set_rules(app, workspace.id, rules).await.expect("a calm store takes them");
    let threshold = Some(2 * worst.0);
    recharge::set_low_balance(app, workspace.id, threshold).await.expect("a calm store takes it");
}

/// Every payment that the bank took is in the ledger once, no other is, and a month's plan came once.
pub(super) async fn came_in_once(world: &World, ledger: &[LedgerEntry]) {
    let store = &world.truth.store;
    let page = store.payments(world.workspace.id, None, Limit::of(200)).await;
    let payments = page.expect("payments are readable").items;
    let taken = world.bank.taken.lock().expect("no panic holds the bank");
    for payment in &payments {
        let status = match taken.get(&payment.id.to_string()) {
            Some(true) => PaymentStatus::Succeeded,
            Some(false) => PaymentStatus::Failed,
            None => panic!("a payment was never asked for: {payment:?}"),
        };
        assert_eq!(payment.status, status, "{payment:?}");
    }
    let of = |kind| ledger.iter().filter(move |entry| entry.kind == kind);
    let recharged: MicroCredits = of(LedgerKind::AutoRecharge).map(|entry| entry.amount).sum();
    let paid = payments.iter().filter(|payment| payment.status == PaymentStatus::Succeeded);
    assert_eq!(recharged, paid.clone().map(|payment| payment.amount).sum(), "paid is not credited");
    assert_eq!(of(LedgerKind::AutoRecharge).count(), paid.count());
    let most = 6 * world.worst_case.0;
    assert!(recharged.0 <= most, "more than the month's maximum was taken");
    let granted = of(LedgerKind::PlanCredit).count();
    let due = usize::from(world.workspace.plan.terms().monthly_credit > MicroCredits::ZERO);
    assert_eq!(granted, due, "the plan's credit of the month");
}
