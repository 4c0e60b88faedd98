//! What messages and polls cost in DynamoDB, by the engine's own figures.

use std::time::Instant;

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::Result;
use crate::cost::{Cost, Units};
use crate::report::{Report, Table};
use crate::tenant::unique;
use crate::trace::Trace;
use crate::world::{Life, World, ask, submission};

/// Messages that a conversation has before the measured one.
const LENGTHS: [usize; 3] = [2, 100, 1_000];
/// Sources, and characters of each, of the large knowledge.
const LARGE: (usize, usize) = (100, 20_000);

/// Measures capacity and round trips.
pub(crate) async fn measure(progress: impl Fn(&str)) -> Result<Report> {
    let world = World::new().await?;
    let mut report = Report::default();
    progress("capacity: conversations of several lengths");
    let mut lives = Vec::new();
    for length in LENGTHS {
        let conversation = unique("order-");
        grow(&world, &conversation, length).await?;
        lives.push((
            format!("conversation of {length} messages"),
            both(&world, &conversation).await?,
        ));
    }
    let fresh = steady(&world, None, Some("user-new")).await?;
    submits(&mut report, &lives, &fresh);
    progress("capacity: large knowledge");
    for number in 0..LARGE.0 {
        let text = format!("Chapter {number} of the manual. ").repeat(LARGE.1 / 30);
        world.tenant.teach(&*world.app, &format!("Manual {number}"), &text).await?;
    }
    let conversation = unique("order-");
    let cold = world.life(&conversation, None).await?;
    let large = both(&world, &conversation).await?;
    independent(&mut report, &lives, &large);
    let whole = &lives[1].1.0;
    life_rows(&mut report, whole);
    let poll = polls(&world, &mut report, &conversation).await?;
    progress("capacity: round trips");
    rounds(&world, &mut report).await?;
    report.tables.push(spending(whole, &poll));
    report.tables.push(scenarios(&lives, &large, &cold, &fresh));
    Ok(report)
}

/// The life of a message with and without an end user's name.
type Lives = (Life, Life);

async fn both(world: &World, conversation: &str) -> Result<Lives> {
    let named = steady(world, Some(conversation), Some("user-7")).await?;
    let anonymous = steady(world, Some(conversation), None).await?;
    Ok((named, anonymous))
}

/// The cheapest of three lives: the first request of a minute also opens the key's window.
async fn steady(world: &World, conversation: Option<&str>, user: Option<&str>) -> Result<Life> {
    let mut lives = Vec::new();
    for _ in 0..3 {
        let fresh = unique("order-");
        lives.push(world.life(conversation.unwrap_or(&fresh), user).await?);
    }
    let cheapest = lives.into_iter().min_by_key(|life| life.submit.total().requests);
    Ok(cheapest.ok_or("no life was measured")?)
}

/// Fills a conversation up to a number of messages.
async fn grow(world: &World, conversation: &str, messages: usize) -> Result<()> {
    for _ in 0..messages / 2 {
        world.submit(&world.silent, conversation, Some("user-7")).await?;
        world.generate().await?;
    }
    Ok(())
}

fn submits(report: &mut Report, lives: &[(String, Lives)], fresh: &Life) {
    const BUDGET: &str = "≤ 14 WCU";
    let (named, anonymous) = &lives[0].1;
    let of = |life: &Life| life.submit.total();
    for (what, units) in [
        ("submit, 300 bytes, existing conversation, with `externalUserId`", of(named)),
        ("submit, 300 bytes, existing conversation, without", of(anonymous)),
        ("submit, 300 bytes, first of a conversation, with `externalUserId`", of(fresh)),
    ] {
        let measured = format!("{} WCU, {} RCU", units.writes(), units.reads());
        report.row(what, BUDGET, measured, units.writes_at_most(14));
    }
}

fn independent(report: &mut Report, lives: &[(String, Lives)], large: &Lives) {
    let submit = |lives: &Lives| (lives.0.submit.total(), lives.1.submit.total());
    let all: Vec<(Units, Units)> =
        lives.iter().map(|(_, lives)| submit(lives)).chain([submit(large)]).collect();
    let same = all.windows(2).all(|pair| pair[0] == pair[1]);
    let writes: Vec<String> = all.iter().map(|(named, _)| named.writes()).collect();
    report.row(
        "submit, by conversation length (2, 100, 1,000) and with large knowledge",
        "the same",
        format!("{} WCU", writes.join(", ")),
        same,
    );
}

fn whole(life: &Life) -> Units {
    life.submit.total() + life.generate.total() + life.deliver.total()
}

fn life_rows(report: &mut Report, life: &Life) {
    let units = whole(life);
    let what = "whole life of that message (conversation of 100, `externalUserId`, callback)";
    report.row(what, "≤ 36 WCU", format!("{} WCU", units.writes()), units.writes_at_most(36));
    report.row(what, "≤ 14 RCU", format!("{} RCU", units.reads()), units.reads_at_most(14));
}

