//! A throw-away project, and the program run in it.

use crate::database::Database;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A project in a temporary folder, with a database of its own if it has a profile.
pub struct Project {
    folder: TempDir,
    database: Option<Database>,
}

/// What the program said.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// A project named `shop` without a server.
    pub fn offline() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap(), database: None };
        project.file("dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n")
    }

    /// A project named `shop` with a profile for a database of its own.
    pub fn new() -> Self {
        let database = Database::new();
        let options = &database.options;
        let profile = format!(
            "shop:\n  target: dev\n  outputs:\n    dev:\n      type: postgres\n      host: {}\n      \
             port: {}\n      user: {}\n      password: ''\n      dbname: {}\n      schema: public\n      \
             threads: 4\n",
            options.host, options.port, options.user, options.database
        );
        let project = Self { database: Some(database), ..Self::offline() };
        project.file("profiles.yml", &profile)
    }

    /// Writes a file.
    pub fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> String {
        let path = self.folder.path().join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// An artifact under `target/`.
    pub fn artifact(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(&format!("target/{name}"))).unwrap()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program, ready to run in the project's folder.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gdbt"));
        command.args(words(line)).current_dir(self.folder.path());
        for (name, _) in std::env::vars() {
            if name.starts_with("DBT_") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.folder.path()).env_remove("NO_COLOR");
        command
    }

    /// Runs the program.
    pub fn run(&self, line: &str) -> Said {
        self.command(line).output().unwrap().into()
    }

    /// Runs the program and expects success.
    pub fn ok(&self, line: &str) -> Said {
        let said = self.run(line);
        assert_eq!(said.code, 0, "{line}:\n{}{}", said.stdout, said.stderr);
        said
    }

    /// How to connect to the project's database.
    #[allow(dead_code)] // For the fault tests.
    pub fn options(&self) -> &gdbt::postgres::ConnectOptions {
        &self.database.as_ref().expect("a project with a server").options
    }

    /// A session with the project's database.
    pub fn connect(&self) -> gdbt::postgres::Connection {
        self.database.as_ref().expect("a project with a server").connect()
    }

    /// The rows of a query, as text.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let set = self.connect().query(sql).unwrap().into_last().unwrap();
        let cell = |cell: Option<&str>| cell.unwrap_or("NULL").to_owned();
        set.rows.iter().map(|row| row.iter().map(cell).collect()).collect()
    }

    /// The first cell of a query's result.
    pub fn value(&self, sql: &str) -> String {
        self.query(sql)[0][0].clone()
    }
}

impl Said {
    /// Standard output with times and paths replaced.
    pub fn text(&self) -> String {
        let mut text = self.stdout.clone();
        for (pattern, with) in [
            (r"(?m)^\d\d:\d\d:\d\d  ", ""),
            (r"in \d+\.\d\ds", "in N.NNs"),
            (r"in 0 hours 0 minutes and \d+\.\d\d seconds \(\d+\.\d\ds\)", "in N"),
            (r"\d+ macros", "N macros"),
            (r"gdbt=\d+\.\d+\.\d+", "gdbt=N"),
        ] {
            text = regex::Regex::new(pattern).unwrap().replace_all(&text, with).into_owned();
        }
        text
    }

    /// A JSON object for each line of standard output.
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Words of a command line; quotes keep spaces together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            character => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
