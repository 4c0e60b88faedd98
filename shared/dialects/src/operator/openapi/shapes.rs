//! What the operator API answers.

use crate::describe::field::Kind::{
    Document, Flag, Shape as Of, Shapes, Text, Texts, Time, Whole, Word,
};
use crate::describe::field::{Field, Shape, field, shape};

const STATUS: &[&str] = &["pending", "active", "suspended"];
const DELIVERY_STATUS: &[&str] = &["pending", "delivered", "given_up", "skipped", "cancelled"];
const LIVE: &[&str] = &["live", "revoked"];
const KEY_STATUS: &[&str] = &["live", "expired", "revoked"];

/// Every shape.
pub(super) const ALL: &[Shape] = &[
    shape("Workspace", "A tenant.", &[WORKSPACE]),
    shape("WorkspaceLimits", "The limits in force; null is no limit.", &[LIMITS]),
    shape("TokenRates", "Micro-credits a million tokens.", &[RATES]),
    shape("WorkspaceOperator", "Somebody who runs a workspace or works in its inbox.", &[OPERATOR]),
    shape(
        "NewWorkspaceOperator",
        "An operator with the token, shown this once.",
        &[OPERATOR, TOKEN],
    ),
    shape("Key", "An API key, without its secrets.", &[KEY]),
    shape("ChangedKey", "A key as it is now.", &[KEY, CHANGED_KEY]),
    shape("KeySecrets", "Secrets, shown this once.", &[SECRETS]),
    shape("KeyCallback", "Where a key's events go; the address without its query.", &[CALLBACK]),
    shape(
        "MissedEvents",
        "What an endpoint missed, and how to have it sent.",
        &[MISSED, MISSED_SINCE],
    ),
    shape("Webhook", "Who is told what happens in a project.", &[WEBHOOK]),
    shape("ChangedWebhook", "A webhook as it is now.", &[WEBHOOK, CHANGED_WEBHOOK]),
    shape("RequestEntry", "One request of the log.", &[REQUEST]),
    shape("Delivery", "One event for one endpoint, with its attempts.", &[DELIVERY]),
    shape("DeliveryAttempt", "One attempt.", &[ATTEMPT]),
    shape("Recovery", "A recovery of missed events.", &[RECOVERY, MISSED]),
    shape("StartedRecovery", "What a recovery found.", &[MISSED, STARTED]),
    shape("WalletState", "A wallet, in micro-credits.", &[WALLET]),
    shape("LedgerEntry", "One row of the ledger.", &[LEDGER]),
    shape("TokenUsage", "Tokens behind a charge.", &[USAGE]),
    shape("UsageReport", "What a period used.", &[REPORT]),
    shape("UsageBucket", "What a day, an end user or a key used.", &[BUCKET]),
    shape("AutoRecharge", "When the wallet is recharged, and what was done.", &[RECHARGE]),
    shape("LowBalance", "Under how much the owner is told.", &[LOW]),
    shape("PaymentMethod", "Whose card pays.", METHOD),
    shape("Payment", "One payment.", &[PAYMENT]),
    shape("Project", "One agent with its knowledge.", &[PROJECT]),
    shape("Agent", "How a project's agent behaves.", &[AGENT]),
    shape("AgentEscalation", "When a conversation goes to a human.", &[ESCALATION]),
    shape("AgentModel", "The bounds of one reply, in tokens.", &[MODEL]),
    shape("KnowledgeSource", "One source of knowledge.", &[SOURCE]),
    shape("Progress", "How many of a source's passages are indexed.", &[PROGRESS]),
    shape("Upload", "Where the bytes of a large file are sent.", &[UPLOAD]),
    shape("Tool", "An endpoint that the agent may call.", &[TOOL]),
    shape("InboxConversation", "A conversation in the inbox.", &[CONVERSATION]),
    shape("InboxConversationDetail", "It, with messages in order.", &[CONVERSATION, MESSAGES]),
    shape("InboxMessage", "One message.", &[MESSAGE]),
];

const WORKSPACE: &[Field] = &[
    field("workspaceId", Text, "Its id"),
    field("name", Text, "What people call it"),
    field("email", Text, "Where its owner is reached"),
    field("status", Word(STATUS), "Whether it works"),
    field("plan", Text, "What it pays for"),
    field("defaultProjectId", Text, "The project that `default` names"),
    field("limits", Of("WorkspaceLimits"), "The limits in force"),
    field("rates", Of("TokenRates"), "What tokens cost"),
    field("walletShards", Whole, "Over how many rows the wallet is spread"),
    field("reopenOnMessage", Flag, "Whether a message reopens a resolved conversation"),
    field("useCase", Text, "What is being built").optional(),
    field("expectedVolume", Text, "How much is expected").optional(),
    field("createdAt", Time, "When access was asked for"),
];

