//! Every route of the operator API, with what it takes and what it answers.

use super::shapes::{DIALECTS, METHOD, REDACTIONS};
use crate::describe::field::Kind::{Document, Flag, Text, Texts, Time, Whole, Word};
use crate::describe::field::{Field, field};
use crate::http::Route;
use crate::operator::{
    billing, contact, conversation, delivery, key, people, project, recovery, source, takeover,
    tool, usage, wallet, webhook, workspace,
};

/// A route in words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Described {
    pub(super) route: Route,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Field],
    pub(super) body: Body,
    pub(super) answer: Answer,
}

/// What a route takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    None,
    /// These fields, or no body at all.
    May(&'static [Field]),
    Must(&'static [Field]),
}

/// What a route answers when all is well.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    One(u16, &'static str),
    /// The same where it is new (201), and where it was there (200).
    New(&'static str),
    /// A page of them, newest first.
    Page(&'static str),
    /// These fields.
    Fields(u16, &'static [Field]),
}

use Answer::{Fields, New, One, Page};
use Body::{May, Must};

/// Nothing has to be said.
const EMPTY: Body = May(&[]);

const fn described(
    route: Route,
    id: &'static str,
    summary: &'static str,
    answer: Answer,
) -> Described {
    Described { route, id, summary, query: &[], body: Body::None, answer }
}

impl Described {
    const fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    const fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }
    }
}

/// Every route, in the order of the tables.
pub(super) fn all() -> impl Iterator<Item = &'static Described> {
    [TENANTS, KEYS, WEBHOOKS, DELIVERIES, MONEY, PROJECTS, INBOX].into_iter().flatten()
}

const WALLET_SHARDS: &str = "Over how many rows the wallet is spread, up to 96 and never fewer than now; \
    only on a plan without a quota of messages; the deployment's operator alone";

const TENANTS: &[Described] = &[
    described(workspace::REQUEST, "requestWorkspace", "Ask for a workspace", STANDING).body(Must(
        &[
            field("name", Text, "What people call it"),
            field("email", Text, "Where its owner is reached"),
            field("plan", Text, "What it pays for").optional(),
            field("domain", Text, "The host name of its website").optional(),
            field("useCase", Text, "What is being built").optional(),
            field("expectedVolume", Text, "How much is expected").optional(),
        ],
    )),
    described(workspace::LIST, "listWorkspaces", "List all workspaces", Page("Workspace")),
    described(workspace::READ, "readWorkspace", "Read a workspace", One(200, "Workspace")),
    described(workspace::UPDATE, "changeWorkspace", "Change its settings", One(200, "Workspace"))
        .body(Must(&[
            field("name", Text, "What people call it").optional(),
            field("email", Text, "Where its owner is reached").optional(),
            field("plan", Text, "What it pays for; the deployment's operator alone").optional(),
            field("reopenOnMessage", Flag, "Whether a message reopens").optional(),
            field("walletShards", Whole, WALLET_SHARDS).optional(),
        ])),
    described(workspace::APPROVE, "approveWorkspace", "Let a workspace begin", Fields(200, STATUS))
        .body(May(&[field("starterCredit", Whole, "Micro-credits to begin with").optional()])),
    described(workspace::LIMITS, "setLimits", "Set limits; null restores the plan's", LIMITS).body(
        Must(&[
            field("requestsPerMinute", Whole, "Of each key").optional().or_null(),
            field("requestsPerDay", Whole, "Of each key").optional().or_null(),
            field("userMonthlyCap", Whole, "Micro-credits of one end user").optional().or_null(),
        ]),
    ),
    described(workspace::RATES, "setRates", "Set prices; null restores the default", RATES).body(
        Must(&[
            field("inputPerMillionTokens", Whole, "Micro-credits").optional().or_null(),
            field("outputPerMillionTokens", Whole, "Micro-credits").optional().or_null(),
        ]),
    ),
    described(people::CREATE, "addOperator", "Add an operator", One(201, "NewWorkspaceOperator"))
        .body(Must(&[
            field("name", Text, "The name"),
            field("email", Text, "The address"),
            field("role", Word(&["owner", "agent"]), "What the operator may do"),
        ])),
    described(people::LIST, "listOperators", "List the operators", Page("WorkspaceOperator")),
    described(people::REVOKE, "removeOperator", "Take a token back", One(200, "WorkspaceOperator")),
    described(
        contact::UNVERIFY,
        "unverifyContact",
        "Take a verification back",
        Fields(200, UNVERIFIED),
    ),
];

