//! Secrets over HTTP, each serving on the record, beside a constant of the same size behind the same layers.
//!
//! Server and clients share this process and its processors: what the clients cost is the same for both.

use crate::fixture::Fixture;
use crate::report::{Line, median, processor_time};
use crate::{Ratios, Result, history};
use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use strongroom_ledger::Ledger;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 200_000;
const WARM_REQUESTS: usize = 5_000;
/// Workspaces that are asked for in turn: each has credentials and an open window of its own.
const WORKSPACES: usize = 100;
/// Longer than any run.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Other credentials of the ledger in the last line.
const OTHERS: usize = 100_000;

/// Templates with one variable, and with three; then with three in a ledger of many credentials.
pub(crate) fn measure(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    for (variables, others) in [(1, 0), (3, 0), (3, arguments.scale(OTHERS))] {
        print(with_variables(arguments, variables, others)?);
    }
    Ok(())
}

fn with_variables(arguments: &Ratios, variables: usize, others: usize) -> Result<Line> {
    let fixture = Fixture::new(&arguments.dir)?;
    let ledger = fixture.open(WINDOW)?;
    let context = fixture.context(&ledger)?;
    let server = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    server.block_on(history::furnish(&ledger, &context, WORKSPACES, variables))?;
    history::credentials(&ledger, &context, others)?;
    let ours = serve(&server, strongroom_server::router(ledger.clone(), nowhere()))?;
    let requests: Rc<[Vec<u8>]> = (0..WORKSPACES)
        .map(|number| request(number, &fixture.token()))
        .collect();
    // Opens all windows, and shows how large an answer is.
    let first = ask(ours, &requests, WARM_REQUESTS)?;
    let constant = serve(&server, constant(ledger.clone(), vec![b'x'; first.answer_bytes]))?;
    ask(constant, &requests, WARM_REQUESTS)?;
    let head = ledger.view().head;
    let (mut rounds, mut p99, mut processor) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let of_ours = ask(ours, &requests, arguments.scale(REQUESTS))?;
        let of_constant = ask(constant, &requests, arguments.scale(REQUESTS))?;
        assert_eq!(of_ours.answer_bytes, of_constant.answer_bytes);
        rounds.push((of_ours.rate, of_constant.rate));
        p99.push(of_ours.p99_us);
        processor.push((of_ours.processor_us, of_constant.processor_us));
    }
    assert!(ledger.view().head < head + WORKSPACES as u64, "windows stay open");
    drop(server);
    ledger.stop()?;
    let among = match others {
        0 => String::new(),
        others => format!(" among {others} credentials"),
    };
    let name = format!("secret reads over HTTP, {variables} in an answer{among} ÷ constant, same layers");
    let note = format!(
        "{} B, p99 {:.0} µs; {:.1} and {:.1} µs of processor, clients included",
        first.answer_bytes,
        median(p99),
        median(processor.iter().map(|(ours, _)| *ours)),
        median(processor.iter().map(|(_, constant)| *constant)),
    );
    Ok(Line::of_rates(&name, &rounds, 0.5, "requests/s", note))
}

/// The constant, with the headers of an answer that holds secrets.
fn constant(ledger: Ledger, body: Vec<u8>) -> Router {
    let body = Bytes::from(body);
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    let answer = move || async move { (headers, body) };
    strongroom_server::layered(Router::new().route("/api/v1/resolve", post(answer)), ledger, nowhere())
}

/// Serves as the program does, on a free port.
fn serve(runtime: &Runtime, router: Router) -> Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    runtime.spawn(async move { axum::serve(listener, service).await });
    Ok(address)
}

fn request(number: usize, token: &str) -> Vec<u8> {
    let asked = history::request(number);
    let body = serde_json::json!({"workspace": asked.workspace, "template": asked.template}).to_string();
    format!(
        "POST /api/v1/resolve HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

struct Asked {
    rate: f64,
    p99_us: f64,
    /// Of server and clients, for one request.
    processor_us: f64,
    /// Of the last answer, without its headers.
    answer_bytes: usize,
}

#[derive(Default)]
struct Progress {
    sent: usize,
    latencies_us: Vec<f64>,
    answer_bytes: usize,
    failed: Option<String>,
}

/// Has all connections, on one thread, send `count` requests; each waits for its answer before the next.
fn ask(server: SocketAddr, requests: &Rc<[Vec<u8>]>, count: usize) -> Result<Asked> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let clients = LocalSet::new();
    let progress = Rc::new(RefCell::new(Progress::default()));
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = runtime.block_on(TcpStream::connect(server))?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    for stream in streams {
        let (requests, progress) = (Rc::clone(requests), Rc::clone(&progress));
        clients.spawn_local(async move {
            if let Err(error) = connection(stream, &requests, count, &progress).await {
                progress.borrow_mut().failed = Some(error.to_string());
            }
        });
    }
    let (begun, before) = (Instant::now(), processor_time()?);
    runtime.block_on(clients);
    let (took, processor) = (begun.elapsed(), processor_time()?.saturating_sub(before));
    let mut progress = std::mem::take(&mut *progress.borrow_mut());
    if let Some(failed) = progress.failed {
        return Err(failed.into());
    }
    progress.latencies_us.sort_by(f64::total_cmp);
    Ok(Asked {
        rate: count as f64 / took.as_secs_f64(),
        p99_us: progress.latencies_us.get(count * 99 / 100).copied().unwrap_or_default(),
        processor_us: processor.as_secs_f64() * 1e6 / count as f64,
        answer_bytes: progress.answer_bytes,
    })
}

async fn connection(
    mut stream: TcpStream,
    requests: &[Vec<u8>],
    count: usize,
    progress: &RefCell<Progress>,
) -> Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let number = {
            let mut progress = progress.borrow_mut();
            progress.sent += 1;
            progress.sent - 1
        };
        if number >= count {
            return Ok(());
        }
        let begun = Instant::now();
        stream.write_all(&requests[number % requests.len()]).await?;
        let answer_bytes = answer(&mut stream, &mut buffer).await?;
        let mut progress = progress.borrow_mut();
        progress.latencies_us.push(begun.elapsed().as_secs_f64() * 1e6);
        progress.answer_bytes = answer_bytes;
    }
}

/// Reads one answer, which must be 200 and say its length; gives the length of its body.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err("the server closed the connection".into());
        }
        filled += read;
        let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&buffer[..end])?;
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(String::from_utf8_lossy(&buffer[..filled]).into());
        }
        let length = head
            .split("\r\n")
            .find_map(|line| line.strip_prefix("content-length: "))
            .ok_or("an answer without length")?
            .parse::<usize>()?;
        if filled >= end + 4 + length {
            return Ok(length);
        }
    }
}

/// What asks nobody.
fn nowhere() -> strongroom_server::Outgoing {
    strongroom_server::Outgoing::new(strongroom_server::Reach::default())
        .expect("a client without certificates of its own")
}
