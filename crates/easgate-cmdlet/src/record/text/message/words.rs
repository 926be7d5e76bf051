//! The words of messages that name nobody.

/// Whether a word may stay in a message.
pub(super) fn is_known(word: &str) -> bool {
    word.len() <= LONGEST && WORDS.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

const LONGEST: usize = 16;

/// The words of PowerShell's and Exchange's English messages, sorted. Words that are names of people are left out.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "00002024", "1000", "5008", "a", "able", "about", "access", "account", "accounts", "action", "active",
    "activesync", "add", "added", "admin", "administrator", "administrators", "again", "allow", "allowed",
    "already", "also", "an", "and", "another", "answer", "any", "anything", "apply", "are", "argument",
    "arguments", "as", "assigned", "at", "attempt", "available", "basic", "be", "because", "been", "before",
    "being", "belong", "bind", "both", "but", "by", "call", "called", "calls", "can", "cannot", "change",
    "changed", "changes", "check", "closed", "cmdlet", "cmdlets", "code", "command", "commands", "complete",
    "completed", "computer", "concurrency", "concurrent", "configuration", "configured", "connect",
    "connected", "connection", "contact", "contains", "controller", "controllers", "could", "couldn",
    "couldnt", "create", "created", "credentials", "current", "currently", "data", "database", "default",
    "denied", "description", "device", "devices", "different", "directory", "disabled", "disk", "display",
    "displayed", "does", "doesn", "domain", "done", "dsid", "duplicate", "during", "each", "either",
    "empty", "enabled", "end", "entries", "entry", "err", "error", "errors", "exceeded", "exception",
    "exchange", "exist", "existing", "exists", "expected", "expired", "fail", "failed", "failure", "file",
    "filter", "filterable", "first", "following", "for", "forest", "format", "found", "from", "full",
    "function", "get", "gives", "global", "group", "groups", "had", "has", "have", "help", "how", "however",
    "http", "https", "id", "identity", "if", "ignored", "in", "include", "included", "increase",
    "individual", "information", "inner", "insufficient", "internal", "invalid", "is", "isn", "isnt", "it",
    "item", "items", "its", "kerberos", "language", "last", "ldap", "least", "less", "limit", "limits",
    "list", "listed", "load", "local", "lock", "log", "logon", "long", "made", "mailbox", "mailboxes",
    "management", "many", "matches", "matching", "maxconcurrency", "maximum", "maximumreached", "memory",
    "message", "method", "milliseconds", "minimum", "minutes", "missing", "mode", "modified", "module",
    "more", "most", "multiple", "must", "name", "named", "names", "negotiate", "network", "new", "next",
    "no", "none", "not", "nothing", "ntlm", "null", "number", "object", "objects", "occurred", "of", "off",
    "offers", "on", "once", "one", "only", "open", "operable", "operation", "operations", "or",
    "organization", "other", "out", "over", "parameter", "parameters", "parse", "part", "partnership",
    "partnerships", "password", "passwords", "path", "per", "perform", "performed", "permission",
    "permissions", "please", "policies", "policy", "position", "possible", "powershell", "problem",
    "process", "processing", "program", "properties", "property", "protocol", "provide", "provided",
    "quarantine", "quarantined", "query", "quota", "range", "rate", "read", "reason", "recipient",
    "recipients", "recognized", "record", "recreate", "refused", "remote", "remove", "removed", "request",
    "requests", "require", "required", "reset", "resource", "resources", "response", "result", "results",
    "resultsize", "retry", "returned", "returns", "rights", "role", "roles", "rule", "rules", "run",
    "running", "runspace", "s", "same", "scope", "script", "second", "seconds", "see", "server", "servers",
    "service", "services", "session", "set", "setting", "settings", "shell", "shells", "should", "size",
    "some", "specific", "specified", "specify", "spelling", "start", "started", "state", "stop", "stopped",
    "succeeded", "success", "successfully", "such", "supported", "svcerr", "syntax", "system", "t",
    "target", "task", "term", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "those", "throttled", "throttling", "time", "timed", "timeout", "times", "to", "too", "try",
    "trying", "type", "unable", "unexpected", "unique", "unknown", "unlimited", "until", "update",
    "updated", "use", "used", "user", "users", "using", "valid", "validate", "value", "values", "verify",
    "version", "view", "wait", "was", "wasn", "we", "were", "when", "where", "which", "while", "winrm",
    "with", "within", "without", "would", "write", "wsman", "wsmanfault", "xml", "you", "your",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted_and_short_enough() {
        assert!(WORDS.is_sorted());
        assert!(WORDS.iter().all(|word| word.len() <= LONGEST));
        assert!(is_known("Mailbox") && !is_known("Ana"));
    }
}