const LIMITS: &[Field] = &[
    field("requestsPerMinute", Whole, "Requests of each key in a minute").or_null(),
    field("requestsPerDay", Whole, "Requests of each key in a day (UTC)").or_null(),
    field("userMonthlyCap", Whole, "Micro-credits of one end user in a month (UTC)").or_null(),
    field("messagesPerMonth", Whole, "Messages that are answered in a month (UTC)").or_null(),
    field("charactersPerDay", Whole, "Characters of knowledge added in a day (UTC)").or_null(),
    field("rowsPerUpload", Whole, "Rows of an uploaded table that are read"),
];

const RATES: &[Field] = &[
    field("inputPerMillionTokens", Whole, "Of a prompt"),
    field("outputPerMillionTokens", Whole, "Of a reply"),
];

const OPERATOR: &[Field] = &[
    field("operatorId", Text, "The id"),
    field("name", Text, "The name"),
    field("email", Text, "The address"),
    field("role", Word(&["owner", "agent"]), "What the operator may do"),
    field("status", Word(LIVE), "Whether the token opens anything"),
    field("createdAt", Time, "When it was made"),
    field("revokedAt", Time, "When it was taken back").optional(),
];

const TOKEN: &[Field] = &[field("token", Text, "What the operator sends as bearer")];

const KEY: &[Field] = &[
    field("keyId", Text, "Its public id"),
    field("name", Text, "What it is called"),
    field("status", Word(KEY_STATUS), "Whether it opens anything"),
    field("scopes", Texts, "What it may do"),
    field("dialect", Text, "Whose prefix it has"),
    field("projectId", Text, "Its project"),
    field("callback", Of("KeyCallback"), "Where its events go").optional(),
    field("requestsPerMinute", Whole, "Its own limit, if narrower").optional(),
    field("requestsPerDay", Whole, "Its own limit, if narrower").optional(),
    field("createdAt", Time, "When it was made"),
    field("lastUsedAt", Time, "When it was last used").optional(),
    field("expiresAt", Time, "When it ends by itself").optional(),
    field("revokedAt", Time, "When it was revoked").optional(),
];

const CHANGED_KEY: &[Field] = &[
    field("callbackSecret", Text, "Shown this once, where a callback was added").optional(),
    field("missed", Of("MissedEvents"), "Where the endpoint was switched on again").optional(),
];

const SECRETS: &[Field] = &[
    field("keyId", Text, "Of a key that was made").optional(),
    field("key", Text, "The whole key").optional(),
    field("callbackSecret", Text, "What signs its callbacks").optional(),
];

const CALLBACK: &[Field] = &[
    field("url", Text, "The address"),
    field("status", Word(&["enabled", "disabled"]), "Whether events are sent"),
    field("disabledReason", Text, "Why not").optional(),
    field("disabledAt", Time, "Since when not").optional(),
];

/// The dialects that have webhooks.
pub(super) const DIALECTS: &[&str] = &["aiva", "aivastark", "aerochat", "asyntai"];
/// What webhooks leave out.
pub(super) const REDACTIONS: &[&str] = &["passthrough", "strict"];

const WEBHOOK: &[Field] = &[
    field("webhookId", Text, "Its id"),
    field("projectId", Text, "Of which project"),
    field("dialect", Word(DIALECTS), "In whose words"),
    field("events", Texts, "Which events"),
    field("redaction", Word(REDACTIONS), "What is left out"),
    field("url", Text, "The address without its query"),
    field("status", Word(&["enabled", "disabled"]), "Whether events are sent"),
    field("disabledReason", Text, "Why not").optional(),
    field("disabledAt", Time, "Since when not").optional(),
    field("createdAt", Time, "When it was made"),
];

const CHANGED_WEBHOOK: &[Field] =
    &[field("missed", Of("MissedEvents"), "Where the endpoint was switched on again").optional()];

const MISSED: &[Field] = &[
    field("count", Whole, "How many events"),
    field("countIsMinimum", Flag, "Whether there are more").optional(),
];

const MISSED_SINCE: &[Field] =
    &[field("since", Time, "From when on"), field("recover", Text, "The route that sends them")];

const REQUEST: &[Field] = &[
    field("requestId", Text, "What `X-Request-Id` said"),
    field("keyId", Text, "The key"),
    field("method", Text, "The method"),
    field("route", Text, "The route's pattern"),
    field("status", Whole, "The status"),
    field("code", Text, "The error's code").optional(),
    field("durationMs", Whole, "Milliseconds"),
    field("at", Time, "When"),
];

