//! What follows from how much is available: decided here, without the outside.

use jiff::Timestamp;

use super::{Recharge, RechargeRules};
use crate::id::PaymentId;
use crate::money::MicroCredits;
use crate::notice::{Notice, NoticeWhat};
use crate::payment::{Payment, PaymentSettings, PaymentStatus, Provider};
use crate::time;

/// What a look at a wallet comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The row with its new state.
    pub after: Recharge,
    /// A payment to start.
    pub payment: Option<Payment>,
    /// Mails to send.
    pub notices: Vec<Notice>,
}

/// Judges a wallet by its rules. `id` names the payment, if one is started.
pub fn judge(
    recharge: &Recharge,
    available: MicroCredits,
    settings: &PaymentSettings,
    (now, id): (Timestamp, PaymentId),
) -> Verdict {
    let mut after = recharge.clone();
    let mut notices = Vec::new();
    let state = &mut after.state;
    state.idle = if state.seen == Some(available) { state.idle.saturating_add(1) } else { 0 };
    state.seen = Some(available);
    if state.month != time::month(now) {
        state.month = time::month(now);
        state.started = MicroCredits::ZERO;
        state.taken_off.clear();
    }
    notices.extend(low_balance(&mut after, available, now));
    let rules = recharge.rules.filter(|rules| rules.enabled);
    let (payment, notice) = match rules {
        Some(rules) => start(&mut after, (rules, available), settings, (now, id)),
        None => (None, None),
    };
    notices.extend(notice);
    if let Some(payment) = payment.as_ref().filter(|payment| payment.provider == Provider::Manual) {
        let what = NoticeWhat::PaymentRequested {
            payment: payment.id.to_string(),
            amount: payment.amount,
        };
        notices.push(notice_of(&after, format!("payment:{}", payment.id.bare()), what, now));
    }
    Verdict { after, payment, notices }
}

/// Tells the owner once for each time that credit runs low.
fn low_balance(after: &mut Recharge, available: MicroCredits, now: Timestamp) -> Option<Notice> {
    let threshold = after.low_balance?;
    if available >= threshold {
        after.state.told = false;
        return None;
    }
    if after.state.told {
        return None;
    }
    after.state.told = true;
    after.state.crossings = after.state.crossings.saturating_add(1);
    let name = format!("low-balance:{}", after.state.crossings);
    Some(notice_of(after, name, NoticeWhat::LowBalance { available, threshold }, now))
}

fn start(
    after: &mut Recharge,
    (rules, available): (RechargeRules, MicroCredits),
    settings: &PaymentSettings,
    (now, id): (Timestamp, PaymentId),
) -> (Option<Payment>, Option<Notice>) {
    if available >= rules.threshold {
        after.state.failed = false;
        return (None, None);
    }
    if after.state.open.is_some() || after.state.failed {
        return (None, None);
    }
    let month = after.state.month;
    let started = after.state.started.saturating_add(rules.amount);
    if started > rules.monthly_maximum {
        if after.state.maximum_told == month {
            return (None, None);
        }
        after.state.maximum_told = month;
        let what = NoticeWhat::RechargeMaximum { maximum: rules.monthly_maximum };
        return (None, Some(notice_of(after, format!("recharge-maximum:{month}"), what, now)));
    }
    after.state.open = Some(id);
    after.state.started = started;
    let payment = Payment {
        id,
        workspace: after.workspace,
        amount: rules.amount,
        price: settings.price(rules.amount),
        provider: settings.provider,
        status: PaymentStatus::Pending,
        reference: None,
        reason: None,
        month,
        tries: 0,
        created_at: now,
        decided_at: None,
    };
    (Some(payment), None)
}

fn notice_of(after: &Recharge, name: String, what: NoticeWhat, now: Timestamp) -> Notice {
    Notice { workspace: after.workspace, name, what, created_at: now }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::WorkspaceId;

    fn now() -> Timestamp {
        "2026-07-02T10:30:00Z".parse().unwrap()
    }

    fn id(number: u128) -> PaymentId {
        PaymentId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn watched() -> Recharge {
        let rules = RechargeRules::parse(true, 100, 500, 1_000).unwrap();
        let workspace = WorkspaceId::from_uuid(uuid::Uuid::nil());
        let low_balance = Some(MicroCredits(50));
        Recharge { rules: Some(rules), low_balance, ..Recharge::none(workspace) }
    }

    fn look(recharge: &Recharge, available: i64, number: u128) -> Verdict {
        let settings = PaymentSettings::default();
        judge(recharge, MicroCredits(available), &settings, (now(), id(number)))
    }

    #[test]
    fn one_payment_is_on_its_way_at_a_time_and_the_month_has_its_maximum() {
        let first = look(&watched(), 99, 1);
        let payment = first.payment.unwrap();
        assert_eq!((payment.amount.0, payment.month), (500, 202_607));
        assert_eq!(first.after.state.open, Some(id(1)));
        assert!(look(&first.after, 10, 2).payment.is_none(), "a second payment beside the first");
        let mut ended = first.after;
        ended.state.open = None;
        let second = look(&ended, 99, 2);
        assert!(second.payment.is_some());
        let mut ended = second.after;
        ended.state.open = None;
        let third = look(&ended, 99, 3);
        assert!(third.payment.is_none(), "beyond the month's maximum");
        assert_eq!(third.notices.len(), 1);
        assert!(look(&third.after, 99, 4).notices.is_empty(), "told once a month");
        let august = "2026-08-01T00:00:00Z".parse().unwrap();
        let settings = PaymentSettings::default();
        let next = judge(&third.after, MicroCredits(99), &settings, (august, id(5)));
        assert!(next.payment.is_some());
    }

    #[test]
    fn after_a_failure_nothing_is_started_until_the_wallet_was_above_the_threshold() {
        let mut failed = watched();
        failed.state.failed = true;
        assert!(look(&failed, 10, 1).payment.is_none());
        let above = look(&failed, 100, 1).after;
        assert!(look(&above, 99, 1).payment.is_some());
    }

    #[test]
    fn low_balance_is_told_once_for_each_crossing_under_a_name_of_its_own() {
        let names = |verdict: &Verdict| {
            let low = |notice: &&Notice| notice.name.starts_with("low");
            verdict.notices.iter().filter(low).map(|notice| notice.name.clone()).collect::<Vec<_>>()
        };
        let first = look(&watched(), 49, 1);
        assert_eq!(names(&first), ["low-balance:1"]);
        assert!(names(&look(&first.after, 10, 2)).is_empty());
        let topped_up = look(&first.after, 50, 2).after;
        assert_eq!(names(&look(&topped_up, 49, 2)), ["low-balance:2"]);
    }

    #[test]
    fn nothing_is_started_above_the_threshold_or_without_the_rule() {
        assert!(look(&watched(), 100, 1).payment.is_none());
        let mut off = watched();
        off.rules = off.rules.map(|rules| RechargeRules { enabled: false, ..rules });
        assert!(look(&off, 1, 1).payment.is_none());
    }
}
