//! Runs the nodes of a graph on threads: parents before children, the longest chain of
//! work first, and nothing below what failed.
//!
//! It knows nothing of SQL. What a node is, [`Work`] knows.

use crate::event::Position;
use parking_lot::{Condvar, Mutex};
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the main thread looks for an interruption.
const POLL: Duration = Duration::from_millis(50);

/// What the scheduler does with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It runs, and is one of the `n of N`.
    Counted,
    /// It runs without being counted, as ephemeral models do.
    Uncounted,
    /// It is not selected: it only passes on order and failure.
    Pass,
}

/// What runs after what. Nodes are their places in `kinds`.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    kinds: Vec<Kind>,
    children: Vec<Vec<usize>>,
    parents: Vec<usize>,
}

impl Graph {
    /// A graph of these nodes. Edges are (before, after); doubles do no harm.
    pub fn new(kinds: Vec<Kind>, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut children = vec![Vec::new(); kinds.len()];
        let mut parents = vec![0; kinds.len()];
        for (before, after) in edges {
            if let (Some(list), Some(count)) = (children.get_mut(before), parents.get_mut(after)) {
                list.push(after);
                *count += 1;
            }
        }
        Self { kinds, children, parents }
    }

    /// The nodes of a kind.
    pub fn places(&self, kind: Kind) -> impl Iterator<Item = usize> {
        self.kinds.iter().enumerate().filter(move |it| *it.1 == kind).map(|it| it.0)
    }

    /// For every node, the number of running nodes on the longest way from it to the end.
    fn priorities(&self) -> Vec<u32> {
        let mut waiting = self.parents.clone();
        let mut order: Vec<usize> = (0..self.kinds.len()).filter(|n| waiting[*n] == 0).collect();
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            for &child in &self.children[node] {
                waiting[child] -= 1;
                if waiting[child] == 0 {
                    order.push(child);
                }
            }
        }
        let mut priorities = vec![0; self.kinds.len()];
        for &node in order.iter().rev() {
            let below = self.children[node].iter().map(|child| priorities[*child]).max();
            priorities[node] = below.unwrap_or(0) + u32::from(self.kinds[node] != Kind::Pass);
        }
        priorities
    }
}

/// How a node ended, as far as others are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What is below it must not run.
    pub blocks: bool,
    /// It counts as a failure for `--fail-fast`.
    pub fails: bool,
}

/// What the nodes do. Called from many threads at once.
pub trait Work: Sync {
    /// Runs a node. `position` is none for nodes that are not counted.
    fn run(&self, node: usize, position: Option<Position>) -> Outcome;
    /// Takes note that a node is skipped. `cause` is the uncounted node because of which,
    /// if it was one.
    fn skip(&self, node: usize, position: Option<Position>, cause: Option<usize>);
    /// Takes note that a node's code panicked; what is below it is skipped.
    fn panicked(&self, node: usize, position: Option<Position>, message: &str);
    /// Cancels whatever is running. Called again and again until it has ended.
    fn cancel(&self);
}

/// Why a run stopped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// This node failed, and `--fail-fast` is on.
    FailFast(usize),
    /// The user interrupted it.
    Interrupted,
}

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// How many nodes run at the same time; at least 1.
    pub threads: usize,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Whether what is skipped is the reason for what is below it, as in dbt's `build`;
    /// else the reason is what failed.
    pub skips_are_causes: bool,
    /// Set by a signal: the user wants to stop.
    pub interrupted: &'a AtomicBool,
}

/// A node below something that failed; the uncounted node because of which, if it was one.
type Block = Option<usize>;

struct State {
    ready: BinaryHeap<(u32, std::cmp::Reverse<usize>)>,
    waiting: Vec<usize>,
    blocks: Vec<Option<Block>>,
    started: Vec<bool>,
    running: usize,
    left: usize,
    index: usize,
    stop: Option<Stop>,
}

struct Run<'a> {
    graph: &'a Graph,
    work: &'a dyn Work,
    settings: Settings<'a>,
    priorities: Vec<u32>,
    total: usize,
    state: Mutex<State>,
    changed: Condvar,
}