const DELIVERY: &[Field] = &[
    field("deliveryId", Text, "The id, the same on every attempt"),
    field("event", Text, "The event"),
    field("conversationId", Text, "Your id of the conversation").or_null(),
    field("keyId", Text, "The key whose callback it is for").optional(),
    field("webhookId", Text, "The webhook that it is for").optional(),
    field("url", Text, "The address without its query"),
    field("status", Word(DELIVERY_STATUS), "What became of it"),
    field("attempts", Shapes("DeliveryAttempt"), "Oldest first"),
    field("nextAttemptAt", Time, "When it is tried again").optional(),
    field("createdAt", Time, "When the event happened"),
];

const ATTEMPT: &[Field] = &[
    field("at", Time, "When"),
    field("trigger", Word(&["auto", "replay", "test"]), "What set it off"),
    field("statusCode", Whole, "What was answered").optional(),
    field("latencyMs", Whole, "Milliseconds"),
    field("error", Text, "What went wrong").optional(),
    field("responseBody", Text, "The start of the answer").optional(),
];

const STARTED: &[Field] = &[field("recoveryId", Text, "Where to look how far it is").optional()];

const RECOVERY: &[Field] = &[
    field("recoveryId", Text, "The id"),
    field("status", Word(&["running", "done"]), "Whether it goes on"),
    field("reopened", Whole, "Events that are due again"),
    field("left", Whole, "Events that were not"),
    field("ratePerSecond", Whole, "Its pace"),
    field("since", Time, "From when on"),
    field("until", Time, "Until when"),
    field("createdAt", Time, "When it began"),
];

const WALLET: &[Field] = &[
    field("balance", Whole, "The sum of the ledger"),
    field("available", Whole, "The balance less what is held"),
    field("held", Whole, "What is held for replies on their way"),
    field("currency", Word(&["microcredit"]), "1,000,000 are one credit"),
    field("rates", Of("TokenRates"), "What tokens cost"),
    field("worstCase", Whole, "What is held for one reply"),
];

const LEDGER: &[Field] = &[
    field("entryId", Text, "The id"),
    field("kind", Word(KINDS), "What it is"),
    field("amount", Whole, "Micro-credits; a charge is negative"),
    field("messageId", Text, "The visitor's message of a charge").optional(),
    field("usage", Of("TokenUsage"), "What a charge is for").optional(),
    field("createdAt", Time, "When"),
];

const KINDS: &[&str] = &["top_up", "starter_credit", "auto_recharge", "plan_credit", "charge"];

const USAGE: &[Field] = &[
    field("inputTokens", Whole, "Of the prompt"),
    field("outputTokens", Whole, "Of the reply"),
    field("source", Word(&["reported", "estimated"]), "Who counted them"),
];

const REPORT: &[Field] = &[
    field("by", Word(&["day", "user", "key"]), "What it is added up by"),
    field("from", Time, "From when on"),
    field("to", Time, "Until when"),
    field("currency", Word(&["microcredit"]), "Of `credits`"),
    field("items", Shapes("UsageBucket"), "One for each"),
    field("nextCursor", Text, "Where there is more").optional(),
    field("messagesThisMonth", Whole, "Messages that count to the plan's"),
    field("messagesPerMonth", Whole, "The plan's; null is no limit").or_null(),
];

const BUCKET: &[Field] = &[
    field("day", Text, "The day").optional().or_null(),
    field("externalUserId", Text, "The end user; null is nobody named").optional().or_null(),
    field("keyId", Text, "The key").optional().or_null(),
    field("messages", Whole, "Messages that were charged"),
    field("inputTokens", Whole, "Of prompts"),
    field("outputTokens", Whole, "Of replies"),
    field("credits", Whole, "Micro-credits"),
];

const RECHARGE: &[Field] = &[
    field("enabled", Flag, "Whether it is on"),
    field("threshold", Whole, "Under how much it begins").or_null(),
    field("amount", Whole, "How much it buys").or_null(),
    field("monthlyMaximum", Whole, "How much in a month at most").or_null(),
    field("startedThisMonth", Whole, "What was started this month"),
    field("pendingPaymentId", Text, "The payment on its way").optional(),
    field("stoppedByFailure", Flag, "Whether the last payment failed"),
    field("hasPaymentMethod", Flag, "Whether somebody's card is known"),
];

const LOW: &[Field] = &[field("threshold", Whole, "Micro-credits; null tells nobody").or_null()];

/// Whose card pays; the same in the request.
pub(super) const METHOD: &[&[Field]] = &[&[
    field("customer", Text, "The customer at the provider"),
    field("paymentMethod", Text, "The method on file"),
]];

