//! The way into one server: it can be shut so that everybody inside is cut off, and opened again.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::http;
use super::service::Service;

/// One server of the organisation, up or down.
pub(super) struct Server {
    pub(super) service: Arc<Service>,
    pub(super) address: SocketAddr,
    up: Mutex<Option<Up>>,
}

/// What of a server is there only while it is up.
struct Up {
    /// Ends listening; who is inside is answered first.
    closing: CancellationToken,
    /// Cuts every connection off.
    cut: CancellationToken,
    tasks: JoinSet<io::Result<()>>,
}

impl Server {
    pub(super) fn up(service: Arc<Service>, listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let up = Mutex::new(Some(Up::on(&service, listener)));
        Ok(Self { service, address, up })
    }

    /// Answers who is inside, and stops listening.
    pub(super) async fn close(&self) -> io::Result<()> {
        match self.up.lock().await.take() {
            Some(up) => {
                self.service.close();
                up.end().await
            }
            None => Ok(()),
        }
    }

    /// Stops at once, as by loss of power: connections break, and shells are gone.
    pub(super) async fn take_down(&self) -> io::Result<()> {
        match self.up.lock().await.take() {
            Some(up) => {
                up.cut.cancel();
                self.service.close();
                up.end().await
            }
            None => Ok(()),
        }
    }

    /// Listens again at the same address.
    pub(super) async fn bring_back(&self) -> io::Result<()> {
        let mut up = self.up.lock().await;
        if up.is_none() {
            *up = Some(Up::on(&self.service, TcpListener::bind(self.address).await?));
        }
        Ok(())
    }
}

impl Up {
    fn on(service: &Arc<Service>, listener: TcpListener) -> Self {
        let (closing, cut) = (CancellationToken::new(), CancellationToken::new());
        let door = Door {
            listener,
            cut: cut.clone(),
        };
        let router = http::router(Arc::clone(service));
        let closed = closing.clone().cancelled_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(door, router).with_graceful_shutdown(closed).await });
        Self { closing, cut, tasks }
    }

    async fn end(mut self) -> io::Result<()> {
        self.closing.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(())
    }
}

/// A listener whose connections break when the server goes down.
struct Door {
    listener: TcpListener,
    cut: CancellationToken,
}

impl Listener for Door {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        let cut = Box::pin(self.cut.clone().cancelled_owned());
        (Visitor { stream, cut }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that breaks when its server goes down.
struct Visitor {
    stream: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Visitor {
    /// The stream, as long as the server is up; whoever waits for it is woken when it goes down.
    fn stream(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionReset.into()),
            Poll::Pending => Ok(Pin::new(&mut self.stream)),
        }
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream(context)?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_shutdown(context)
    }
}

/// Listens at `first` and, with the same port, at the addresses of loopback that follow it.
pub(super) async fn listen(first: SocketAddr, servers: usize) -> io::Result<Vec<TcpListener>> {
    if !first.ip().is_loopback() {
        return Err(io::Error::other(
            "a simulated organisation listens on loopback only",
        ));
    }
    // Where any port will do, one that is free at every address may take some trials.
    let mut trials = if first.port() == 0 && servers > 1 { 32 } else { 1 };
    loop {
        trials -= 1;
        match listen_once(first, servers).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && trials > 0 => {}
            done => return done,
        }
    }
}

async fn listen_once(first: SocketAddr, servers: usize) -> io::Result<Vec<TcpListener>> {
    let mut listeners = vec![TcpListener::bind(first).await?];
    let mut address = listeners[0].local_addr()?;
    for _ in 1..servers {
        address.set_ip(next(address.ip()).ok_or_else(|| {
            io::Error::other("several servers need addresses of 127.0.0.0/8, one after the other")
        })?);
        listeners.push(TcpListener::bind(address).await?);
    }
    Ok(listeners)
}

/// The next address of loopback.
fn next(address: std::net::IpAddr) -> Option<std::net::IpAddr> {
    let std::net::IpAddr::V4(address) = address else {
        return None;
    };
    let next = std::net::Ipv4Addr::from_bits(address.to_bits().checked_add(1)?);
    next.is_loopback().then_some(next.into())
}
