//! Each expected text is what Python 3.11 gives.

use super::*;
use crate::jinja::{Args, State, Value};

fn get(module: &Value, name: &str) -> Value {
    let Value::Dict(dict) = module else { panic!() };
    dict.get_str(name).unwrap()
}

fn method(value: &Value, name: &str, args: impl IntoIterator<Item = Value>) -> Value {
    value.call_method(&mut State::new(&()), name, Args::positional(args)).unwrap()
}

fn construct(name: &str, args: impl IntoIterator<Item = i64>) -> Value {
    let args = Args::positional(args.into_iter().map(Value::Int));
    get(&module(), name).call(&mut State::new(&()), args).unwrap()
}

fn binary(left: &Value, operator: &str, right: &Value) -> Value {
    let Value::Object(object) = left else { panic!() };
    object.binary(operator, right, false).unwrap().unwrap()
}

#[test]
fn a_datetime_prints_as_in_python() {
    let moment = construct("datetime", [2024, 2, 29, 13, 5, 9, 1500]);
    assert_eq!(moment.to_string(), "2024-02-29 13:05:09.001500");
    assert_eq!(moment.repr(), "datetime.datetime(2024, 2, 29, 13, 5, 9, 1500)");
    let format = "%Y-%m-%d %y %j %H %I %p %b %B %a %A %f %U %W %V %G %u %w %z%Z%% %-d %e %q";
    assert_eq!(
        method(&moment, "strftime", [format.into()]).to_string(),
        "2024-02-29 24 060 13 01 PM Feb February Thu Thursday 001500 08 09 09 2024 4 4 % 29 29 %q"
    );
    assert_eq!(method(&moment, "isoformat", []).to_string(), "2024-02-29T13:05:09.001500");
}

#[test]
fn strptime_reads_and_explains() {
    let class = get(&module(), "datetime");
    let read = |text: &str, format: &str| {
        let args = Args::positional([text.into(), format.into()]);
        class.call_method(&mut State::new(&()), "strptime", args)
    };
    assert_eq!(
        read("5 Mar 2021 7:04 PM", "%d %b %Y %I:%M %p").unwrap().to_string(),
        "2021-03-05 19:04:00"
    );
    assert_eq!(
        read("2021-01-01+0130", "%Y-%m-%d%z").unwrap().to_string(),
        "2021-01-01 00:00:00+01:30"
    );
    let message = |text, format| read(text, format).unwrap_err().message().to_owned();
    assert_eq!(message("x", "%Y"), "time data 'x' does not match format '%Y'");
    assert_eq!(message("20211", "%Y"), "unconverted data remains: 1");
    assert_eq!(message("2021-02-30", "%Y-%m-%d"), "day is out of range for month");
}

#[test]
fn dates_and_deltas_compute() {
    let date = construct("date", [2024, 1, 31]);
    let month = construct("timedelta", [30, 3600]);
    assert_eq!(binary(&date, "+", &month).to_string(), "2024-03-01");
    assert_eq!(month.to_string(), "30 days, 1:00:00");
    assert_eq!(month.repr(), "datetime.timedelta(days=30, seconds=3600)");
    let earlier = construct("date", [2023, 12, 31]);
    assert_eq!(binary(&date, "-", &earlier).to_string(), "31 days, 0:00:00");
    let negative = binary(&construct("timedelta", [0]), "-", &construct("timedelta", [0, 1]));
    assert_eq!(negative.to_string(), "-1 day, 23:59:59");
}

#[test]
fn zones_convert() {
    let moment = construct("datetime", [2024, 7, 1, 12]);
    let zone = Value::object(Zone::named("America/New_York").unwrap());
    let local = method(&zone, "localize", [moment]);
    assert_eq!(local.to_string(), "2024-07-01 12:00:00-04:00");
    assert_eq!(method(&local, "tzname", []).to_string(), "EDT");
    let utc = method(&local, "astimezone", [Value::object(Zone::utc())]);
    assert_eq!(utc.repr(), "datetime.datetime(2024, 7, 1, 16, 0, tzinfo=<UTC>)");
    assert_eq!(local, utc);
}

#[test]
fn iso_texts_become_dates() {
    assert_eq!(from_iso("2024-01-02").repr(), "datetime.date(2024, 1, 2)");
    assert_eq!(from_iso("2024-01-02T03:04:05+00:00").to_string(), "2024-01-02 03:04:05+00:00");
    assert_eq!(from_iso("soon").repr(), "'soon'");
}
