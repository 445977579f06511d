//! One file per command.

mod alert;
mod clean;
mod column_path;
mod compile;
mod completions;
mod db;
mod debug;
mod deps;
mod docs;
mod freshness;
mod init;
mod lineage;
mod list;
mod man;
mod parse;
mod retry;
mod run;
mod run_operation;
mod show;
mod source_load;

use super::ExitStatus;
use super::args::{Command, DocsCommand, SourceCommand};
use super::session::Session;
use crate::diagnostic::Diagnostic;

/// Runs a command. Errors are those of the command as a whole; what went wrong with single
/// nodes is in the exit status and was told already.
pub fn run(command: &Command, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    match command {
        Command::Build(args) => run::build(args, session),
        Command::Run(_) => run::models(session),
        Command::Test(_) => run::tests(session),
        Command::Seed(args) => run::seeds(args, session),
        Command::Snapshot(_) => run::snapshots(session),
        Command::Compile(args) => compile::run(args, session),
        Command::Show(args) => show::run(args, session),
        Command::Parse => parse::run(session),
        Command::Lineage(args) => lineage::run(args, session),
        Command::List(args) => list::run(args, session),
        Command::Docs(DocsCommand::Generate(args)) => docs::generate(args, session),
        Command::Docs(DocsCommand::Serve(args)) => docs::serve(args, session),
        Command::Source(SourceCommand::Freshness(args)) => freshness::run(args, session),
        Command::Source(SourceCommand::Load(args)) => source_load::run(args, session),
        Command::RunOperation(args) => run_operation::run(args, session),
        Command::Clone(_) => run::clones(session),
        Command::Retry(args) => retry::run(args, session),
        Command::Deps(args) => Ok(deps::run(args, session)?),
        Command::Debug(args) => debug::run(args, session),
        Command::Alert(args) => alert::run(args, session),
        Command::Clean(args) => clean::run(args, session),
        Command::Init(args) => Ok(init::run(args, session)?),
        Command::Db(command) => Ok(db::run(command, session)?),
        Command::Completions(args) => Ok(completions::run(args, session)),
        Command::Man(args) => Ok(man::run(args, session)?),
    }
}
