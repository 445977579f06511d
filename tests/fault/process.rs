//! The program while it runs: watched, killed at a chosen line of its log, waited for.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{Project, Said};

/// A run of the program that writes its debug log to standard output.
pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    seen: String,
}

impl Running {
    /// Starts the program; `--log-level debug` shows every statement that is sent.
    pub fn start(project: &Project, line: &str) -> Self {
        let mut command = project.command(&format!("--log-level debug {line}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout, seen: String::new() }
    }

    /// Reads on until a line holds `text`.
    pub fn wait_for(&mut self, text: &str) {
        let mut line = String::new();
        while self.stdout.read_line(&mut line).unwrap() > 0 {
            self.seen.push_str(&line);
            if line.contains(text) {
                return;
            }
            line.clear();
        }
        panic!("the program ended without saying {text:?}:\n{}", self.seen);
    }

    /// Kills the program once it has written so many lines and so many microseconds have
    /// passed, or lets it end before.
    pub fn kill_after(mut self, lines: usize, microseconds: usize) {
        for _ in 0..lines {
            if self.stdout.read_line(&mut self.seen).unwrap() == 0 {
                break;
            }
        }
        std::thread::sleep(Duration::from_micros(microseconds.try_into().unwrap()));
        self.kill();
    }

    /// Kills the program.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        signal_process(i32::try_from(self.child.id()).unwrap(), signal);
    }

    /// Waits for its end.
    pub fn end(mut self) -> Said {
        self.stdout.read_to_string(&mut self.seen).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: self.seen,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Sends a signal to a process.
pub fn signal_process(id: i32, signal: Signal) {
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

/// Waits until something is so; fails after a time that only a defect takes.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(1), "still not so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
