//! Pages of the public web: one, or those that a sitemap or the links of the first lead to.

use std::collections::{HashMap, HashSet, VecDeque};

use url::Url;

use super::robots::Robots;
use super::sitemap::Sitemap;
use super::{Gathered, MAX_PAGE_BYTES, MAX_REDIRECTS, Trouble, Visit, judge};
use crate::knowledge::content::{Extracted, Part, UnreadFile};
use crate::knowledge::source::Crawl;
use crate::ports::{Extract, Fetch, Fetched, Ports};

/// Bytes of a `robots.txt` or a sitemap that are read.
const MAX_LIST_BYTES: usize = 512 * 1024;
/// Sitemaps that one index leads to.
const MAX_SITEMAPS: usize = 5;
const TOO_FAR: &str = "it redirects more than five times";

pub(super) async fn gather<P: Ports, F: Fetch, X: Extract>(
    visit: &Visit<'_, P, F, X>,
    url: &str,
    crawl: Option<&Crawl>,
) -> Result<Gathered, Trouble> {
    let mut walk = Walk { visit, robots: HashMap::new() };
    match crawl {
        None => single(&mut walk, url).await,
        Some(crawl) => many(&mut walk, url, crawl).await,
    }
}

struct Walk<'a, 'b, P: Ports, F, X> {
    visit: &'a Visit<'b, P, F, X>,
    /// What each site allows; one question a site.
    robots: HashMap<String, Robots>,
}

async fn single<P: Ports, F: Fetch, X: Extract>(
    walk: &mut Walk<'_, '_, P, F, X>,
    url: &str,
) -> Result<Gathered, Trouble> {
    let etag = walk.visit.source.etag.clone().filter(|_| walk.visit.source.content.is_some());
    let headers = etag.map(|etag| ("if-none-match", etag)).into_iter().collect();
    let (last, answer) = walk.page(url, headers).await?;
    if answer.status == 304 {
        return Ok(Gathered::Unchanged);
    }
    let etag = answer.etag.clone();
    let read = walk.read(&last, answer).await?;
    Ok(super::whole(read, etag))
}

async fn many<P: Ports, F: Fetch, X: Extract>(
    walk: &mut Walk<'_, '_, P, F, X>,
    first: &str,
    crawl: &Crawl,
) -> Result<Gathered, Trouble> {
    let most = usize::try_from(crawl.max_pages).unwrap_or(1);
    let mut waiting = VecDeque::from([first.to_owned()]);
    let mut cut = None;
    if let Some(sitemap) = &crawl.sitemap {
        let (listed, is_cut) = walk.listed(sitemap).await?;
        waiting.extend(listed);
        cut = is_cut.then_some("the sitemap is larger than 512 KB: its beginning was read");
    }
    let mut crop = Crop { before: walk.visit.before().await, ..Crop::default() };
    let (mut seen, mut title, mut taken, mut disturbed) = (HashSet::new(), None, 0, false);
    while let Some(url) = waiting.pop_front() {
        let within = url == first || url.starts_with(&crawl.prefix);
        if !within || !seen.insert(url.clone()) {
            continue;
        }
        if taken == most {
            crop.skipped += 1;
            continue;
        }
        if walk.visit.is_late() {
            disturbed = true;
            crop.keep_or_skip(&url);
            continue;
        }
        taken += 1;
        let read = match walk.page(&url, Vec::new()).await {
            Ok((last, answer)) => walk.read(&last, answer).await.map(|read| (last, read)),
            Err(trouble) => Err(trouble),
        };
        match read {
            // It lies elsewhere by now.
            Ok((last, _)) if url != first && !last.starts_with(&crawl.prefix) => crop.skipped += 1,
            Ok((last, read)) => {
                if crawl.sitemap.is_none() {
                    waiting.extend(links(&last, &read.links));
                }
                title = title.or(read.title.clone());
                crop.before.remove(&last);
                crop.parts.extend(read.parts);
            }
            // The first page has to be there; one of the others may be missing.
            Err(trouble) if url == first => return Err(trouble),
            Err(trouble) if trouble.passing => {
                disturbed = true;
                crop.keep_or_skip(&url);
            }
            Err(_) => crop.skipped += 1,
        }
    }
    if disturbed && crawl.sitemap.is_none() {
        crop.keep_unseen(&seen, most);
    }
    let left_out = super::left_out(crop.skipped, crop.kept, ["page", "pages"]);
    let left_out = left_out.into_iter().chain(cut.map(str::to_owned)).collect::<Vec<_>>();
    let left_out = (!left_out.is_empty()).then(|| left_out.join("; "));
    Ok(Gathered::New { parts: crop.parts, title, etag: None, left_out, rows: None })
}

/// What a crawl has brought in so far.
#[derive(Default)]
struct Crop {
    parts: Vec<Part>,
    /// What the pages said when they were last read, by their addresses.
    before: HashMap<String, Vec<Part>>,
    /// Pages that are left out.
    skipped: usize,
    /// Pages that stand as they were.
    kept: usize,
}

