//! A package hub on this machine, for tests of `deps`.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

/// Answers GET requests with fixed contents until the test ends.
pub struct Hub {
    pub url: String,
}

impl Hub {
    /// Serves the contents of `files` by their paths; `{url}` in texts becomes the hub's URL.
    pub fn serve(files: &[(&str, Vec<u8>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let fill = |content: &Vec<u8>| match std::str::from_utf8(content) {
            Ok(text) => text.replace("{url}", &url).into_bytes(),
            Err(_) => content.clone(),
        };
        let files: HashMap<String, Vec<u8>> =
            files.iter().map(|(path, content)| (format!("/{path}"), fill(content))).collect();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &files);
            }
        });
        Self { url }
    }

    /// A hub with one package, `acme/utils`, in these versions.
    pub fn with_versions(versions: &[&str]) -> Self {
        let entry = |version: &&str| {
            format!(
                "\"{version}\": {{\"name\": \"utils\", \"version\": \"{version}\", \"packages\": [], \
                 \"downloads\": {{\"tarball\": \"{{url}}utils-{version}.tar.gz\"}}}}"
            )
        };
        let entries: Vec<String> = versions.iter().map(entry).collect();
        let about = format!("{{\"name\": \"utils\", \"versions\": {{{}}}}}", entries.join(", "))
            .into_bytes();
        let archive = archive(&[
            ("utils-x/dbt_project.yml", "name: utils\nversion: '1.0'\n"),
            ("utils-x/models/from_hub.sql", "select 1 as id"),
        ]);
        let mut files = vec![
            ("api/v1/index.json".to_owned(), b"[\"acme/utils\"]".to_vec()),
            ("api/v1/acme/utils.json".to_owned(), about),
        ];
        files.extend(versions.iter().map(|it| (format!("utils-{it}.tar.gz"), archive.clone())));
        let files: Vec<(&str, Vec<u8>)> =
            files.iter().map(|(path, content)| (path.as_str(), content.clone())).collect();
        Self::serve(&files)
    }
}

/// A `.tar.gz` of text files. Names are written as they are, also hostile ones.
pub fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn answer(mut stream: TcpStream, files: &HashMap<String, Vec<u8>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut request = String::new();
    let _ = reader.read_line(&mut request);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
        line.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match files.get(path) {
        Some(body) => ("200 OK", body.as_slice()),
        None => ("404 Not Found", &b"nothing"[..]),
    };
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
