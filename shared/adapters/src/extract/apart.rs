//! Reading in a process of its own.
//!
//! The readers of odd formats are other people's code, and a file may be made to exhaust the stack, the
//! memory or the clock of whoever reads it. None of that can be caught inside a process, so such files
//! are read in a child: this same program, started again with one argument, no environment, bounded memory and
//! bounded time. When it breaks, one file has failed.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use aiva_core::knowledge::{Extracted, UnreadFile, Unreadable};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{MAX_UNPACKED_BYTES, PATIENCE, STACK_BYTES, gave_up, refused, too_slow};

/// What makes a program a reader.
const ARGUMENT: &str = "--read-one-file";
/// What a reader may map to read: beside it, a function of 1,769 MB needs room for the file and for itself.
const MEMORY_BYTES: u64 = 1_280 * 1024 * 1024;
/// What a reader may say: the largest content that is kept, written as JSON.
const MAX_ANSWER_BYTES: u64 = 160 * 1024 * 1024;

/// What stands before a file's bytes: its name, its type, its rows, and what it may unpack to.
type Head = (String, Option<String>, Option<u64>, u64);

/// How this very program is started again, also after it was replaced on disk.
pub(super) fn own_program() -> Option<PathBuf> {
    let own = Path::new("/proc/self/exe");
    if own.exists() { Some(own.to_owned()) } else { std::env::current_exe().ok() }
}

/// Reads one file from standard input, if the process was started for that. A program whose
/// [`FileReader`](super::FileReader) reads apart calls this first, and ends where it answers `true`.
#[must_use]
pub fn serve() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(ARGUMENT)) || arguments.next().is_some() {
        return false;
    }
    confine();
    let answer = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(answer);
    let answer = match answer.map(std::thread::JoinHandle::join) {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(gave_up()),
        Err(_) => Err(Unreadable::passing("its reader had no room to start; try again")),
    };
    // Whoever asked may have stopped listening.
    let _ = serde_json::to_writer(std::io::stdout().lock(), &answer);
    true
}

/// Bounds what this process may take. Where that cannot be done, the parent's clock still holds; the limit of time
/// is for a reader whose parent is gone.
fn confine() {
    let limit = |most| Rlimit { current: Some(most), maximum: Some(most) };
    // An allocator may have reserved a gigabyte before there was anything to read.
    let most = mapped_bytes().saturating_add(MEMORY_BYTES);
    let _ = setrlimit(Resource::As, limit(most));
    let _ = setrlimit(Resource::Cpu, limit(PATIENCE.as_secs() + 10));
    let _ = setrlimit(Resource::Core, limit(0));
}

/// What this process maps already.
fn mapped_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kibibytes = size.and_then(|size| size.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0).saturating_mul(1024)
}

/// Reads what was asked.
fn answer() -> Result<Extracted, Unreadable> {
    let unheard = || Unreadable::passing("its reader was not told what to read");
    let mut asked = Vec::new();
    std::io::stdin().lock().read_to_end(&mut asked).map_err(|_| unheard())?;
    let end = asked.iter().position(|byte| *byte == b'\n').ok_or_else(unheard)?;
    let head: Head = serde_json::from_slice(&asked[..end]).map_err(|_| unheard())?;
    let bytes = asked.split_off(end + 1);
    let (name, content_type, max_rows, most) = head;
    super::read(&UnreadFile { bytes, name, content_type, max_rows }, most.min(MAX_UNPACKED_BYTES))
}

/// Has a file read by a child, which is killed when its time is over.
pub(super) fn read(
    program: &Path,
    file: &UnreadFile,
    most: u64,
    patience: Duration,
) -> Result<Extracted, Unreadable> {
    let mut command = Command::new(program);
    // In a group of its own: what interrupts this program from its terminal is not to spoil a file.
    command.arg(ARGUMENT).env_clear().process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| {
        tracing::warn!(%error, "no reader could be started");
        Unreadable::passing("no reader could be started for it; try again")
    })?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| stdin.map(|stdin| ask(stdin, file, most)));
        let (said, heard) = mpsc::channel();
        scope.spawn(move || {
            let mut answer = Vec::new();
            let most = MAX_ANSWER_BYTES + 1;
            let heard = stdout.map(|stdout| stdout.take(most).read_to_end(&mut answer));
            // Nobody waits for an answer that comes too late.
            let _ = said.send((heard.is_some_and(|heard| heard.is_ok()), answer));
        });
        let answer = heard.recv_timeout(patience);
        // It has answered, or it never will: either way its pipes close, and the threads above end.
        let _ = child.kill();
        let _ = child.wait();
        answer
    });
    let Ok((true, answer)) = answer else { return Err(too_slow()) };
    if u64::try_from(answer.len()).is_ok_and(|bytes| bytes > MAX_ANSWER_BYTES) {
        return Err(refused("it holds more than 64 MB of text; split it"));
    }
    // A child that broke said nothing, or not all.
    serde_json::from_slice(&answer).unwrap_or_else(|_| Err(gave_up()))
}

/// A child that broke no longer listens; what it said then tells.
fn ask(mut stdin: ChildStdin, file: &UnreadFile, most: u64) -> std::io::Result<()> {
    let head: Head = (file.name.clone(), file.content_type.clone(), file.max_rows, most);
    serde_json::to_writer(&mut stdin, &head)?;
    stdin.write_all(b"\n")?;
    stdin.write_all(&file.bytes)
}
