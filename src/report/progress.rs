//! The live display on a terminal: how many nodes are done and which run for how long,
//! or how far a load is. It is drawn under the lines, and gone at the end.

use crate::event::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use parking_lot::Mutex;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is redrawn.
const TICK: Duration = Duration::from_millis(100);
/// How many running nodes are named.
const NAMED: usize = 4;

/// The live display.
#[derive(Debug)]
pub struct Progress {
    bar: Mutex<Option<ProgressBar>>,
    running: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Progress {
    /// A display that shows up when there is something to wait for.
    pub fn new() -> Self {
        Self { bar: Mutex::new(None), running: Arc::default() }
    }

    /// Runs something that writes to the terminal while the display is away.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &*self.bar.lock() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Follows what happens.
    pub fn follow(&self, event: &Event) {
        match event {
            Event::ConcurrencyLine { node_count, .. } => self.begin_nodes(*node_count),
            Event::LogStartLine { node, .. } => {
                self.running.lock().push((node.node.name.to_string(), Instant::now()));
            }
            Event::LogModelResult(line)
            | Event::LogSeedResult(line)
            | Event::LogSnapshotResult { line, .. }
            | Event::LogNodeNoOpResult(line)
            | Event::LogTestResult { line, .. } => self.end_node(&line.node.node.name),
            Event::SkippingDetails { node, .. } | Event::LogSkipBecauseError { node, .. } => {
                self.end_node(&node.node.name);
            }
            Event::SourceLoadStart { source, bytes, .. } => self.begin_load(source, *bytes),
            Event::SourceLoadProgress { bytes, .. } => {
                if let Some(bar) = &*self.bar.lock() {
                    bar.set_position(*bytes);
                }
            }
            Event::FinishedRunningStats { .. }
            | Event::SourceLoadResult { .. }
            | Event::EndOfRunSummary { .. }
            | Event::MainEncounteredError { .. } => self.clear(),
            _ => {}
        }
    }

    fn begin_nodes(&self, count: usize) {
        let running = Arc::clone(&self.running);
        let draw = move |_: &ProgressState, out: &mut dyn Write| {
            let running = running.lock();
            for (place, (name, since)) in running.iter().take(NAMED).enumerate() {
                let comma = if place > 0 { ", " } else { "" };
                let _ = write!(out, "{comma}{name} {:.1}s", since.elapsed().as_secs_f64());
            }
            if running.len() > NAMED {
                let _ = write!(out, " and {} more", running.len() - NAMED);
            }
        };
        let template =
            "{spinner:.cyan} {pos} of {len} done in {elapsed} {bar:20.cyan/blue} {running:.dim}";
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("running", draw)
            .progress_chars("━━─");
        self.show(count as u64, style);
    }

    fn begin_load(&self, source: &str, bytes: u64) {
        let template =
            "{spinner:.cyan} {prefix} {bar:30.cyan/blue} {bytes} of {total_bytes}, {bytes_per_sec}";
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━━─");
        self.show(bytes, style);
        if let Some(bar) = &*self.bar.lock() {
            bar.set_prefix(source.to_owned());
        }
    }

    fn show(&self, length: u64, style: ProgressStyle) {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        bar.set_style(style);
        bar.enable_steady_tick(TICK);
        if let Some(old) = self.bar.lock().replace(bar) {
            old.finish_and_clear();
        }
    }

    fn end_node(&self, name: &str) {
        let mut running = self.running.lock();
        if let Some(place) = running.iter().position(|(running, _)| running == name) {
            running.remove(place);
        }
        drop(running);
        if let Some(bar) = &*self.bar.lock() {
            bar.inc(1);
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.bar.lock().take() {
            bar.finish_and_clear();
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
