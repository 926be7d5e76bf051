//! What stands between a client and a server and counts, and what only gives bytes.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// A relay to one server, for as long as the process lives.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    received: Arc<AtomicU64>,
}

impl Relay {
    /// Starts a relay to `server`.
    ///
    /// # Errors
    /// It cannot listen.
    pub(crate) fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let received = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&received);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that is not served complains itself.
                let _ = join(client, server, &count);
            }
        });
        Ok(Self { address, received })
    }

    /// How many bytes the server has given so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

fn join(client: TcpStream, server: SocketAddr, received: &Arc<AtomicU64>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (up, down) = ((client.try_clone()?, server.try_clone()?), (server, client));
    let count = Arc::clone(received);
    thread::spawn(move || pass(up, None));
    thread::spawn(move || pass(down, Some(&count)));
    Ok(())
}

/// Passes on what comes until it ends.
fn pass((mut from, mut to): (TcpStream, TcpStream), count: Option<&AtomicU64>) {
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(bytes) = from.read(&mut buffer) {
        if bytes == 0 || to.write_all(&buffer[..bytes]).is_err() {
            break;
        }
        if let Some(count) = count {
            count.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
        }
    }
    // The other way may be closed already.
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// Gives `bytes` zeros to every request on one connection, and more connections after it.
///
/// # Errors
/// It cannot listen.
pub(crate) fn zeros(bytes: usize) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").into_bytes();
        answer.resize(answer.len() + bytes, b'0');
        for client in listener.incoming().flatten() {
            let _ = serve(client, &answer);
        }
    });
    Ok(address)
}

fn serve(mut client: TcpStream, answer: &[u8]) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let bytes = client.read(&mut buffer)?;
        if bytes == 0 {
            return Ok(());
        }
        request.extend_from_slice(&buffer[..bytes]);
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            client.write_all(answer)?;
        }
    }
}