/// Runs all nodes. Returns why it stopped early, if it did, and the counted nodes that
/// were never started.
pub fn run(graph: &Graph, work: &dyn Work, settings: Settings<'_>) -> (Option<Stop>, Vec<usize>) {
    let count = graph.kinds.len();
    let run = Run {
        graph,
        work,
        settings,
        priorities: graph.priorities(),
        total: graph.places(Kind::Counted).count(),
        state: Mutex::new(State {
            ready: BinaryHeap::new(),
            waiting: graph.parents.clone(),
            blocks: vec![None; count],
            started: vec![false; count],
            running: 0,
            left: count,
            index: 0,
            stop: None,
        }),
        changed: Condvar::new(),
    };
    {
        let mut state = run.state.lock();
        let roots: Vec<usize> = (0..count).filter(|node| graph.parents[*node] == 0).collect();
        run.release(&mut state, roots);
    }
    std::thread::scope(|scope| {
        for number in 1..=settings.threads.max(1).min(count.max(1)) {
            // Thread names are those of dbt; tools show them.
            let spawned = std::thread::Builder::new()
                .name(format!("Thread-{number} (worker)"))
                .stack_size(super::STACK_SIZE)
                .spawn_scoped(scope, || run.worker());
            if spawned.is_err() && number == 1 {
                run.worker();
            }
        }
        run.watch();
    });
    let state = run.state.into_inner();
    let unstarted = (0..count)
        .filter(|node| graph.kinds[*node] == Kind::Counted && !state.started[*node])
        .collect();
    (state.stop, unstarted)
}

