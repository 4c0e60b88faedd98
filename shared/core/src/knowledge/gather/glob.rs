//! Paths by pattern: `*` within a folder, `**` over folders, `?` one character; a pattern without any
//! of them is a file or a folder.

/// Whether a path is meant by a pattern.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_matches('/');
    if pattern.is_empty() {
        return true;
    }
    if !pattern.contains(['*', '?']) {
        let rest = path.strip_prefix(pattern);
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    }
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    // Row by row: which beginnings of the path the pattern's beginning takes.
    let mut reach = vec![false; path.len() + 1];
    reach[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        if part == "**" {
            let mut open = false;
            for (at, reached) in reach.iter().enumerate() {
                open |= reached;
                next[at] = open;
            }
        } else {
            for at in 0..path.len() {
                next[at + 1] = reach[at] && segment(part, path[at]);
            }
        }
        reach = next;
    }
    reach[path.len()]
}

fn segment(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let mut reach = vec![false; name.len() + 1];
    reach[0] = true;
    for part in pattern.chars() {
        let mut next = vec![false; name.len() + 1];
        if part == '*' {
            let mut open = false;
            for (at, reached) in reach.iter().enumerate() {
                open |= reached;
                next[at] = open;
            }
        } else {
            for at in 0..name.len() {
                next[at + 1] = reach[at] && (part == '?' || part == name[at]);
            }
        }
        reach = next;
    }
    reach[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_its_paths_and_no_others() {
        for (pattern, path) in [
            ("", "a/b.md"),
            ("docs", "docs/a/b.md"),
            ("docs/a.md", "docs/a.md"),
            ("docs/*.md", "docs/a.md"),
            ("docs/**/*.md", "docs/a.md"),
            ("docs/**/*.md", "docs/x/y/a.md"),
            ("**/READ?E.md", "READ1E.md"),
            ("/docs/", "docs/a"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("docs", "docsx/a.md"),
            ("docs/*.md", "docs/x/a.md"),
            ("docs/*.md", "docs/a.txt"),
            ("*", "a/b"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
        let hard = "*a".repeat(200);
        assert!(!matches(&hard, &"a".repeat(150)));
    }
}