const STANDING: Answer = Fields(201, &[field("workspaceId", Text, "Its id"), STATUS[0]]);
const STATUS: &[Field] = &[field("status", Word(&["pending", "active"]), "Whether it works")];
const LIMITS: Answer = One(200, "WorkspaceLimits");
const RATES: Answer = One(200, "TokenRates");
const UNVERIFIED: &[Field] =
    &[field("externalUserId", Text, "The end user"), field("verified", Flag, "Always false")];

const KEYS: &[Described] = &[
    described(
        key::CREATE,
        "createKey",
        "Make a key; its secrets are shown once",
        One(201, "KeySecrets"),
    )
    .body(Must(&[
        field("name", Text, "What it is called"),
        field("scopes", Texts, "What it may do; at least one"),
        field("dialect", Text, "Whose prefix it gets").optional(),
        field("projectId", Text, "Its project; the default one if left out").optional(),
        field("callbackUrl", Text, "Where its events go").optional(),
        field("requestsPerMinute", Whole, "A limit of its own").optional(),
        field("requestsPerDay", Whole, "A limit of its own").optional(),
        field("expiresAt", Time, "When it ends by itself").optional(),
    ])),
    described(key::LIST, "listKeys", "List the keys", Page("Key")),
    described(key::READ, "readKey", "Read a key", One(200, "Key")),
    described(key::UPDATE, "changeKey", "Change a key or its callback", One(200, "ChangedKey"))
        .body(Must(&[
            field("name", Text, "What it is called").optional(),
            field("callbackUrl", Text, "Where its events go; null is nowhere").optional().or_null(),
            field("callbackEnabled", Flag, "Whether they are sent").optional(),
        ])),
    described(key::REVOKE, "revokeKey", "Revoke a key", One(200, "Key")),
    described(key::ROTATE_SECRET, "rotateKey", "Give a key a new secret", One(200, "KeySecrets"))
        .body(May(ONE_OVERLAP)),
    described(
        key::ROTATE_CALLBACK_SECRET,
        "rotateCallbackSecret",
        "Sign anew",
        One(200, "KeySecrets"),
    )
    .body(May(OVERLAP)),
    described(key::TEST, "sendTest", "Send a signed test.ping", Fields(202, PING)).body(EMPTY),
];

const OVERLAP: &[Field] =
    &[field("overlapSeconds", Whole, "How long the old one goes on, at most 604,800").optional()];
const ONE_OVERLAP: &[Field] = &[field(
    "overlapSeconds",
    Whole,
    "How long the old one goes on, at most 604,800; while an older one still does, only 0 is taken",
)
.optional()];
const PING: &[Field] = &[field("deliveryId", Text, "The delivery to look at")];

const WEBHOOKS: &[Described] = &[
    described(webhook::CREATE, "createWebhook", "Tell an address what happens", NEW_WEBHOOK).body(
        Must(&[
            field("dialect", Word(DIALECTS), "In whose words"),
            field("url", Text, "Where to"),
            field("events", Texts, "Which of the dialect's events; at least one"),
            field("redaction", Word(REDACTIONS), "What is left out; aerochat alone is strict")
                .optional(),
            field("projectId", Text, "Of which project; the default one if left out").optional(),
            field("secret", Text, "What signs them; made and shown once if left out").optional(),
        ]),
    ),
    described(webhook::LIST, "listWebhooks", "List the webhooks", Page("Webhook")),
    described(webhook::READ, "readWebhook", "Read a webhook", One(200, "Webhook")),
    described(webhook::UPDATE, "changeWebhook", "Change a webhook", One(200, "ChangedWebhook"))
        .body(Must(&[
            field("url", Text, "Where to").optional(),
            field("events", Texts, "Which events").optional(),
            field("redaction", Word(REDACTIONS), "What is left out").optional(),
            field("enabled", Flag, "Whether they are sent").optional(),
        ])),
    described(webhook::REMOVE, "deleteWebhook", "Delete a webhook", One(200, "Webhook")),
    described(webhook::TEST, "testWebhook", "Send a signed test.ping", Fields(202, PING))
        .body(EMPTY),
    described(webhook::ROTATE_SECRET, "rotateWebhookSecret", "Sign anew", Fields(200, &[SIGNS]))
        .body(May(OVERLAP)),
];

const NEW_WEBHOOK: Answer = Fields(201, &[field("webhookId", Text, "Its id"), SIGNS]);
const SIGNS: Field = field("secret", Text, "What signs them, shown once");