impl Crop {
    /// A page that cannot be had for the moment stands as it was; one that is new is left out.
    fn keep_or_skip(&mut self, url: &str) {
        match self.before.remove(url) {
            Some(parts) => {
                self.kept += 1;
                self.parts.extend(parts);
            }
            None => self.skipped += 1,
        }
    }

    /// The pages stand as they were to which those may have led that could not be had.
    fn keep_unseen(&mut self, seen: &HashSet<String>, most: usize) {
        let mut unseen: Vec<String> =
            self.before.keys().filter(|url| !seen.contains(*url)).cloned().collect();
        unseen.sort();
        for url in unseen.iter().take(most.saturating_sub(self.kept)) {
            self.keep_or_skip(url);
        }
    }
}

/// The pages that a page links to, without their fragments.
fn links(page: &str, links: &[String]) -> Vec<String> {
    let Ok(base) = Url::parse(page) else { return Vec::new() };
    let found = links.iter().filter_map(|link| base.join(link).ok()).map(|mut link| {
        link.set_fragment(None);
        String::from(link)
    });
    found.filter(|link| link.starts_with("http")).collect()
}

/// Where an answer says that its page is now; `None` where it is here.
fn moved_to(url: &str, answer: &Fetched) -> Result<Option<String>, Trouble> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let base = Url::parse(url).map_err(|_| Trouble::lasting("its address is broken"))?;
    let next = answer.location.as_deref().and_then(|location| base.join(location).ok());
    next.map(|next| Some(next.into())).ok_or_else(|| Trouble::lasting("it redirects to nowhere"))
}

impl<P: Ports, F: Fetch, X: Extract> Walk<'_, '_, P, F, X> {
    /// Fetches a page, with the address at which it was found in the end.
    async fn page(
        &mut self,
        url: &str,
        headers: Vec<(&'static str, String)>,
    ) -> Result<(String, Fetched), Trouble> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            if !self.may(&url).await? {
                return Err(Trouble::lasting("its site does not want it to be read (robots.txt)"));
            }
            let answer = self.visit.once(&url, headers.clone(), MAX_PAGE_BYTES).await?;
            match moved_to(&url, &answer)? {
                Some(next) => url = next,
                None => {
                    if answer.status != 304 {
                        judge(&answer, MAX_PAGE_BYTES)?;
                    }
                    return Ok((url, answer));
                }
            }
        }
        Err(Trouble::lasting(TOO_FAR))
    }

    /// Fetches a list for crawlers (`robots.txt`, a sitemap), wherever it was moved to.
    async fn list(&self, url: &str) -> Result<Fetched, Trouble> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.visit.once(&url, Vec::new(), MAX_LIST_BYTES).await?;
            match moved_to(&url, &answer)? {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
        Err(Trouble::lasting(TOO_FAR))
    }

    /// Whether the site lets us fetch an address. A site whose rules cannot be had for the moment is
    /// left alone for the moment.
    async fn may(&mut self, address: &str) -> Result<bool, Trouble> {
        let url = Url::parse(address).map_err(|_| Trouble::lasting("its address is broken"))?;
        let site = url.origin().ascii_serialization();
        if !self.robots.contains_key(&site) {
            let rules = format!("{site}/robots.txt");
            let answer = self.list(&rules).await?;
            let robots = match answer.status {
                200 => Robots::parse(&String::from_utf8_lossy(&answer.body)),
                500..=599 | 429 => {
                    let reason = format!("its site's robots.txt answered {}", answer.status);
                    return Err(Trouble { reason, passing: true });
                }
                _ => Robots::default(),
            };
            self.robots.insert(site.clone(), robots);
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", url.path());
        Ok(self.robots.get(&site).is_none_or(|robots| robots.allows(&path)))
    }

    async fn read(&self, url: &str, answer: Fetched) -> Result<Extracted, Trouble> {
        let file = UnreadFile {
            bytes: answer.body,
            name: url.to_owned(),
            content_type: answer.content_type,
            max_rows: None,
        };
        let mut read = self.visit.extract.extract(file).await?;
        for part in &mut read.parts {
            part.url.get_or_insert_with(|| url.to_owned());
            if part.title.is_none() {
                part.title.clone_from(&read.title);
            }
        }
        Ok(read)
    }

    /// The pages of a sitemap, and of those that it leads to; and whether one of them was cut.
    async fn listed(&mut self, sitemap: &str) -> Result<(Vec<String>, bool), Trouble> {
        let mut waiting = VecDeque::from([sitemap.to_owned()]);
        let (mut pages, mut is_cut) = (Vec::new(), false);
        for _ in 0..=MAX_SITEMAPS {
            let Some(next) = waiting.pop_front() else { break };
            let answer = self.list(&next).await?;
            // What was read of a long one leads to more pages than are taken.
            let cut = answer.status == 200 && answer.truncated;
            if !cut {
                judge(&answer, MAX_LIST_BYTES).map_err(|trouble| Trouble {
                    reason: format!("the sitemap: {}", trouble.reason),
                    ..trouble
                })?;
            }
            is_cut |= cut;
            let read = Sitemap::parse(&String::from_utf8_lossy(&answer.body), cut);
            pages.extend(read.pages);
            waiting.extend(read.sitemaps);
        }
        Ok((pages, is_cut))
    }
}