impl Run<'_> {
    /// Waits for the end; passes on interruptions and cancels what runs after a stop.
    fn watch(&self) {
        let mut state = self.state.lock();
        while !Self::is_over(&state) {
            self.changed.wait_for(&mut state, POLL);
            if self.settings.interrupted.load(Ordering::Relaxed) && state.stop.is_none() {
                state.stop = Some(Stop::Interrupted);
                self.changed.notify_all();
            }
            if state.stop.is_some() && state.running > 0 {
                parking_lot::MutexGuard::unlocked(&mut state, || self.work.cancel());
            }
        }
    }

    fn is_over(state: &State) -> bool {
        state.running == 0 && (state.left == 0 || state.stop.is_some() || state.ready.is_empty())
    }

    fn worker(&self) {
        let mut state = self.state.lock();
        loop {
            if Self::is_over(&state) || state.stop.is_some() {
                self.changed.notify_all();
                return;
            }
            let Some((_, std::cmp::Reverse(node))) = state.ready.pop() else {
                self.changed.wait(&mut state);
                continue;
            };
            state.started[node] = true;
            state.running += 1;
            let position = (self.graph.kinds[node] == Kind::Counted).then(|| {
                state.index += 1;
                Position { index: state.index, total: self.total }
            });
            let block = state.blocks[node];
            let outcome = parking_lot::MutexGuard::unlocked(&mut state, || {
                self.run_one(node, position, block)
            });
            state.running -= 1;
            if outcome.fails && self.settings.fail_fast && state.stop.is_none() {
                state.stop = Some(Stop::FailFast(node));
            }
            self.complete(&mut state, node, outcome.blocks);
            self.changed.notify_all();
        }
    }

    fn run_one(&self, node: usize, position: Option<Position>, block: Option<Block>) -> Outcome {
        if let Some(cause) = block {
            self.work.skip(node, position, cause);
            return Outcome { blocks: true, fails: false };
        }
        let run = std::panic::AssertUnwindSafe(|| self.work.run(node, position));
        std::panic::catch_unwind(run).unwrap_or_else(|panic| {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            self.work.panicked(node, position, text.unwrap_or("no message"));
            Outcome { blocks: true, fails: true }
        })
    }

    /// Notes the end of a node and releases what waited for it.
    fn complete(&self, state: &mut State, node: usize, blocks: bool) {
        state.left -= 1;
        let block = blocks.then(|| {
            let own = (self.graph.kinds[node] == Kind::Uncounted).then_some(node);
            let inherited = state.blocks[node].filter(|_| !self.settings.skips_are_causes);
            inherited.unwrap_or(own)
        });
        let released = self.pass_on(state, node, block);
        self.release(state, released);
    }

    /// Tells the children of a node that it is done; returns those that may begin.
    fn pass_on(&self, state: &mut State, node: usize, block: Option<Block>) -> Vec<usize> {
        let mut released = Vec::new();
        for &child in &self.graph.children[node] {
            // An uncounted node explains more than others do.
            if block.is_some() && state.blocks[child].flatten().is_none() {
                state.blocks[child] = block;
            }
            state.waiting[child] -= 1;
            if state.waiting[child] == 0 {
                released.push(child);
            }
        }
        released
    }

    /// Makes nodes ready; those that only pass on are done at once.
    fn release(&self, state: &mut State, mut nodes: Vec<usize>) {
        while let Some(node) = nodes.pop() {
            if self.graph.kinds[node] == Kind::Pass {
                state.left -= 1;
                let block = state.blocks[node];
                let released = self.pass_on(state, node, block);
                nodes.extend(released);
            } else {
                state.ready.push((self.priorities[node], std::cmp::Reverse(node)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Kind::{Counted, Pass, Uncounted};

    /// Records what happens; nodes listed in `failing` fail, in `panicking` panic.
    #[derive(Default)]
    struct Recorder {
        failing: Vec<usize>,
        panicking: Vec<usize>,
        log: Mutex<Vec<String>>,
        cancelled: AtomicBool,
        waits_for_cancel: Vec<usize>,
    }

    impl Recorder {
        fn note(&self, text: String) {
            self.log.lock().push(text);
        }
    }

    impl Work for Recorder {
        fn run(&self, node: usize, position: Option<Position>) -> Outcome {
            let place = position.map_or("-".to_owned(), |it| format!("{}/{}", it.index, it.total));
            self.note(format!("run {node} {place}"));
            assert!(!self.panicking.contains(&node), "broken {node}");
            while self.waits_for_cancel.contains(&node) && !self.cancelled.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            let fails = self.failing.contains(&node);
            let started = |node: &usize| {
                self.log.lock().iter().any(|line| line.starts_with(&format!("run {node} ")))
            };
            while fails && !self.waits_for_cancel.iter().all(started) {
                std::thread::yield_now();
            }
            Outcome { blocks: fails, fails }
        }

        fn skip(&self, node: usize, _: Option<Position>, cause: Option<usize>) {
            self.note(format!("skip {node} {cause:?}"));
        }

        fn panicked(&self, node: usize, _: Option<Position>, message: &str) {
            self.note(format!("panic {node} {message}"));
        }

        fn cancel(&self) {
            self.cancelled.store(true, Ordering::Relaxed);
        }
    }

    fn run_all(
        kinds: &[Kind],
        edges: &[(usize, usize)],
        recorder: &Recorder,
        threads: usize,
        fail_fast: bool,
    ) -> (Option<Stop>, Vec<usize>) {
        let graph = Graph::new(kinds.to_vec(), edges.iter().copied());
        let interrupted = AtomicBool::new(false);
        let skips_are_causes = false;
        let settings = Settings { threads, fail_fast, skips_are_causes, interrupted: &interrupted };
        run(&graph, recorder, settings)
    }

    #[test]
    fn the_longest_chain_goes_first_and_order_holds_through_unselected_nodes() {
        let recorder = Recorder::default();
        // 0 alone; 1 → 2(pass) → 3 → 4
        let kinds = [Counted, Counted, Pass, Counted, Counted];
        run_all(&kinds, &[(1, 2), (2, 3), (3, 4)], &recorder, 1, false);
        assert_eq!(*recorder.log.lock(), ["run 1 1/4", "run 3 2/4", "run 0 3/4", "run 4 4/4"]);
    }

    #[test]
    fn what_is_below_a_failure_is_skipped_and_the_rest_runs() {
        let recorder = Recorder { failing: vec![0], ..Recorder::default() };
        let edges = [(0, 1), (1, 2), (2, 3), (4, 3)];
        let (stop, unstarted) =
            run_all(&[Counted, Counted, Pass, Counted, Counted], &edges, &recorder, 1, false);
        assert_eq!((stop, unstarted), (None, vec![]));
        let mut log = recorder.log.lock().clone();
        log.sort();
        assert_eq!(log, ["run 0 1/4", "run 4 3/4", "skip 1 None", "skip 3 None"]);
    }

    #[test]
    fn a_failing_uncounted_node_is_named_as_the_cause() {
        let recorder = Recorder { failing: vec![0], ..Recorder::default() };
        run_all(&[Uncounted, Counted, Counted], &[(0, 1), (1, 2)], &recorder, 2, false);
        assert_eq!(*recorder.log.lock(), ["run 0 -", "skip 1 Some(0)", "skip 2 Some(0)"]);
    }

    #[test]
    fn in_a_build_a_skipped_uncounted_node_is_the_cause() {
        let recorder = Recorder { failing: vec![0], ..Recorder::default() };
        let kinds = [Counted, Uncounted, Counted, Counted];
        let graph = Graph::new(kinds.to_vec(), [(0, 1), (1, 2), (2, 3)]);
        let interrupted = AtomicBool::new(false);
        let settings = Settings {
            threads: 1,
            fail_fast: false,
            skips_are_causes: true,
            interrupted: &interrupted,
        };
        run(&graph, &recorder, settings);
        let log = recorder.log.lock();
        assert_eq!(*log, ["run 0 1/3", "skip 1 None", "skip 2 Some(1)", "skip 3 None"]);
    }

    #[test]
    fn fail_fast_cancels_what_runs_and_starts_nothing_more() {
        let recorder =
            Recorder { failing: vec![0], waits_for_cancel: vec![1], ..Recorder::default() };
        let kinds = [Counted; 4];
        let (stop, unstarted) = run_all(&kinds, &[(0, 2), (1, 3)], &recorder, 2, true);
        assert_eq!((stop, unstarted), (Some(Stop::FailFast(0)), vec![2, 3]));
        assert!(recorder.cancelled.load(Ordering::Relaxed));
    }

    #[test]
    fn an_interruption_cancels_and_stops() {
        let recorder = Recorder { waits_for_cancel: vec![0], ..Recorder::default() };
        let graph = Graph::new(vec![Counted, Counted], [(0, 1)]);
        let interrupted = AtomicBool::new(true);
        let settings = Settings {
            threads: 1,
            fail_fast: false,
            skips_are_causes: false,
            interrupted: &interrupted,
        };
        let (stop, unstarted) = run(&graph, &recorder, settings);
        assert_eq!(stop, Some(Stop::Interrupted));
        assert!(unstarted.contains(&1));
    }

    #[test]
    fn a_panic_is_the_failure_of_one_node() {
        let recorder = Recorder { panicking: vec![0], ..Recorder::default() };
        run_all(&[Counted; 3], &[(0, 1)], &recorder, 1, false);
        let log = recorder.log.lock();
        assert!(log.contains(&"panic 0 broken 0".to_owned()), "{log:?}");
        assert!(log.contains(&"skip 1 None".to_owned()), "{log:?}");
        assert!(log.contains(&"run 2 3/3".to_owned()) || log.contains(&"run 2 2/3".to_owned()));
    }

    #[test]
    fn an_empty_graph_and_a_cycle_end() {
        let recorder = Recorder::default();
        assert_eq!(run_all(&[], &[], &recorder, 4, false), (None, vec![]));
        let (stop, unstarted) = run_all(&[Counted; 2], &[(0, 1), (1, 0)], &recorder, 2, false);
        assert_eq!((stop, unstarted), (None, vec![0, 1]));
    }
}