const DELIVERIES: &[Described] = &[
    described(
        delivery::REQUEST_LOG,
        "listRequests",
        "Requests of the last 30 days",
        Page("RequestEntry"),
    )
    .query(&[
        field("status", Text, "A status, or a class such as `4xx`"),
        field("code", Text, "An error's code"),
        field("keyId", Text, "A key"),
        field("method", Text, "A method"),
        field("route", Text, "A route's pattern"),
        field("since", Time, "From when on"),
        field("until", Time, "Until when"),
    ]),
    described(delivery::LOG, "listDeliveries", "Deliveries of the last 30 days", Page("Delivery"))
        .query(&[
            field("status", Text, "What became of them"),
            field("event", Text, "An event"),
            field("keyId", Text, "A key"),
            field("webhookId", Text, "A webhook"),
        ]),
    described(delivery::READ, "readDelivery", "A delivery with its attempts", One(200, "Delivery")),
    described(
        delivery::REPLAY,
        "replayDelivery",
        "Send the same bytes again",
        Fields(202, REPLAYED),
    )
    .body(EMPTY),
    described(
        recovery::RECOVER,
        "recoverDeliveries",
        "Send what was missed",
        One(200, "StartedRecovery"),
    )
    .body(Must(&[
        field("since", Time, "From when on"),
        field("until", Time, "Until when; now if left out").optional(),
        field("keyId", Text, "Of one key").optional(),
        field("webhookId", Text, "Of one webhook").optional(),
        field("dryRun", Flag, "Count only").optional(),
        field("ratePerSecond", Whole, "Its pace; 25 if left out").optional(),
    ])),
    described(recovery::READ, "readRecovery", "How far a recovery is", One(200, "Recovery")),
];

const REPLAYED: &[Field] = &[PING[0], field("status", Text, "What it is now")];

const MONEY: &[Described] = &[
    described(wallet::READ, "readWallet", "What is in the wallet", One(200, "WalletState")),
    described(wallet::TOP_UP, "topUp", "Bring credit in, once for each key", New("LedgerEntry"))
        .body(Must(&[
            field("amount", Whole, "Micro-credits, at most 10^15"),
            field("idempotencyKey", Text, "Or the header in its place").optional(),
        ])),
    described(wallet::LEDGER, "readLedger", "Every credit and charge", Page("LedgerEntry")),
    described(usage::READ, "readUsage", "What a period used", One(200, "UsageReport")).query(&[
        field("by", Word(&["day", "user", "key"]), "What it is added up by; `day` if left out"),
        field("from", Text, "A day or a moment"),
        field("to", Text, "A day or a moment; at most 92 days later"),
        field("cursor", Text, "`nextCursor` of the answer before"),
    ]),
    described(billing::SET_RECHARGE, "setAutoRecharge", "Recharge by itself", RECHARGE).body(Must(
        &[
            field("enabled", Flag, "Whether it is on"),
            field("threshold", Whole, "Micro-credits under which it begins"),
            field("amount", Whole, "Micro-credits that it buys"),
            field("monthlyMaximum", Whole, "Micro-credits in a month at most"),
        ],
    )),
    described(billing::READ_RECHARGE, "readAutoRecharge", "The rule and what it did", RECHARGE),
    described(billing::SET_LOW_BALANCE, "setLowBalance", "Tell the owner of low credit", LOW)
        .body(Must(&[field("threshold", Whole, "Micro-credits; null tells nobody").or_null()])),
    described(billing::READ_LOW_BALANCE, "readLowBalance", "Under how much the owner is told", LOW),
    described(
        billing::SET_METHOD,
        "setPaymentMethod",
        "Say whose card pays",
        One(200, "PaymentMethod"),
    )
    .body(Must(METHOD[0])),
    described(billing::LIST, "listPayments", "List the payments", Page("Payment")),
    described(billing::READ, "readPayment", "Read a payment", One(200, "Payment")),
    described(billing::CONFIRM, "confirmPayment", "The money is there", One(200, "Payment"))
        .body(EMPTY),
    described(billing::FAIL, "failPayment", "The money does not come", One(200, "Payment"))
        .body(May(&[field("reason", Text, "Why").optional()])),
];

const RECHARGE: Answer = One(200, "AutoRecharge");
const LOW: Answer = One(200, "LowBalance");