const PAYMENT: &[Field] = &[
    field("paymentId", Text, "The id"),
    field("amount", Whole, "Micro-credits that it buys"),
    field("price", Whole, "In the currency's smallest unit"),
    field("currency", Text, "The currency"),
    field("provider", Word(&["manual", "stripe"]), "Who collects it"),
    field("status", Word(&["pending", "succeeded", "failed"]), "What became of it"),
    field("reference", Text, "Its name at the provider").optional(),
    field("reason", Text, "Why it failed").optional(),
    field("createdAt", Time, "When it was started"),
    field("decidedAt", Time, "When it was decided").optional(),
];

const PROJECT: &[Field] = &[
    field("projectId", Text, "The id"),
    field("name", Text, "What it is called"),
    field("domain", Text, "The host name of its website").optional(),
    field("default", Flag, "Whether `default` names it"),
    field("createdAt", Time, "When it was made"),
];

const AGENT: &[Field] = &[
    field("persona", Text, "Who it is").optional(),
    field("greeting", Text, "What it says first").optional(),
    field("aiEnabled", Flag, "Whether it answers"),
    field("escalation", Of("AgentEscalation"), "When a human answers"),
    field("model", Of("AgentModel"), "Its bounds"),
];

const ESCALATION: &[Field] = &[
    field("lowConfidenceTurns", Whole, "Unsure replies in a row").optional(),
    field("keywords", Texts, "Words that ask for a human"),
];

const MODEL: &[Field] =
    &[field("maxInputTokens", Whole, "Of a prompt"), field("maxOutputTokens", Whole, "Of a reply")];

const SOURCE: &[Field] = &[
    field("sourceId", Text, "The id"),
    field("type", Text, "What it is"),
    field("title", Text, "Its title"),
    field("url", Text, "Its address").optional(),
    field("tags", Texts, "Its tags"),
    field("status", Word(SOURCE_STATUS), "How far it is"),
    field("reason", Text, "Why it failed, or what was left out of it").optional(),
    field("characters", Whole, "How long it is"),
    field("chunks", Whole, "Its passages, once it is indexed").optional(),
    field("progress", Of("Progress"), "While a large one is indexed").optional(),
    field("refreshSeconds", Whole, "How often it is fetched again").optional(),
    field("createdAt", Time, "When it was added"),
    field("updatedAt", Time, "When anything about it changed"),
];

const PROGRESS: &[Field] =
    &[field("done", Whole, "Indexed so far"), field("total", Whole, "All of them")];

const SOURCE_STATUS: &[&str] = &["queued", "fetching", "indexing", "ready", "failed"];

const UPLOAD: &[Field] = &[
    field("uploadId", Text, "What a source calls it by"),
    field("url", Text, "Where the bytes go"),
    field("method", Word(&["PUT"]), "How"),
    field("headers", Document, "Headers that must be sent as they are"),
    field("expiresAt", Time, "When the link ends"),
];

const TOOL: &[Field] = &[
    field("name", Text, "Its name"),
    field("description", Text, "What it does"),
    field("parameters", Document, "The JSON Schema of its arguments"),
    field("url", Text, "The address without its query"),
    field("access", Word(&["public", "personal"]), "For whom it is called"),
    field("repeatable", Flag, "Whether a call may be repeated"),
    field("secret", Text, "What signs its calls, shown once").optional(),
    field("createdAt", Time, "When it was made"),
    field("updatedAt", Time, "When it last changed"),
];

const CONVERSATION: &[Field] = &[
    field("conversationId", Text, "Our id"),
    field("externalConversationId", Text, "The integrator's; ours where it has none"),
    field("projectId", Text, "Its project"),
    field("owner", Word(&["AI", "HUMAN"]), "Who answers"),
    field("agentName", Text, "The human who took it").optional(),
    field("status", Word(&["open", "resolved"]), "Whether it goes on"),
    field("pendingReply", Flag, "Whether a reply is on its way"),
    field("externalUserId", Text, "Who last wrote, if named").optional(),
    field("messageCount", Whole, "Messages in it"),
    field("createdAt", Time, "When it was made"),
    field("updatedAt", Time, "When it last changed"),
];

const MESSAGES: &[Field] = &[
    field("messages", Shapes("InboxMessage"), "In order"),
    field("nextCursor", Text, "Where there are more").optional(),
];

const MESSAGE: &[Field] = &[
    field("messageId", Text, "The id"),
    field("seq", Whole, "Its number, from 1, gapless"),
    field("senderType", Word(&["VISITOR", "AI", "AGENT"]), "Who said it"),
    field("content", Text, "What was said"),
    field("visibility", Word(&["public", "private"]), "Who may see it"),
    field("agentName", Text, "The human's name").optional(),
    field("citations", Shapes("CitationView"), "What a reply rests on").optional(),
    field("createdAt", Time, "When"),
];
