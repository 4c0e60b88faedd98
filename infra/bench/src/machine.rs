//! The machine that the figures are of.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Result;

/// Milliseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "the stand-in of Lambda tells the time in its place")]
pub(crate) fn epoch_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Processor time of a process so far, in clock ticks of 10 ms.
pub(crate) fn cpu_ticks(process: &str) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold spaces; utime and stime are the 12th and 13th after it.
    let rest = stat.rsplit_once(") ").ok_or("an unreadable stat file")?.1;
    let ticks = rest.split(' ').skip(11).take(2).map(str::parse::<u64>);
    Ok(ticks.sum::<std::result::Result<u64, _>>()?)
}

/// The greatest resident set of a process so far, in KiB.
pub(crate) fn peak_kib(process: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.ok_or("no peak in the status file")?.trim().parse()?)
}

/// Processor time by piece of work, for so many pieces that took so many ticks.
pub(crate) fn each(ticks: u64, pieces: usize) -> Duration {
    let micros = ticks * 10_000 / u64::try_from(pieces.max(1)).unwrap_or(u64::MAX);
    Duration::from_micros(micros)
}

/// Describes processor, memory and compiler in one sentence.
pub(crate) fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models = cpu.lines().filter_map(|line| line.strip_prefix("model name"));
    let models: Vec<&str> = models.map(|line| line.trim_start_matches([' ', '\t', ':'])).collect();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = kib.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    let gib = kib.unwrap_or(0).div_ceil(1 << 20);
    let model = models.first().copied().unwrap_or("an unnamed processor");
    format!("{} × {model}, {gib} GiB, {}", models.len(), std::env::consts::ARCH)
}