const PROJECTS: &[Described] = &[
    described(project::CREATE, "createProject", "Make a project", One(201, "Project")).body(Must(
        &[
            field("name", Text, "What it is called"),
            field("domain", Text, "The host name of its website").optional(),
        ],
    )),
    described(project::LIST, "listProjects", "List the projects", Page("Project")),
    described(project::SET_AGENT, "setAgent", "Replace the agent's settings", One(200, "Agent"))
        .body(Must(&[
            field("persona", Text, "Who it is").optional(),
            field("greeting", Text, "What it says first").optional(),
            field("aiEnabled", Flag, "Whether it answers").optional(),
            field("escalation", Document, "`lowConfidenceTurns`, `keywords`").optional(),
            field("model", Document, "`maxInputTokens`, `maxOutputTokens`").optional(),
        ])),
    described(project::AGENT, "readAgent", "The agent's settings", One(200, "Agent")),
    described(source::ADD, "addSource", "Add knowledge", One(201, "KnowledgeSource")).body(Must(
        &[
            field("type", Word(&["raw", "url", "file", "github", "drive"]), "What it is"),
            field("text", Text, "The text itself, of `raw`").optional(),
            field("title", Text, "Its title").optional(),
            field("url", Text, "Where it is read, or where readers find it").optional(),
            field("tags", Texts, "Its tags").optional(),
            field("crawl", Document, "Of `url`: `maxPages`, `prefix`, `sitemap`").optional(),
            field("uploadId", Text, "Of `file`: the upload that holds it").optional(),
            field("filename", Text, "Of `file`: its name").optional(),
            field("repository", Text, "Of `github`: `owner/name`").optional(),
            field("branch", Text, "Of `github`").optional(),
            field("path", Text, "Of `github`: a folder, a file or a pattern").optional(),
            field("refreshSeconds", Whole, "How often it is fetched again").optional(),
        ],
    )),
    described(source::RESYNC, "resyncSource", "Fetch a source again", One(202, "KnowledgeSource")),
    described(source::UPLOAD, "beginUpload", "A link for a large file", One(201, "Upload")).body(
        Must(&[
            field("filename", Text, "Its name"),
            field("size", Whole, "Its bytes, at most 104,857,600"),
            field("contentType", Text, "Its media type").optional(),
        ]),
    ),
    described(source::LIST, "listSources", "List a project's knowledge", Page("KnowledgeSource")),
    described(source::READ, "readSource", "Read a source", One(200, "KnowledgeSource")),
    described(
        source::REMOVE,
        "removeSource",
        "Delete a source",
        Fields(
            200,
            &[field("sourceId", Text, "The source"), field("deleted", Flag, "Always true")],
        ),
    ),
    described(tool::PUT, "putTool", "Make a tool, or replace it", New("Tool")).body(Must(&[
        field("description", Text, "What it does, for the model"),
        field("parameters", Document, "The JSON Schema of its arguments, at most 16 KiB"),
        field("url", Text, "Where it is called"),
        field("access", Word(&["public", "personal"]), "For whom it is called"),
        field("secret", Text, "What signs its calls; made and shown once if left out").optional(),
        field("repeatable", Flag, "Whether a call may be repeated").optional(),
    ])),
    described(tool::LIST, "listTools", "List a project's tools", Page("Tool")),
    described(tool::READ, "readTool", "Read a tool", One(200, "Tool")),
    described(
        tool::REMOVE,
        "removeTool",
        "Delete a tool",
        Fields(200, &[field("name", Text, "The tool"), field("deleted", Flag, "Always true")]),
    ),
];

const INBOX: &[Described] = &[
    described(conversation::LIST, "listInbox", "The inbox", Page("InboxConversation")).query(&[
        field("owner", Word(&["AI", "HUMAN"]), "Who answers"),
        field("status", Word(&["open", "resolved"]), "Whether they go on"),
        field("projectId", Text, "One project; the default one if left out"),
    ]),
    described(conversation::READ, "readInboxConversation", "A conversation", DETAIL).query(&[
        field("after", Whole, "Only messages with a greater `seq`"),
        field("limit", Whole, "Messages at most"),
        field("cursor", Text, "`nextCursor` of the answer before"),
    ]),
    described(takeover::TAKE_OVER, "takeOver", "Take a conversation over", DETAIL)
        .body(Must(AGENT_NAME)),
    described(takeover::REPLY, "replyAsAgent", "Write in it", One(201, "InboxMessage"))
        .body(Must(WRITTEN)),
    described(takeover::HAND_BACK, "handBack", "Hand it back to the agent", DETAIL).body(EMPTY),
    described(takeover::RESOLVE, "resolve", "Close it", DETAIL).body(EMPTY),
];

const DETAIL: Answer = One(200, "InboxConversationDetail");
const AGENT_NAME: &[Field] = &[field("agentName", Text, "Who writes")];
const WRITTEN: &[Field] = &[AGENT_NAME[0], field("content", Text, "What is said")];
