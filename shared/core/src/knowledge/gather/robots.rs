//! `robots.txt` (RFC 9309): which paths of a site our crawler may fetch.

/// The name under which sites may speak to our crawler.
const OUR_NAME: &str = "aivabot";
/// Rules of one file that are read.
const MAX_RULES: usize = 5_000;

/// The rules of one site that are meant for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Robots {
    rules: Vec<(bool, String)>,
}

impl Robots {
    /// Reads a file: the group that names us, or else the group for all.
    pub(super) fn parse(text: &str) -> Self {
        let (mut ours, mut all) = (None::<Vec<(bool, String)>>, Vec::new());
        let (mut names, mut in_rules) = (Vec::<String>::new(), false);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((field, value)) = line.split_once(':') else { continue };
            let (field, value) = (field.trim().to_ascii_lowercase(), value.trim());
            match field.as_str() {
                "user-agent" => {
                    if in_rules {
                        names.clear();
                        in_rules = false;
                    }
                    names.push(value.to_ascii_lowercase());
                }
                "allow" | "disallow" => {
                    in_rules = true;
                    let rule = (field == "allow", value.to_owned());
                    if names.iter().any(|name| name == OUR_NAME) {
                        ours.get_or_insert_default().push(rule);
                    } else if names.iter().any(|name| name == "*") {
                        all.push(rule);
                    }
                }
                _ => {}
            }
        }
        let mut rules = ours.unwrap_or(all);
        rules.retain(|(_, path)| !path.is_empty());
        rules.truncate(MAX_RULES);
        Self { rules }
    }

    /// Whether a path with its query may be fetched: the longest rule decides, and of equals the one
    /// that allows.
    pub(super) fn allows(&self, path: &str) -> bool {
        let hits = self.rules.iter().filter(|(_, rule)| matches(rule, path));
        hits.max_by_key(|(allow, rule)| (rule.len(), *allow)).is_none_or(|(allow, _)| *allow)
    }
}

/// A rule is the beginning of a path; `*` is anything, `$` the end.
fn matches(rule: &str, path: &str) -> bool {
    let (rule, to_end) = rule.strip_suffix('$').map_or((rule, false), |rule| (rule, true));
    let mut parts = rule.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last_is_open = false;
    for part in parts {
        last_is_open = part.is_empty();
        // With an end to meet, the last part is looked for from there.
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        if to_end && !part.is_empty() && path.ends_with(part) {
            rest = if rest.contains(part) { "" } else { rest };
        }
    }
    !to_end || last_is_open || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "# a site
User-agent: otherbot
Disallow: /

User-agent: *
Disallow: /private
Allow: /private/open
Disallow: /*.pdf$
Disallow: /search?*page=
";

    #[test]
    fn the_longest_rule_decides() {
        let robots = Robots::parse(SITE);
        for path in ["/", "/private/open/a", "/a.pdf?x", "/search?q=1"] {
            assert!(robots.allows(path), "{path}");
        }
        for path in ["/private", "/private/shut", "/a/b.pdf", "/search?q=1&page=2"] {
            assert!(!robots.allows(path), "{path}");
        }
    }

    #[test]
    fn a_group_with_our_name_goes_before_the_one_for_all() {
        let text = format!("{SITE}\nUser-Agent: AivaBot\nDisallow: /only-for-us\n");
        let robots = Robots::parse(&text);
        assert!(robots.allows("/private") && !robots.allows("/only-for-us"));
        assert!(Robots::parse("").allows("/anything"));
        assert!(!Robots::parse("User-agent: a\nUser-agent: *\nDisallow: /").allows("/x"));
        assert!(Robots::parse("User-agent: *\nDisallow:").allows("/x"));
    }
}