/// A poll that has seen everything.
async fn polls(world: &World, report: &mut Report, conversation: &str) -> Result<Cost> {
    let poll = |etag: Option<&str>| {
        let path = format!("/api/v1/conversations/{conversation}?after=2");
        let token = format!("Bearer {}", world.silent.token);
        let request = Request::get(path).header("authorization", token);
        let request = etag.into_iter().fold(request, |one, tag| one.header("if-none-match", tag));
        request.body(Body::empty())
    };
    let first = world.call(poll(None)?).await?;
    let etag = first.headers.get("etag").ok_or("a poll without a tag")?.to_str()?.to_owned();
    let mut cheapest: Option<(Cost, StatusCode)> = None;
    for _ in 0..3 {
        world.recorder.take();
        let answer = world.call(poll(Some(&etag))?).await?;
        let cost = Cost::taken(&world.recorder);
        let known = cheapest.as_ref().map(|(known, _)| known.total().requests);
        if known.is_none_or(|known| cost.total().requests < known) {
            cheapest = Some((cost, answer.status));
        }
    }
    let (cost, status) = cheapest.ok_or("no poll was measured")?;
    let reads: Units = ["GetItem", "Query", "BatchGetItem", "TransactGetItems", "Scan"]
        .iter()
        .filter_map(|name| cost.0.get(*name).copied())
        .fold(Units::default(), |sum, units| sum + units);
    let is_met =
        status == StatusCode::NOT_MODIFIED && reads.requests == 1 && reads.reads_at_most(1);
    report.row(
        "poll with nothing new",
        "1 read ≤ 1 RCU after auth, 304",
        format!("{} read, {} RCU, {}", reads.requests, reads.reads(), status.as_u16()),
        is_met,
    );
    Ok(cost)
}

/// Counts the requests that wait for each other, with every one of them slowed down.
async fn rounds(world: &World, report: &mut Report) -> Result<()> {
    let (dynamo, sqs) = (Trace::default(), Trace::default());
    let slow_dynamo = world.dynamo.client().config().to_builder();
    let slow_dynamo = slow_dynamo.http_client(dynamo.around(world.dynamo.clone())).build();
    let slow_sqs = world.sqs.client().config().to_builder();
    let slow_sqs = slow_sqs.http_client(sqs.around(world.sqs.clone())).build();
    let router = world.beside(
        aws_sdk_dynamodb::Client::from_conf(slow_dynamo),
        aws_sdk_sqs::Client::from_conf(slow_sqs),
    )?;
    let conversation = unique("order-");
    let mut fewest: Option<(usize, usize)> = None;
    for _ in 0..4 {
        dynamo.clear();
        sqs.clear();
        let answer =
            ask(&router, submission(&world.silent, &conversation, Some("user-7"))?).await?;
        let answered = Instant::now();
        if answer.status != StatusCode::ACCEPTED {
            return Err(format!("a submit was answered {}", answer.status).into());
        }
        let counted = (dynamo.rounds(answered), sqs.rounds(answered));
        fewest = Some(fewest.map_or(counted, |known| known.min(counted)));
    }
    let (rounds, sends) = fewest.ok_or("no submit was traced")?;
    report.row(
        "submit, round trips one after another on the warm path",
        "2 DynamoDB + 1 SQS",
        format!("{rounds} DynamoDB + {sends} SQS"),
        rounds <= 2 && sends <= 1,
    );
    Ok(())
}

fn spending(life: &Life, poll: &Cost) -> Table {
    let steps = [
        ("submit", &life.submit),
        ("generate", &life.generate),
        ("deliver", &life.deliver),
        ("poll, 304", poll),
    ];
    let rows = steps.into_iter().flat_map(|(step, cost)| {
        cost.0.iter().map(move |(operation, units)| {
            let (reads, writes) = (units.reads(), units.writes());
            vec![
                step.to_owned(),
                format!("`{operation}`"),
                units.requests.to_string(),
                writes,
                reads,
            ]
        })
    });
    Table {
        title: "Who spends what",
        method: "The same message as above, by step and operation. `UpdateItem` of a submit or a poll \
            is the key's check and count; `PutItem` behind them is the request log.",
        head: vec!["step", "operation", "requests", "WCU", "RCU"],
        rows: rows.collect(),
    }
}

fn scenarios(lives: &[(String, Lives)], large: &Lives, cold: &Life, fresh: &Life) -> Table {
    let named = |(name, (named, anonymous)): (&str, &Lives)| {
        [
            (format!("{name}, `externalUserId`"), named.clone()),
            (format!("{name}, anonymous"), anonymous.clone()),
        ]
    };
    let lengths = lives.iter().map(|(name, lives)| (name.as_str(), lives));
    let mut all = vec![("first message, `externalUserId`".to_owned(), fresh.clone())];
    all.extend(lengths.chain([("large knowledge", large)]).flat_map(named));
    all.push(("large knowledge, index not built yet, anonymous".to_owned(), cold.clone()));
    let rows = all.into_iter().map(|(name, life)| {
        let steps = [&life.submit, &life.generate, &life.deliver].map(Cost::total);
        let shown = steps.map(|units| format!("{} / {}", units.writes(), units.reads()));
        let total = whole(&life);
        let mut row = vec![name];
        row.extend(shown);
        row.push(format!("{} / {}", total.writes(), total.reads()));
        row
    });
    Table {
        title: "The life of a message, by circumstances",
        method: "WCU / RCU. Figures are the consumed capacity that the embedded engine reports for \
            each request, retries and index writes included; a conditional write that is refused \
            costs on AWS and reports nothing. Large knowledge is 100 sources of 20,000 characters; \
            the reply's process reads it once for each version and keeps its index.",
        head: vec!["circumstances", "submit", "generate", "deliver", "together"],
        rows: rows.collect(),
    }
}
