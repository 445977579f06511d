//! TLS and logins: every sslmode against a server with its own authority.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gdbt::embedded::{Server, ensure};
use gdbt::postgres::{ConnectCause, ConnectOptions, Connection, Error, Pool, SslMode};

use crate::database::{options, value, wait_until_true};
use crate::project::Project;

/// A server that listens with TLS on a loopback address of its own.
struct Secure {
    server: Server,
    address: String,
    home: tempfile::TempDir,
}

/// pg_hba.conf: each kind of login has a user.
const RULES: &str = "\
local all gdbt trust
hostssl all encrypted all scram-sha-256
hostnossl all plain all scram-sha-256
host all either all scram-sha-256
host all hashed all md5
host all clear all password
hostssl all certified all cert
";

impl Secure {
    /// `None`, with a message, where the machine lacks what it needs.
    fn start() -> Option<Self> {
        let id = std::process::id();
        let address = format!("127.77.{}.{}", id / 256 % 256, id % 256);
        if TcpListener::bind((address.as_str(), 0)).is_err() {
            eprintln!("skipped: no second loopback address");
            return None;
        }
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("skipped: no openssl");
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        let cluster = options(home.path());
        let data = ensure(&cluster, &mut |_| {}).unwrap().data_dir.clone();
        fs::write(data.join("pg_hba.conf"), RULES).unwrap();
        let settings = data.join("postgresql.conf");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(settings, format!("{text}\nlisten_addresses = '{address}'\nssl = on\n")).unwrap();
        for authority in ["trusted", "other"] {
            make_authority(home.path(), authority);
        }
        make_certificate(home.path(), &data, "server", &address, Some(&address));
        let server = ensure(&cluster, &mut |_| {}).unwrap();
        let mut admin = Connection::connect(&server.connect_options()).unwrap();
        admin.query("set password_encryption = 'scram-sha-256'").unwrap();
        for user in ["encrypted", "plain", "either", "clear", "certified"] {
            admin.query(&format!("create role {user} login password 'right'")).unwrap();
        }
        admin
            .query("set password_encryption = md5; create role hashed login password 'right'")
            .unwrap();
        Some(Self { server, address, home })
    }

