//! What a notice says, in plain words, as text and as HTML.

use super::NoticeWhat;
use crate::money::MicroCredits;
use crate::ports::Mail;
use crate::text::escaped;
use crate::workspace::Workspace;

/// Writes the mail of a notice.
pub(super) fn write(brand: &str, workspace: &Workspace, what: &NoticeWhat) -> Mail {
    let name = workspace.name.as_str();
    let (subject, lines) = words(name, what);
    let text = format!("Hello,\n\n{}\n\n{brand}\n", lines.join("\n\n"));
    let paragraphs: String = lines.iter().map(|line| format!("<p>{}</p>", escaped(line))).collect();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\
         <body><p>Hello,</p>{paragraphs}<p>{}</p></body></html>",
        escaped(&subject),
        escaped(brand)
    );
    Mail { to: workspace.email.clone(), subject, text, html }
}

/// The subject and the paragraphs.
fn words(name: &str, what: &NoticeWhat) -> (String, Vec<String>) {
    match what {
        NoticeWhat::Approved { credit } => {
            let mut lines = vec![format!("Your workspace {name} is approved and active.")];
            if *credit > MicroCredits::ZERO {
                lines.push(format!(
                    "It starts with {} credits, so that you can make your first calls at once.",
                    credits(*credit)
                ));
            }
            lines.push("Next, make an API key and send a first message.".to_owned());
            (format!("{name} is approved"), lines)
        }
        NoticeWhat::LowBalance { available, threshold } => (
            format!("{name} is running low on credits"),
            vec![
                format!(
                    "The wallet of {name} has {} credits left, under the {} at which you wanted to \
                     be told.",
                    credits(*available),
                    credits(*threshold)
                ),
                "Messages are refused when the wallet cannot pay for a reply. Top it up, or switch \
                 on auto-recharge. You are told again only after it has been topped up."
                    .to_owned(),
            ],
        ),
        NoticeWhat::RechargeMaximum { maximum } => (
            format!("{name} is not recharged any more this month"),
            vec![
                format!(
                    "Auto-recharge has reached the maximum of {} credits that you set for a month.",
                    credits(*maximum)
                ),
                "Raise the maximum or top the wallet up; messages are refused when it cannot pay for \
                 a reply."
                    .to_owned(),
            ],
        ),
        NoticeWhat::PaymentRequested { payment, amount } => (
            format!("A payment for {name} is waiting"),
            vec![
                format!(
                    "Auto-recharge asks for a payment of {} credits for {name}.",
                    credits(*amount)
                ),
                format!("Quote {payment} when you pay. The credit arrives when it is confirmed."),
            ],
        ),
        NoticeWhat::PaymentFailed { payment, amount, reason } => (
            format!("A payment for {name} failed"),
            vec![
                format!(
                    "The payment {payment} of {} credits for {name} failed: {reason}.",
                    credits(*amount)
                ),
                "Nothing was credited. Check the payment method; auto-recharge tries again when the \
                 settings are saved or the wallet is topped up and falls under the threshold."
                    .to_owned(),
            ],
        ),
    }
}

/// An amount in credits, with as many places as it needs.
fn credits(amount: MicroCredits) -> String {
    let (sign, micro) =
        if amount.0 < 0 { ("-", amount.0.unsigned_abs()) } else { ("", amount.0.unsigned_abs()) };
    let (whole, part) = (micro / 1_000_000, micro % 1_000_000);
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let places = format!("{part:06}");
    format!("{sign}{whole}.{}", places.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_written_without_needless_places() {
        let written = [0, 1, 1_000_000, 2_500_000, -40].map(|micro| credits(MicroCredits(micro)));
        assert_eq!(written, ["0", "0.000001", "1", "2.5", "-0.00004"]);
    }

    #[test]
    fn nothing_in_a_name_or_a_reason_becomes_markup_and_every_notice_says_what_to_do() {
        let one = MicroCredits(1);
        let payment = "pay_1".to_owned();
        for what in [
            NoticeWhat::Approved { credit: one },
            NoticeWhat::LowBalance { available: one, threshold: one },
            NoticeWhat::RechargeMaximum { maximum: one },
            NoticeWhat::PaymentRequested { payment: payment.clone(), amount: one },
            NoticeWhat::PaymentFailed { payment, amount: one, reason: "<i>no</i>".to_owned() },
        ] {
            let workspace = Workspace { name: label("<b>Shop</b>"), ..sample() };
            let mail = write("Assistify", &workspace, &what);
            assert!(!mail.html.contains("<b>") && !mail.html.contains("<i>"), "{}", mail.html);
            assert!(mail.subject.contains("<b>Shop</b>") && mail.text.lines().count() > 5);
            assert_eq!(mail.to, "owner@example.com");
        }
    }

    fn label(text: &str) -> crate::text::Label {
        crate::text::Label::parse("name", text).unwrap()
    }

    fn sample() -> Workspace {
        use crate::workspace::{AccessRequest, Plan, WorkspaceLimits, WorkspaceStatus};
        Workspace {
            id: crate::id::WorkspaceId::from_uuid(uuid::Uuid::nil()),
            name: label("Shop"),
            email: "owner@example.com".to_owned(),
            status: WorkspaceStatus::Active,
            plan: Plan::Free,
            limits: WorkspaceLimits::default(),
            rates: crate::money::Rates::default(),
            wallet_shards: 4,
            reopen_on_message: true,
            request: AccessRequest::default(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }
}
