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
    /// Reads a sitemap, XML or one address a line; where it was cut, the address at its end may be half.
    pub(super) fn parse(text: &str, cut: bool) -> Self {
        let addresses = |text: &str| -> Vec<String> {
            let found = text.split("<loc>").skip(1).filter_map(|rest| rest.split_once("</loc>"));
            let found = found.map(|(address, _)| unescaped(address.trim()));
            found.take(MAX_ADDRESSES).collect()
        };
        if text.contains("<sitemapindex") {
            return Self { pages: Vec::new(), sitemaps: addresses(text) };
        }
        if text.contains("<urlset") {
            return Self { pages: addresses(text), sitemaps: Vec::new() };
        }
        let whole = if cut { text.rsplit_once('\n').map_or("", |(whole, _)| whole) } else { text };
        let lines = whole.lines().map(str::trim).filter(|line| line.starts_with("http"));
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
        assert_eq!(Sitemap::parse(xml, false).pages, ["https://a.example/x?a=1&b=2"]);
        let index = "<sitemapindex><sitemap><loc> https://a.example/s.xml </loc></sitemap>";
        assert_eq!(Sitemap::parse(index, false).sitemaps, ["https://a.example/s.xml"]);
        let lines = "https://a.example/1\n\n# no\nhttps://a.example/2";
        assert_eq!(Sitemap::parse(lines, false).pages.len(), 2);
    }

    #[test]
    fn the_address_at_which_a_sitemap_was_cut_is_not_taken_by_half() {
        let xml = "<urlset><url><loc>https://a.example/one</loc></url><url><loc>https://a.exa";
        assert_eq!(Sitemap::parse(xml, true).pages, ["https://a.example/one"]);
        let lines = "https://a.example/1\nhttps://a.example/2\nhttps://a.exa";
        assert_eq!(Sitemap::parse(lines, true).pages.len(), 2);
    }
}
