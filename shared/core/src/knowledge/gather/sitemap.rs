//! Sitemaps: the addresses in them.

/// Addresses of one sitemap that are read.
const MAX_ADDRESSES: usize = 5_000;

/// The addresses that a sitemap lists, and those of further sitemaps in an index of sitemaps.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sitemap {
    pub(super) pages: Vec<String>,
    pub(super) sitemaps: Vec<String>,
}

impl Sitemap {
    /// Reads a sitemap, XML or one address a line.
    pub(super) fn parse(text: &str) -> Self {
        let addresses = |text: &str| -> Vec<String> {
            let found = text.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next());
            let found = found.map(|address| unescaped(address.trim()));
            found.take(MAX_ADDRESSES).collect()
        };
        if text.contains("<sitemapindex") {
            return Self { pages: Vec::new(), sitemaps: addresses(text) };
        }
        if text.contains("<urlset") {
            return Self { pages: addresses(text), sitemaps: Vec::new() };
        }
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("http"));
        Self { pages: lines.map(str::to_owned).take(MAX_ADDRESSES).collect(), sitemaps: vec![] }
    }
}

fn unescaped(address: &str) -> String {
    let address = address.trim_start_matches("<![CDATA[").trim_end_matches("]]>");
    address.replace("&amp;", "&").replace("&apos;", "'").replace("&quot;", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sitemap_is_read_in_each_of_its_forms() {
        let xml = "<urlset><url><loc>https://a.example/x?a=1&amp;b=2</loc></url></urlset>";
        assert_eq!(Sitemap::parse(xml).pages, ["https://a.example/x?a=1&b=2"]);
        let index = "<sitemapindex><sitemap><loc> https://a.example/s.xml </loc></sitemap>";
        assert_eq!(Sitemap::parse(index).sitemaps, ["https://a.example/s.xml"]);
        let lines = "https://a.example/1\n\n# no\nhttps://a.example/2";
        assert_eq!(Sitemap::parse(lines).pages.len(), 2);
    }
}
