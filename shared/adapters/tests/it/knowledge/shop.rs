//! The pages of a small shop.

use aiva_core::knowledge::Document;

use super::document;

pub(crate) fn pages() -> Vec<Document> {
    let page = |number, title, text| {
        let url = format!("https://shop.example/{number}");
        Document { url: Some(url), ..document(number, title, text) }
    };
    vec![
        page(1, "Refund policy", REFUNDS),
        page(2, "Shipping", SHIPPING),
        page(3, "Opening hours and address", HOURS),
        page(4, "Payment", PAYMENT),
        page(5, "Warranty", WARRANTY),
        page(6, "Spare parts", PARTS),
    ]
}

const REFUNDS: &str = "# Refund policy

You can return any unused item within 30 days of delivery for a full refund. The item must be in its \
original packaging. Refunds are paid to the original payment method within 5 working days after the \
parcel reaches our warehouse.

## Who pays for the return

Return shipping is free within Germany. From other countries the customer pays the postage, approx. \
9.90 EUR per parcel.

## What cannot be returned

- Cut fabrics
- Opened cosmetics
- Gift vouchers
";

const SHIPPING: &str = "# Shipping

Orders placed before 2 p.m. leave our warehouse the same day. Delivery within Germany takes 2 to 3 \
working days and costs 4.90 EUR. Orders over 50 EUR are delivered free of charge.

## Abroad

We deliver to:

- Austria: 4 working days, 9.90 EUR
- France: 5 working days, 12.90 EUR
- Switzerland: 6 working days, 19.90 EUR plus customs duties

## Tracking

You receive an e-mail with a tracking number as soon as your parcel is handed to DHL.
";

const HOURS: &str = "# Visit our shop

Our shop is at Mill Lane 4, 50667 Cologne. Parking is free behind the house.

## Opening hours

- Monday to Friday: 9 a.m. to 6 p.m.
- Saturday: 10 a.m. to 2 p.m.
- Sunday: closed
";

const PAYMENT: &str = "# Payment

**Which payment methods do you accept?** We accept credit cards, PayPal and bank transfer.

**Can I pay by invoice?** Companies may pay by invoice within 14 days. Private customers cannot.

**Is my card charged at once?** Your card is charged when the order leaves our warehouse.
";

const WARRANTY: &str = "# Warranty

Every sewing machine has a warranty of 3 years. To make a claim, send us the serial number and a \
photo of the defect. Repairs usually take 10 working days.
";

const PARTS: &str = "# Spare parts

| Part | Number | Price |
|---|---|---|
| Presser foot | SM-1042 | 12.50 EUR |
| Bobbin case | SM-2210 | 24.00 EUR |
| Foot pedal | SM-7735 | 39.00 EUR |
";
