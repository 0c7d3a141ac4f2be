//! Debian's nginx as a WebDAV store that wants an Authorization header; it ends with its value.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

pub struct Nginx {
    folder: TempDir,
    process: Child,
    port: u16,
}

impl Nginx {
    /// Starts and waits until it answers.
    pub fn start(authorization: &str) -> Self {
        let folder = TempDir::with_prefix("xtask-nginx-").expect("temporary folder");
        // Free at this moment; nothing else on this machine asks for one port in particular.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let root = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = temporary.iter().map(|name| format!("{name}_temp_path {root}/{name};\n")).collect();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {root}/pid;\nerror_log {root}/error.log;\nevents {{}}\nhttp {{\n\
             access_log {root}/access.log;\nclient_max_body_size 0;\n{temporary}\
             server {{\nlisten 127.0.0.1:{port};\nroot {root}/store;\nif ($http_authorization != \"{authorization}\") \
             {{ return 401; }}\nlocation / {{\ndav_methods PUT;\ncreate_full_put_path on;\n}}\n}}\n}}\n"
        );
        fs_err::create_dir_all(folder.path().join("store")).expect("create");
        let file = folder.path().join("nginx.conf");
        fs_err::write(&file, configuration).expect("write");
        let mut command = Command::new("nginx");
        // Not everybody's PATH has the folder in which daemons live.
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        command.env("PATH", path).arg("-p").arg(folder.path()).arg("-c").arg(file).arg("-e").arg("stderr");
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start nginx");
        let mut server = Self { folder, process, port };
        while server.status("").is_none() {
            let ended = server.process.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "nginx ended: {ended:?}; {}", server.log("error.log"));
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The status line of a request; none where nobody answers.
    pub fn status(&self, authorization: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let header =
            if authorization.is_empty() { String::new() } else { format!("Authorization: {authorization}\r\n") };
        write!(stream, "GET /nothing HTTP/1.0\r\n{header}\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.lines().next().map(String::from)
    }

    pub fn log(&self, name: &str) -> String {
        fs_err::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
