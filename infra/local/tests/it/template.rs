//! The template against the code that it deploys: what a function does it may do and nothing else, whatever
//! can fail is watched, and the documents name what there is. Each failure names the place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use regex::Regex;

use crate::structure::{files, root};

mod parameters;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The entries of one section of a template, by name: each the lines that stand deeper than its own.
fn section(text: &str, name: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut current = String::new();
    let lines = text.lines().skip_while(|line| *line != format!("{name}:")).skip(1);
    for line in lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#'])) {
        let entry = line.strip_prefix("  ").filter(|line| !line.starts_with([' ', '#']));
        if let Some((name, rest)) = entry.and_then(|line| line.split_once(':')) {
            current = name.to_owned();
            found.insert(current.clone(), rest.to_owned());
        } else if let Some(lines) = found.get_mut(&current) {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    found
}

/// What stands behind a word of an entry, on the same line.
fn value<'a>(entry: &'a str, word: &str) -> Option<&'a str> {
    entry.lines().find_map(|line| line.trim().strip_prefix(word)?.strip_prefix(':').map(str::trim))
}

/// What each function asks of the table, as policies name it. A transaction needs what its parts are.
const ASKED: [(&str, &[&str]); 10] = [
    ("message-submit", &["BatchGetItem", "GetItem", "PutItem", "UpdateItem"]),
    ("conversation-read", &["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
    ("identity-verify", &["DeleteItem", "GetItem", "PutItem", "UpdateItem"]),
    // Only a call of a tool checks a row that it does not write.
    (
        "reply-generate",
        &["BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "Query", "UpdateItem"],
    ),
    ("knowledge-ingest", &["GetItem", "PutItem", "Query", "UpdateItem"]),
    (
        "chat",
        &[
            "BatchGetItem",
            "ConditionCheckItem",
            "DeleteItem",
            "GetItem",
            "PutItem",
            "Query",
            "UpdateItem",
        ],
    ),
    ("callback-deliver", &["GetItem", "UpdateItem"]),
    ("sweep", &["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
    ("knowledge-manage", &["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
    ("admin", &["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
];

#[test]
fn a_role_may_do_with_the_table_what_its_function_does_and_nothing_else() {
    let resources = section(&read("template.yaml"), "Resources");
    let roles = resources.values().filter(|entry| entry.contains("Type: AWS::IAM::Role"));
    let mut seen = BTreeSet::new();
    for role in roles {
        let name = value(role, "- PolicyName").expect("a role has one policy");
        let statement = role.split("- Sid: Store").nth(1).expect("every function has the table");
        let statement = statement.split("Resource:").next().unwrap_or_default();
        let listed = statement.lines().filter_map(|line| line.trim().strip_prefix("- dynamodb:"));
        let asked = ASKED.iter().find(|(function, _)| *function == name);
        assert_eq!(
            Some(listed.collect::<Vec<_>>().as_slice()),
            asked.map(|(_, list)| *list),
            "{name}"
        );
        seen.insert(name);
    }
    assert_eq!(seen.len(), ASKED.len());
}

/// Alarms by what they watch: the metric, and the parameter that names whose it is.
fn alarms() -> BTreeMap<(String, String), String> {
    let resources = section(&read("infra/alarms.yaml"), "Resources").into_values();
    let alarms = resources.map(|entry| {
        let metric = value(&entry, "MetricName").expect("an alarm has a metric").to_owned();
        let named = entry.split("Value: !Ref ").nth(1).expect("a metric is somebody's");
        let of = named.split([' ', '}']).next().unwrap_or_default().to_owned();
        ((metric, of), entry)
    });
    alarms.collect()
}

#[test]
fn every_function_queue_and_front_is_watched_by_alarms_that_can_fire() {
    let template = section(&read("template.yaml"), "Resources");
    let alarms = alarms();
    let mut due = vec![("Invocations", "Sweep"), ("5xx", "ApiId"), ("Url5xxCount", "ChatStream")];
    for (name, entry) in &template {
        if let Some(function) = name.strip_suffix("Function") {
            due.extend([("Errors", function), ("Throttles", function)]);
        } else if entry.contains("Type: AWS::SQS::Queue") && name.ends_with("DeadLetters") {
            due.push(("ApproximateNumberOfMessagesVisible", name));
        } else if entry.contains("Type: AWS::SQS::Queue") {
            due.push(("ApproximateAgeOfOldestMessage", name));
        }
    }
    let watched = |(metric, of): &(&str, &str)| {
        alarms.contains_key(&((*metric).to_owned(), (*of).to_owned()))
    };
    due.retain(|wanted| !watched(wanted));
    assert!(due.is_empty(), "nobody watches {due:?}");

    let dashboard = read("infra/dashboard.yaml");
    for name in
        template.keys().filter(|name| name.ends_with("Queue") || name.ends_with("DeadLetters"))
    {
        assert!(dashboard.contains(&format!("${{{name}}}")), "the dashboard shows no {name}");
    }
    for entry in template.values() {
        let name = value(entry, "FunctionName")
            .and_then(|name| name.strip_prefix("!Sub '${AWS::StackName}"));
        if let Some(name) = name.filter(|_| entry.contains("AWS::Serverless::Function")) {
            let shown = format!("\"${{Prefix}}{}\"", name.trim_end_matches('\''));
            assert!(dashboard.contains(&shown), "the dashboard shows no {shown}");
        }
    }
    // A batch that crashed comes back minutes later: three bad minutes in a row never come.
    for worker in ["ReplyGenerate", "KnowledgeIngest", "CallbackDeliver"] {
        let alarm = &alarms[&("Errors".to_owned(), worker.to_owned())];
        assert_eq!(
            (value(alarm, "Period"), value(alarm, "EvaluationPeriods")),
            (Some("900"), Some("1"))
        );
    }
    let silence = &alarms[&("Invocations".to_owned(), "Sweep".to_owned())];
    assert_eq!(value(silence, "TreatMissingData"), Some("breaching"));
}

#[test]
fn a_queue_hides_its_messages_for_six_times_as_long_as_a_worker_may_take() {
    let resources = section(&read("template.yaml"), "Resources");
    let local = read("infra/local/src/queues.rs");
    let seconds = |entry: &str, word: &str| -> u32 {
        value(entry, word).and_then(|text| text.parse().ok()).expect("a number of seconds")
    };
    let pairs = [
        ("Generation", "ReplyGenerate"),
        ("Delivery", "CallbackDeliver"),
        ("Ingestion", "KnowledgeIngest"),
    ];
    for (queue, function) in pairs {
        let hidden = seconds(&resources[&format!("{queue}Queue")], "VisibilityTimeout");
        let takes = seconds(&resources[&format!("{function}Function")], "Timeout");
        assert_eq!(hidden, 6 * takes, "{queue}");
        let here = if queue == "Delivery" { hidden } else { takes + 10 };
        let wanted = format!("(QueueAttributeName::VisibilityTimeout, \"{here}\")");
        assert!(
            local.contains(&wanted),
            "{queue}: the local runtime has another time than {here} s"
        );
    }
}

#[test]
fn a_restored_table_is_used_by_every_function_and_its_objects_are_still_there() {
    let template = read("template.yaml");
    let lines: Vec<&str> = template.lines().map(str::trim).collect();
    let mut faults = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let own = line.contains("!GetAtt Table.Arn")
            || line.contains("${Table.Arn}")
            || line.contains("!Ref Table");
        let tag = line.contains("!If [UsesRestoredTable, !Ref RestoredTable, !Ref Table]");
        let listed = at >= 2
            && lines[at - 2] == "- UsesRestoredTable"
            && lines[at - 1].contains("table/${RestoredTable}");
        if own && !tag && !listed {
            faults.push(format!("template.yaml:{}: {line}", at + 1));
        }
    }
    assert!(
        faults.is_empty(),
        "the stack's own table, whatever is restored:\n{}",
        faults.join("\n")
    );
    let bucket = &section(&template, "Resources")["Bucket"];
    assert!(bucket.contains("VersioningConfiguration: { Status: Enabled }"));
    let days = bucket.split("NoncurrentDays: ").nth(1).and_then(|rest| rest.split(' ').next());
    let days: u32 = days.and_then(|days| days.parse().ok()).expect("old versions end");
    assert!(days > 35, "a table can be taken back by 35 days, and its objects by {days}");
    let runbook = read("docs/RUNBOOK.md");
    let chapter = runbook.split("## Restore").nth(1).expect("the runbook has a chapter of it");
    let outputs = section(&template, "Outputs");
    let named = chapter.split("$(out ").skip(1).filter_map(|rest| rest.split(')').next());
    for name in named.filter(|name| !name.starts_with('$')) {
        assert!(outputs.contains_key(name), "the runbook asks for an output {name}");
    }
    for queue in ["GenerationQueueUrl", "DeliveryQueueUrl", "IngestionQueueUrl"] {
        assert!(chapter.contains(queue) && outputs.contains_key(queue), "{queue} is not purged");
    }
}

/// What the template alone sets: places in the account, and switches of its own.
const WIRING: [&str; 15] = [
    "AIVA_BUCKET",
    "AIVA_DELIVERY_QUEUE_URL",
    "AIVA_DRIVE_SECRET",
    "AIVA_EMBEDDING_SECRET",
    "AIVA_GENERATION_QUEUE_URL",
    "AIVA_GITHUB_SECRET",
    "AIVA_INGESTION_QUEUE_URL",
    "AIVA_KEYRING_SECRET",
    "AIVA_LOCAL_CALLBACKS",
    "AIVA_MAIL_FROM",
    "AIVA_OPENAI_SECRET",
    "AIVA_OPERATOR_SECRET",
    "AIVA_STREAM_ANSWERS",
    "AIVA_STRIPE_SECRET",
    "AIVA_TABLE",
];

#[test]
fn every_variable_that_is_read_is_told_of() {
    let told = read("README.md") + &read("docs/RUNBOOK.md");
    let template = read("template.yaml");
    let name = Regex::new("\"(AIVA_[A-Z_]+)\"").expect("a pattern");
    let sources = files("shared/kit/src", "rs").into_iter().chain(files("infra/local/src", "rs"));
    let read: BTreeSet<String> = sources
        .flat_map(|(_, text)| {
            let found = name.captures_iter(&text).map(|found| found[1].to_owned());
            found.collect::<Vec<_>>()
        })
        .collect();
    assert!(read.len() > 40, "the variables are not found: {read:?}");
    let whole = |name: &str| Regex::new(&format!("{name}\\b")).expect("a pattern");
    let missing: Vec<_> = read
        .iter()
        .filter(|name| match WIRING.contains(&name.as_str()) {
            true => !template.contains(&format!("{name}:")),
            false => !whole(name).is_match(&told),
        })
        .collect();
    assert!(missing.is_empty(), "README.md and docs/RUNBOOK.md are silent about {missing:?}");
}

#[test]
fn what_is_deployed_is_what_its_section_says_and_what_is_added_to_it() {
    let show = |arguments: &[&str]| {
        let output = Command::new(root().join("infra/ci/sam.py")).args(arguments).output();
        let output = output.expect("python3 is there");
        (output.status.success(), String::from_utf8(output.stdout).expect("text"))
    };
    let (done, prod) = show(&["--show", "prod", "Architecture=x86_64", "Brand=My Shop"]);
    let prod: BTreeSet<&str> = prod.lines().collect();
    let wanted =
        ["Architecture=x86_64", "Brand=My Shop", "DeletionProtection=true", "LogRetentionDays=90"];
    assert_eq!((done, prod), (true, BTreeSet::from(wanted)));
    assert!(!show(&["--show", "nowhere"]).0);
    // Nested stacks and a macro: without both words the first deployment is refused.
    let config = read("samconfig.toml");
    let both = "capabilities = \"CAPABILITY_IAM CAPABILITY_AUTO_EXPAND\"";
    assert_eq!(config.matches("capabilities =").count(), config.matches(both).count());
}