    fn options(&self, user: &str, sslmode: SslMode) -> ConnectOptions {
        let mut options = ConnectOptions::new(&self.address, self.server.port, user, "gdbt");
        options.password = "right".into();
        options.sslmode = sslmode;
        options.retries = 0;
        options
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Replaces the server's certificate, or turns TLS off.
    fn reload(&self, change: impl FnOnce(&Path)) {
        change(&self.server.data_dir);
        // A new session says when the settings that it began with were read.
        let loaded = || {
            let mut admin = Connection::connect(&self.server.connect_options()).unwrap();
            value(&mut admin, "select pg_conf_load_time()::text")
        };
        let before = loaded();
        let mut admin = Connection::connect(&self.server.connect_options()).unwrap();
        admin.query("select pg_reload_conf()").unwrap();
        while loaded() == before {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").current_dir(directory).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn make_authority(home: &Path, name: &str) {
    let (key, crt, subject) = (format!("{name}.key"), format!("{name}.crt"), format!("/CN={name}"));
    #[rustfmt::skip]
    openssl(home, &["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject,
                    "-keyout", &key, "-out", &crt]);
}

/// Makes `<name>.crt` and `<name>.key` in `into`, signed by the trusted authority.
fn make_certificate(home: &Path, into: &Path, name: &str, common: &str, ip: Option<&str>) {
    let extensions = home.join("extensions");
    let alternative = ip.map_or_else(String::new, |ip| format!("subjectAltName=IP:{ip}\n"));
    fs::write(&extensions, format!("basicConstraints=CA:FALSE\n{alternative}")).unwrap();
    let (key, crt) = (into.join(format!("{name}.key")), into.join(format!("{name}.crt")));
    let (key, crt) = (key.to_str().unwrap(), crt.to_str().unwrap());
    let subject = format!("/CN={common}");
    #[rustfmt::skip]
    openssl(home, &["req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", key,
                    "-out", "request"]);
    #[rustfmt::skip]
    openssl(home, &["x509", "-req", "-in", "request", "-days", "2", "-CA", "trusted.crt", "-CAkey",
                    "trusted.key", "-CAcreateserial", "-extfile", "extensions", "-out", crt]);
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Whether the session is encrypted; the message if there is none.
fn encrypted(options: &ConnectOptions) -> Result<bool, String> {
    let mut connection = Connection::connect(options).map_err(|error| error.to_string())?;
    let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    Ok(value(&mut connection, sql).as_deref() == Some("t"))
}

#[test]
fn every_sslmode_and_login_behaves_as_libpq() {
    use SslMode::{Allow, Disable, Prefer, Require, VerifyCa, VerifyFull};
    let Some(secure) = Secure::start() else { return };
    let of = |user, mode| secure.options(user, mode);
    let with = |mode, root: &str| ConnectOptions {
        sslrootcert: Some(secure.file(root)),
        ..secure.options("encrypted", mode)
    };

    // Whether to encrypt.
    for (user, mode, expected) in [
        ("either", Disable, false),
        ("either", Allow, false),
        ("either", Prefer, true),
        ("either", Require, true),
        ("encrypted", Allow, true),
        ("plain", Prefer, false),
        ("hashed", Disable, false),
        ("hashed", Prefer, true),
        ("clear", Require, true),
    ] {
        assert_eq!(encrypted(&of(user, mode)), Ok(expected), "{user} {mode:?}");
    }
    let message = encrypted(&of("encrypted", Disable)).unwrap_err();
    assert!(message.contains("no pg_hba.conf entry for host"), "{message}");
    // The words changed with version 14.
    let ends = |message: &str, words: [&str; 2]| words.iter().any(|word| message.ends_with(word));
    assert!(ends(&message, ["no encryption", "SSL off"]), "{message}");
    let message = encrypted(&of("plain", Require)).unwrap_err();
    assert!(ends(&message, ["SSL encryption", "SSL on"]), "{message}");

    // Whom to trust.
    assert_eq!(encrypted(&with(Require, "absent.crt")), Ok(true));
    for mode in [Require, VerifyCa, VerifyFull] {
        assert_eq!(encrypted(&with(mode, "trusted.crt")), Ok(true), "{mode:?}");
        let message = encrypted(&with(mode, "other.crt")).unwrap_err();
        assert!(message.contains("SSL error: invalid peer certificate"), "{message}");
    }
    for mode in [VerifyCa, VerifyFull] {
        let message = encrypted(&with(mode, "absent.crt")).unwrap_err();
        assert!(message.contains("absent.crt\" does not exist"), "{message}");
        assert!(encrypted(&of("encrypted", mode)).unwrap_err().contains("needs sslrootcert"));
    }
    let system = ConnectOptions { sslrootcert: Some("system".into()), ..with(VerifyFull, "") };
    assert!(encrypted(&system).is_err());

    // Passwords.
    for user in ["encrypted", "hashed", "clear"] {
        let wrong = ConnectOptions { password: "wrong".into(), ..of(user, Prefer) };
        let error = Connection::connect(&wrong).unwrap_err();
        let expected = format!(
            "connection to server at \"{}\", port 5432 failed: FATAL:  password authentication \
             failed for user \"{user}\"",
            secure.address
        );
        assert_eq!(error.to_string(), expected);
        let diagnostic = error.into_diagnostic();
        assert_eq!(diagnostic.code.as_str(), "GD4001");
        assert!(diagnostic.help.unwrap().contains("`password`"));
    }
    let none = ConnectOptions { password: "".into(), ..of("encrypted", Prefer) };
    assert!(encrypted(&none).unwrap_err().ends_with("no password supplied"));

    let of_program = |command: &str| ConnectOptions {
        password: "".into(),
        password_command: Some(command.to_owned()),
        ..of("encrypted", Prefer)
    };
    assert_eq!(encrypted(&of_program("echo right")), Ok(true));
    assert!(encrypted(&of_program("echo wrong")).unwrap_err().contains("authentication failed"));
    let refused = encrypted(&of_program("echo right; echo no token >&2; exit 1")).unwrap_err();
    assert!(refused.contains("no token") && !refused.contains("right"), "{refused}");
    let project = Project::offline().file(
        "profiles.yml",
        &format!(
            "shop:\n  target: dev\n  outputs:\n    dev: {{type: postgres, host: {}, port: {}, \
             user: encrypted, password_command: \"printf '%s' \\\"$TOKEN\\\"\", dbname: gdbt, \
             schema: public, threads: 1, retries: 0}}\n",
            secure.address, secure.server.port
        ),
    );
    let debug = |token: &str| project.command("debug").env("TOKEN", token).output().unwrap();
    assert!(debug("right").status.success());
    assert!(!debug("wrong").status.success());

    // Client certificates.
    make_certificate(secure.home.path(), secure.home.path(), "client", "certified", None);
    let certified = ConnectOptions {
        sslcert: Some(secure.file("client.crt")),
        sslkey: Some(secure.file("client.key")),
        ..of("certified", Require)
    };
    secure.reload(|data| {
        fs::copy(secure.file("trusted.crt"), data.join("root.crt")).unwrap();
        let settings = data.join("postgresql.conf");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(settings, format!("{text}ssl_ca_file = 'root.crt'\n")).unwrap();
    });
    assert_eq!(encrypted(&certified), Ok(true));
    let message = encrypted(&of("certified", Require)).unwrap_err();
    assert!(message.contains("certificate"), "{message}");
    fs::set_permissions(secure.file("client.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let message = encrypted(&certified).unwrap_err();
    assert!(message.contains("has group or world access"), "{message}");

    // Cancelling goes over TLS too.
    let mut connection = Connection::connect(&with(VerifyFull, "trusted.crt")).unwrap();
    let token = connection.cancel_token();
    let sleeper = std::thread::spawn(move || {
        let error = connection.query("select pg_sleep(60)").unwrap_err();
        (connection, error)
    });
    let mut admin = Connection::connect(&secure.server.connect_options()).unwrap();
    let sleeping = "select count(*) = 1 from pg_stat_activity where state = 'active' and query = \
                    'select pg_sleep(60)'";
    wait_until_true(&mut admin, sleeping);
    token.cancel().unwrap();
    let (mut connection, error) = sleeper.join().unwrap();
    assert_eq!(error.db().unwrap().sqlstate, "57014");

    // Large amounts in both directions.
    let padding = "x".repeat(200_000);
    let sql = format!("select repeat('y', 1000) from generate_series(1, 2000) -- {padding}");
    let statements = ["begin", &sql, &sql, &sql, "commit"];
    assert_eq!(connection.pipeline(&statements).unwrap()[3].last().unwrap().rows.len(), 2000);

    // An idle session over TLS is still good.
    let pool = Pool::new(with(Require, "trusted.crt"));
    let first = pool.get().unwrap().backend_pid();
    assert_eq!(pool.get().unwrap().backend_pid(), first);

    // Names: another address, then the name in CN only.
    let make = |ip: Option<&str>, common: &str| {
        secure.reload(|data| {
            make_certificate(secure.home.path(), data, "server", common, ip);
        });
    };
    make(Some("192.0.2.1"), &secure.address);
    assert_eq!(encrypted(&with(VerifyCa, "trusted.crt")), Ok(true));
    let message = encrypted(&with(VerifyFull, "trusted.crt")).unwrap_err();
    assert!(message.contains("not valid for name"), "{message}");
    make(None, &secure.address);
    assert_eq!(encrypted(&with(VerifyFull, "trusted.crt")), Ok(true));
    make(None, "elsewhere");
    assert!(encrypted(&with(VerifyFull, "trusted.crt")).is_err());

    // A server without TLS.
    secure.reload(|data| {
        let settings = data.join("postgresql.conf");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(settings, format!("{text}\nssl = off\n")).unwrap();
    });
    assert_eq!(encrypted(&of("either", Prefer)), Ok(false));
    let error = Connection::connect(&of("either", Require)).unwrap_err();
    assert!(error.to_string().ends_with("server does not support SSL, but SSL was required"));
    assert!(matches!(error, Error::Connect { cause: ConnectCause::Tls, .. }));
}
