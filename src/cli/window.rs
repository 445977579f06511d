//! Which rows models read: `--empty`, `--sample`, `--event-time-start` and `--event-time-end`.

use super::args::WindowArgs;
use super::resolver::{Resolver, text};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event_time::{TimeWindow, parse_option};
use jiff::Timestamp;

/// Which rows models read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Windows {
    /// None at all.
    pub empty: bool,
    /// Those of this time.
    pub sample: Option<TimeWindow>,
    /// Those of this time, for microbatch models.
    pub event_time: Option<TimeWindow>,
}

impl Windows {
    pub(super) fn resolve(
        args: &WindowArgs,
        applies: bool,
        resolver: &Resolver<'_>,
        now: Timestamp,
    ) -> Result<Self> {
        if !applies {
            return Ok(Self::default());
        }
        let env = |name: &str| resolver.env.flag(name).filter(|text| !text.is_empty());
        let sample = text(args.sample.as_ref(), env("DBT_SAMPLE"));
        let sample = sample.map(|given| {
            TimeWindow::parse_sample(&given, now).map_err(|message| {
                let message = format!("Invalid value for '--sample': {message}");
                Diagnostic::new(Code::BadArgument, message)
            })
        });
        let moment = |given: Option<&String>, name: &str, variable: &str| {
            let given = text(given, env(variable));
            given
                .map(|given| parse_option(&given).ok_or_else(|| wrong_time(name, &given)))
                .transpose()
        };
        let start = moment(args.event_time_start.as_ref(), "start", "DBT_EVENT_TIME_START")?;
        let end = moment(args.event_time_end.as_ref(), "end", "DBT_EVENT_TIME_END")?;
        Ok(Self {
            empty: args.empty || resolver.env_flag("DBT_EMPTY")? == Some(true),
            sample: sample.transpose()?,
            event_time: both(start, end)?,
        })
    }
}

fn wrong_time(name: &str, given: &str) -> Box<Diagnostic> {
    let message = format!(
        "Invalid value for '--event-time-{name}': '{given}' does not match the formats \
         '%Y-%m-%d', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M:%S'."
    );
    Diagnostic::new(Code::BadArgument, message)
}

/// dbt wants both ends or none.
fn both(start: Option<Timestamp>, end: Option<Timestamp>) -> Result<Option<TimeWindow>> {
    let lonely = |given: &str, missing: &str| {
        let message = format!(
            "The flag `--event-time-{given}` was specified, but `--event-time-{missing}` was not. \
             When specifying `--event-time-{given}`, `--event-time-{missing}` must also be present."
        );
        Err(Diagnostic::new(Code::BadArgument, message))
    };
    match (start, end) {
        (None, None) => Ok(None),
        (Some(_), None) => lonely("start", "end"),
        (None, Some(_)) => lonely("end", "start"),
        (Some(start), Some(end)) if start >= end => Err(Diagnostic::new(
            Code::BadArgument,
            "Value for `--event-time-start` must be less than `--event-time-end`",
        )),
        (Some(start), Some(end)) => Ok(Some(TimeWindow { start, end })),
    }
}
