//! The mail with the link, in plain words, as text and as HTML.

use crate::identity::EmailAddress;
use crate::ports::Mail;
use crate::text::{Label, escaped};

/// Who writes to whom about what.
pub(super) struct Letter<'a> {
    pub(super) to: &'a EmailAddress,
    pub(super) brand: &'a str,
    pub(super) workspace: &'a Label,
    pub(super) link: &'a str,
    pub(super) valid_seconds: u64,
}

/// Writes the mail.
pub(super) fn write(letter: &Letter<'_>) -> Mail {
    let Letter { to, brand, workspace, link, valid_seconds } = letter;
    let valid = in_words(*valid_seconds);
    let text = format!(
        "Hello,\n\n\
         {workspace} wants to be sure that it is you who is writing to them.\n\n\
         Open this link and press the button on the page:\n\n\
         {link}\n\n\
         The link works once, for {valid}.\n\n\
         If you did not ask for this, ignore this mail. Nothing happens unless the button is \
         pressed, and nobody should ask you to pass the link on.\n\n\
         {brand}\n"
    );
    let (shown, name, sender) = (escaped(link), escaped(workspace.as_str()), escaped(brand));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>Confirm that it is you</title></head><body>\
         <p>Hello,</p>\
         <p>{name} wants to be sure that it is you who is writing to them.</p>\
         <p>Open this link and press the button on the page:</p>\
         <p><a href=\"{shown}\">{shown}</a></p>\
         <p>The link works once, for {valid}.</p>\
         <p>If you did not ask for this, ignore this mail. Nothing happens unless the button is \
         pressed, and nobody should ask you to pass the link on.</p>\
         <p>{sender}</p></body></html>"
    );
    let subject = format!("Confirm that it is you – {workspace}");
    Mail { to: to.as_str().to_owned(), subject, text, html }
}

/// A time in the greatest unit that tells it without a fraction.
fn in_words(seconds: u64) -> String {
    let (number, unit) = match seconds {
        whole if whole % 3_600 == 0 => (whole / 3_600, "hour"),
        whole if whole % 60 == 0 => (whole / 60, "minute"),
        other => (other, "second"),
    };
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_says_who_asks_and_how_long_the_link_works_and_holds_no_foreign_markup() {
        let to = EmailAddress::parse("email", "ada@example.com").unwrap();
        let workspace = Label::parse("name", "<b>Shop & Sons</b>").unwrap();
        let link = "https://aiva.example/verify/abc";
        let letter =
            Letter { to: &to, brand: "Assistify", workspace: &workspace, link, valid_seconds: 900 };
        let mail = write(&letter);
        assert!(mail.text.contains("<b>Shop & Sons</b> wants"), "{}", mail.text);
        assert!(mail.text.contains("\nhttps://aiva.example/verify/abc\n"));
        assert!(mail.text.contains("15 minutes") && mail.text.ends_with("Assistify\n"));
        assert!(mail.html.contains("&lt;b&gt;Shop &amp; Sons&lt;/b&gt;"), "{}", mail.html);
        assert_eq!(mail.to, "ada@example.com");
    }

    #[test]
    fn times_are_told_in_words() {
        let told = [3_600, 900, 60, 90, 1].map(in_words);
        assert_eq!(told, ["1 hour", "15 minutes", "1 minute", "90 seconds", "1 second"]);
    }
}
