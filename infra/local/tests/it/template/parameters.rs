//! What a parameter lets through can be read.

use aiva_kit::config::Config;
use aiva_kit::telemetry;
use regex::Regex;

use super::{read, section, value};

/// One parameter, the variable that it becomes, values that must go through, and values that must not.
struct Bounds {
    parameter: &'static str,
    variable: &'static str,
    taken: &'static [&'static str],
    refused: &'static [&'static str],
}

const BOUNDS: [Bounds; 8] = [
    Bounds {
        parameter: "CallbackPorts",
        variable: "AIVA_CALLBACK_PORTS",
        taken: &["1", "443,8443", "9999,10000,59999,60000,64999,65000,65499,65500,65529,65535"],
        refused: &[
            "",
            "0",
            "65536",
            "70000",
            "99999",
            "443,0",
            "443,",
            "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
        ],
    },
    Bounds {
        parameter: "CallbackRetrySeconds",
        variable: "AIVA_CALLBACK_RETRY_SECONDS",
        taken: &["0", "5,30,120", "99999,100000,599999,600000,603999,604000,604799,604800"],
        refused: &["", "604801", "604900", "605000", "610000", "999999", "5,x", "5,", "-1"],
    },
    Bounds {
        parameter: "EmbeddingDimensions",
        variable: "AIVA_EMBEDDING_DIMENSIONS",
        taken: &["", "1", "512", "999", "1000", "3999", "4000", "4089", "4090", "4096"],
        refused: &["0", "4097", "4100", "5000", "9999", "many"],
    },
    Bounds {
        parameter: "LogLevel",
        variable: "AIVA_LOG",
        taken: &[
            "info",
            "off",
            "warn,aiva_core=debug",
            "info,aiva_core::outbox::sweep=trace,h2=off",
        ],
        refused: &[
            "",
            "loud",
            "x=loud",
            "info,",
            "x=",
            "=info",
            "a:=info",
            "[span]=info",
            "info,x=loud",
        ],
    },
    Bounds {
        parameter: "OpenAiBaseUrl",
        variable: "AIVA_OPENAI_BASE_URL",
        taken: &[
            "https://api.openai.com/v1",
            "https://llm.example:8443/a/b-c_d/v1",
            "https://10.0.0.1:1",
        ],
        refused: &[
            "",
            "http://api.openai.com",
            "https://",
            "https://[",
            "https://a b",
            "https://a:0/",
            "https://a:99999/",
        ],
    },
    Bounds {
        parameter: "EmbeddingBaseUrl",
        variable: "AIVA_EMBEDDING_BASE_URL",
        taken: &["https://api.openai.com/v1"],
        refused: &["", "https://[", "https://a:99999/"],
    },
    Bounds {
        parameter: "PublicUrl",
        variable: "AIVA_PUBLIC_URL",
        taken: &["", "https://api.example.com"],
        refused: &["http://api.example.com", "https://api.example.com/v1", "https://a b"],
    },
    Bounds {
        parameter: "PaymentCurrency",
        variable: "AIVA_PAYMENT_CURRENCY",
        taken: &["usd", "eur"],
        refused: &["", "US", "dollar"],
    },
];

/// Whether a function that gets this value comes to its first request.
fn starts_with(variable: &str, value: &str) -> Result<(), String> {
    let beside = [
        ("AIVA_EMBEDDINGS", "openai"),
        ("AIVA_EMBEDDING_MODEL", "m"),
        ("AIVA_MODEL", "openai"),
        ("AIVA_OPENAI_MODEL", "m"),
    ];
    let get = |name: &str| {
        let set = beside.iter().find(|(beside, _)| *beside == name).map(|(_, value)| *value);
        Some(value).filter(|_| name == variable).or(set).map(str::to_owned)
    };
    let config = Config::read(get).map_err(|error| error.to_string())?;
    telemetry::human(&config.log).map_err(|error| error.to_string())?;
    if variable.ends_with("_BASE_URL") {
        reqwest::Url::parse(value).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[test]
fn what_a_parameter_lets_through_can_be_read_by_the_functions_that_get_it() {
    let parameters = section(&read("template.yaml"), "Parameters");
    let mut faults = Vec::new();
    for Bounds { parameter, variable, taken, refused } in BOUNDS {
        let pattern = value(&parameters[parameter], "AllowedPattern").expect("it has a pattern");
        let pattern = Regex::new(pattern).expect("the pattern is a regular expression");
        for value in taken {
            if !pattern.is_match(value) {
                faults.push(format!("{parameter} refuses {value:?}"));
            }
        }
        for value in refused.iter().filter(|value| pattern.is_match(value)) {
            faults.push(format!("{parameter} takes {value:?}"));
        }
        for value in taken.iter().chain(refused).filter(|value| pattern.is_match(value)) {
            if let Err(error) = starts_with(variable, value) {
                faults.push(format!("{parameter} takes {value:?}, and {error}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_memory_for_indices_that_can_be_chosen_can_be_read_and_the_rules_know_each() {
    let template = read("template.yaml");
    let parameters = section(&template, "Parameters");
    let choices = |name: &str| -> Vec<String> {
        let list = value(&parameters[name], "AllowedValues").expect("it is chosen from a list");
        let list = list.trim_start_matches('[').trim_end_matches(']').split(',');
        list.map(|choice| choice.trim().to_owned()).collect()
    };
    let indices = choices("AnswerIndexMebibytes");
    for mebibytes in &indices {
        assert_eq!(starts_with("AIVA_INDEX_MEBIBYTES", mebibytes), Ok(()), "{mebibytes}");
    }
    let rules = section(&template, "Rules");
    for memory in choices("AnswerMemoryMb") {
        let bytes: u32 = memory.parse().expect("a number");
        let fits =
            |index: &&String| index.parse::<u32>().is_ok_and(|index| 2 * index + 128 <= bytes);
        let fitting: Vec<_> =
            indices.iter().filter(fits).map(|index| format!("'{index}'")).collect();
        match rules.get(&format!("IndexFitsInto{memory}")) {
            Some(rule) => {
                let list = format!("[[{}], !Ref AnswerIndexMebibytes]", fitting.join(", "));
                assert!(rule.contains(&list), "{memory} MB: {list} is expected in {rule}");
            }
            None => assert_eq!(fitting.len(), indices.len(), "{memory} MB has no rule"),
        }
    }
}
