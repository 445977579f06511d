//! Runs mutated inputs on stable Rust; see README.md.
//!
//! A worker process runs the inputs one after the other. When it panics, overflows its stack,
//! runs out of memory or takes too long, the supervisor reports the input and starts another
//! worker behind it.

use std::io::{Error, Read, Seek, Write};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gdbt_fuzz::corpus::Corpus;
use gdbt_fuzz::{exercise, mutation};

/// How much processor time one input may take.
const BUDGET: Duration = Duration::from_secs(30);
/// The most memory a worker may have, in bytes.
const MEMORY: u64 = 6 << 30;
const TOO_SLOW: i32 = 3;

struct Options {
    inputs: u64,
    seed: u64,
    from: u64,
    worker: Option<PathBuf>,
    show: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options { inputs: 100_000, seed: 1, from: 0, worker: None, show: false };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{name} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("{text} is no number"));
        match name.as_str() {
            "--inputs" => options.inputs = number(value()?)?,
            "--seed" => options.seed = number(value()?)?,
            "--from" => options.from = number(value()?)?,
            "--worker" => options.worker = Some(value()?.into()),
            "--show" => options.show = true,
            _ => return Err(format!("{name} is not an option")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let result = options().and_then(|options| {
        let run = match &options.worker {
            Some(_) => work(&options, root),
            None if options.show => show(&options, root),
            None => supervise(&options),
        };
        run.map_err(|error| error.to_string())
    });
    match result {
        Ok(code) => code,
        Err(message) => {
            eprintln!("mutate: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Prints input number `--from`.
fn show(options: &Options, root: &Path) -> Result<ExitCode, Error> {
    print!("{}", mutation::input(&Corpus::read(root)?, options.seed, options.from));
    Ok(ExitCode::SUCCESS)
}

static CURRENT: AtomicU64 = AtomicU64::new(0);

/// The time that this process was on a processor: on a busy machine that is not the clock's.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::from_secs(time.tv_sec.unsigned_abs())
}

fn watch() {
    let mut last = (u64::MAX, processor_time());
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let current = CURRENT.load(Ordering::Relaxed);
        if current != last.0 {
            last = (current, processor_time());
        } else if processor_time().saturating_sub(last.1) > BUDGET {
            std::process::exit(TOO_SLOW);
        }
    }
}

fn work(options: &Options, root: &Path) -> Result<ExitCode, Error> {
    let limit = rustix::process::Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    rustix::process::setrlimit(rustix::process::Resource::As, limit)?;
    let corpus = Corpus::read(root)?;
    let path = options.worker.as_deref().unwrap_or(root);
    let mut note = std::fs::OpenOptions::new().write(true).create(true).open(path)?;
    let mut write = |number: u64, succeeded: u64| -> Result<(), Error> {
        note.rewind()?;
        note.write_all(&[number.to_le_bytes(), succeeded.to_le_bytes()].concat())
    };
    std::thread::spawn(watch);
    let mut succeeded = 0;
    for number in options.from..options.inputs {
        CURRENT.store(number, Ordering::Relaxed);
        write(number, succeeded)?;
        let input = mutation::input(&corpus, options.seed, number);
        match catch_unwind(|| exercise(&input)) {
            Ok(count) => succeeded += u64::from(count > 0),
            Err(_) => return Ok(ExitCode::FAILURE),
        }
        if number % 100_000 == 99_999 {
            eprintln!("{} inputs, {succeeded} of this worker's rendered", number + 1);
        }
    }
    write(options.inputs, succeeded)?;
    Ok(ExitCode::SUCCESS)
}

/// What a worker noted: the input it was at, and how many had rendered.
fn noted(path: &Path) -> Result<(u64, u64), Error> {
    let mut bytes = [0; 8];
    let mut file = std::fs::File::open(path)?;
    file.read_exact(&mut bytes)?;
    let number = u64::from_le_bytes(bytes);
    file.read_exact(&mut bytes)?;
    Ok((number, u64::from_le_bytes(bytes)))
}

fn supervise(options: &Options) -> Result<ExitCode, Error> {
    let note = std::env::temp_dir().join(format!("gdbt-mutate-{}", std::process::id()));
    let start = Instant::now();
    let (mut next, mut failures, mut rendered) = (options.from, 0_u64, 0);
    while next < options.inputs {
        let status = Command::new(std::env::current_exe()?)
            .args(["--seed", &options.seed.to_string(), "--from", &next.to_string()])
            .args(["--inputs", &options.inputs.to_string(), "--worker"])
            .arg(&note)
            .status()?;
        let (number, succeeded) = noted(&note)?;
        rendered += succeeded;
        next = number + 1;
        if status.success() {
            break;
        }
        failures += 1;
        let why = match status.code() {
            Some(TOO_SLOW) => "took too long".to_owned(),
            _ => format!("ended with {status}"),
        };
        println!("input {number} {why}: --seed {} --from {number} --show", options.seed);
    }
    std::fs::remove_file(&note)?;
    println!(
        "{} inputs, {rendered} rendered, {failures} failures, {:.0} s",
        options.inputs - options.from,
        start.elapsed().as_secs_f64()
    );
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
