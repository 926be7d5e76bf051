//! A certificate authority of two days, with a server and a client.

use std::path::{Path, PathBuf};
use std::process::Command;

use easgate_cmdlet::CertificatePin;

use super::held::{finish, write};

/// The password of `client.pfx`.
pub(super) const PFX_PASSWORD: &str = "exported";

/// `ca.pem`, `server.pem` and `.key` for `localhost`, `client.pem`, `.key` and `.pfx` for `alice`.
pub(super) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them in `folder`, with the server's signed by `digest`.
    pub(super) fn make(folder: &Path, digest: &str) -> Self {
        let made = Self {
            folder: folder.to_owned(),
        };
        let mut authority = openssl(
            folder,
            "req -x509 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=Peers",
        );
        finish(
            authority
                .args(KEY)
                .args(["-addext", "basicConstraints=critical,CA:TRUE"]),
        );
        made.sign(
            "server",
            "/CN=localhost",
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth",
            digest,
        );
        made.sign(
            "client",
            "/CN=alice",
            "subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@example.test\nextendedKeyUsage=clientAuth",
            "sha256",
        );
        let mut export = openssl(
            folder,
            "pkcs12 -export -inkey client.key -in client.pem -out client.pfx -passout",
        );
        finish(export.arg(format!("pass:{PFX_PASSWORD}")));
        for name in ["server.key", "client.key", "client.pfx"] {
            // Read by servers that have given up their rights.
            finish(Command::new("chmod").arg("644").arg(made.path(name)));
        }
        made
    }

    fn sign(&self, name: &str, subject: &str, extensions: &str, digest: &str) {
        write(
            &self.path("extensions"),
            &format!("{extensions}\nbasicConstraints=CA:FALSE\n"),
        );
        let request = format!("req -nodes -keyout {name}.key -out {name}.csr -subj {subject}");
        finish(openssl(&self.folder, &request).args(KEY));
        let sign = format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -{digest} -out {name}.pem \
             -extfile extensions"
        );
        finish(&mut openssl(&self.folder, &sign));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The certificate in which a client has to trust.
    pub(super) fn authority(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The SHA-256 of the server's certificate.
    pub(super) fn pin(&self) -> CertificatePin {
        let said = finish(&mut openssl(
            &self.folder,
            "x509 -in server.pem -noout -fingerprint -sha256",
        ));
        let digest = said.split_once('=').expect("NAME=DIGEST").1;
        digest.trim().parse().expect("a digest in hexadecimal digits")
    }
}

const KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

fn openssl(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(arguments.split_whitespace());
    command
}
