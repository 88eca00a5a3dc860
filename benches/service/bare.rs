//! A handler of the same framework that answers given bytes: what HTTP alone costs.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, RwLock};

use actix_web::web::{Bytes, Data, to};
use actix_web::{App, HttpResponse, HttpServer};

use crate::Outcome;

/// The server and what it answers.
pub struct Bare {
    pub address: SocketAddr,
    answer: Arc<RwLock<Bytes>>,
    handle: actix_web::dev::ServerHandle,
}

impl Bare {
    /// Starts it in a thread of its own, with as many workers as the service has.
    pub fn start() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let answer = Arc::new(RwLock::new(Bytes::new()));
        let (tell, told) = std::sync::mpsc::channel();
        let state = Data::from(answer.clone());
        std::thread::spawn(move || -> std::io::Result<()> {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(state.clone())
                        .default_service(to(handle))
                })
                .workers(std::thread::available_parallelism().map_or(2, usize::from))
                .disable_signals()
                .listen(listener)?
                .run();
                // The other side waits for it.
                let _ = tell.send(server.handle());
                server.await
            })
        });
        let handle = told.recv()?;
        Ok(Self {
            address,
            answer,
            handle,
        })
    }

    /// From now on it answers this.
    pub fn answer(&self, bytes: &Bytes) -> Outcome<()> {
        *self.answer.write().map_err(|_| "the bare handler broke")? = bytes.clone();
        Ok(())
    }

    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

/// Reads the body, as the service does, and answers.
async fn handle(_body: Bytes, answer: Data<RwLock<Bytes>>) -> HttpResponse {
    let bytes = answer.read().map(|bytes| bytes.clone()).unwrap_or_default();
    HttpResponse::Ok()
        .content_type("application/json")
        .body(bytes)
}
