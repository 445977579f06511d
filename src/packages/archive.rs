//! Unpacking archives that others made.

use flate2::read::GzDecoder;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// The most that an archive may unpack to.
const LARGEST_CONTENT: u64 = 1 << 30;
/// The most entries that an archive may have.
const MOST_ENTRIES: usize = 200_000;

/// What was unpacked.
#[derive(Debug)]
pub(super) struct Unpacked {
    /// The only folder at the top of the archive.
    pub(super) folder: PathBuf,
    /// How many links were left out.
    pub(super) links: usize,
}

/// Unpacks a `.tar.gz` into a new folder: regular files and folders only. Links are left
/// out, names that lead elsewhere and archives that are too large are refused.
///
/// # Errors
/// What is wrong with the archive.
pub(super) fn unpack(archive: &Path, into: &Path) -> Result<Unpacked, String> {
    let file = File::open(archive).map_err(|error| error.to_string())?;
    fs::create_dir_all(into).map_err(|error| error.to_string())?;
    let limited = GzDecoder::new(io::BufReader::new(file)).take(LARGEST_CONTENT);
    let links = unpack_entries(limited, into).map_err(|error| error.to_string())?;
    let folders: Vec<PathBuf> = fs::read_dir(into)
        .map_err(|error| error.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    match folders.as_slice() {
        [folder] if folder.is_dir() => Ok(Unpacked { folder: folder.clone(), links }),
        _ => Err("it must hold one folder and nothing beside it".to_owned()),
    }
}

fn unpack_entries(content: impl Read, into: &Path) -> io::Result<usize> {
    let refuse = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut links = 0;
    for (count, entry) in tar::Archive::new(content).entries()?.enumerate() {
        let mut entry = entry?;
        if count >= MOST_ENTRIES {
            return Err(refuse("it has too many files"));
        }
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            links += 1;
            continue;
        }
        let path = below(&entry.path()?).ok_or_else(|| refuse("a file lies outside of it"))?;
        let target = into.join(path);
        match kind {
            tar::EntryType::Directory => fs::create_dir_all(&target)?,
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent)?;
                }
                let size = entry.size();
                let written = io::copy(&mut entry, &mut File::create(&target)?)?;
                if written != size {
                    return Err(refuse("it is too large, or cut off"));
                }
            }
            // Headers that only describe others.
            tar::EntryType::XGlobalHeader | tar::EntryType::XHeader => {}
            _ => return Err(refuse("it holds something other than files")),
        }
    }
    Ok(links)
}

/// The path without `.`, if it stays below where it starts.
fn below(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => plain.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!plain.as_os_str().is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn entry(path: &str, kind: tar::EntryType, link: Option<&str>) -> (tar::Header, Vec<u8>) {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        if let Some(link) = link {
            header.set_link_name(link).unwrap();
        }
        let content = if kind == tar::EntryType::Regular { b"x".to_vec() } else { Vec::new() };
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(kind);
        header.set_cksum();
        (header, content)
    }

    fn archive(folder: &Path, entries: &[(&str, tar::EntryType, Option<&str>)]) -> PathBuf {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, kind, link) in entries {
            let (header, content) = entry(path, *kind, *link);
            builder.append(&header, &content[..]).unwrap();
        }
        let path = folder.join("a.tar.gz");
        let mut gz = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
        gz.write_all(&builder.into_inner().unwrap()).unwrap();
        gz.finish().unwrap();
        path
    }

    #[test]
    fn nothing_is_written_outside() {
        use tar::EntryType::{Block, Directory, Regular, Symlink};
        for hostile in [
            &[("../evil", Regular, None)][..],
            &[("pkg/../../evil", Regular, None)],
            &[("/tmp/gdbt-evil", Regular, None)],
            &[("pkg", Symlink, Some("/tmp")), ("pkg/../../evil", Regular, None)],
            &[("pkg/dev", Block, None)],
            &[("a", Directory, None), ("b", Directory, None)],
        ] {
            let home = tempfile::tempdir().unwrap();
            let path = archive(home.path(), hostile);
            let into = home.path().join("deep/inside");
            assert!(unpack(&path, &into).is_err(), "{hostile:?}");
            assert!(!home.path().join("evil").exists() && !home.path().join("deep/evil").exists());
        }
    }

    #[test]
    fn links_are_left_out_and_cannot_lead_files_elsewhere() {
        use tar::EntryType::{Link, Regular, Symlink};
        let home = tempfile::tempdir().unwrap();
        let path = archive(
            home.path(),
            &[
                ("pkg/a.sql", Regular, None),
                ("pkg/out", Symlink, Some("..")),
                ("pkg/hard", Link, Some("/etc/passwd")),
                ("pkg/out/b.sql", Regular, None),
            ],
        );
        let into = home.path().join("into");
        let unpacked = unpack(&path, &into).unwrap();
        assert_eq!(unpacked.links, 2);
        assert!(into.join("pkg/out/b.sql").is_file());
        assert!(!into.join("pkg/hard").exists());
    }

    #[test]
    fn what_is_no_archive_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x");
        fs::write(&path, "not gzip").unwrap();
        assert!(unpack(&path, &home.path().join("into")).is_err());
    }
}
